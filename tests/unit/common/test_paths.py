"""Things kept where nobody looks for them, or no place to keep them and no word about it."""

from pathlib import Path

import pytest

from common.errors import ToolchainError
from common.paths import cache_dir, state_dir


def test_the_user_chooses_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert (cache_dir(), state_dir()) == (tmp_path / "cache" / "polykube", tmp_path / "state" / "polykube")
    assert state_dir().stat().st_mode & 0o777 == 0o700, "state is for its owner alone"


@pytest.mark.parametrize("chosen", ["", "relative/path"])
def test_an_empty_or_relative_choice_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    assert cache_dir() == tmp_path / ".cache" / "polykube"


def test_without_a_home_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    with pytest.raises(ToolchainError, match=r"PK204(.|\n)*export HOME"):
        cache_dir()
