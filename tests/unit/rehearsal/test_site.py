"""A rehearsal that is swept away by another one that begins or ends at the same time.

What stands at each moment is what another rehearsal's sweep finds, so it is held at the moments where it matters.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest

from rehearsal import site as module
from rehearsal.site import Site, end_kept, new_site, sweep


@pytest.fixture(autouse=True)
def rehearsals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of all rehearsals; nothing is in it but what was kept, whatever happens in a test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    directory = tmp_path / "polykube" / "rehearsals"
    yield directory
    assert {path.name for path in directory.iterdir()} == set()


def sweep_as_another(root: Path) -> None:
    """What a rehearsal that begins now does first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root))
        sweep()


def test_a_site_is_not_swept_away_while_it_is_made_used_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = []

    def sweep_now(directory: Path) -> None:
        sweep_as_another(tmp_path)
        swept.append(directory.is_dir())

    def make_then_sweep(site: Site) -> None:
        furnish(site)
        sweep_now(site.directory)

    def sweep_then_remove(directory: Path) -> None:
        sweep_as_another(tmp_path)
        swept.append(directory.is_dir())
        remove(directory)

    remove, furnish = shutil.rmtree, module._furnish
    monkeypatch.setattr(module, "_furnish", make_then_sweep)
    monkeypatch.setattr(shutil, "rmtree", sweep_then_remove)
    with new_site("dev") as site:
        sweep_now(site.project)
    assert swept == [True, True, True]
    assert not site.directory.exists()


def test_what_a_killed_rehearsal_left_is_swept_away(rehearsals: Path) -> None:
    (rehearsals / "dev-abc123" / "home").mkdir(parents=True)
    sweep()


def test_what_is_kept_stays_until_it_is_ended() -> None:
    with new_site("dev") as site:
        site.keep()
    sweep()
    assert site.directory.is_dir()
    assert end_kept("eks-dev") == []
    assert end_kept("dev") == [site.name]


def test_a_site_that_cannot_be_made_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise OSError("no authorities")

    monkeypatch.setattr(certifi, "where", fail)
    with pytest.raises(OSError, match="no authorities"), new_site("dev"):
        pass


def test_a_site_that_was_removed_meanwhile_is_no_mistake(rehearsals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_all", lambda: [Site(rehearsals / "dev-000000")])
    sweep()
