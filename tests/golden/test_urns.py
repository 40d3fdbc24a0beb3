"""A resource of an example stack that is renamed unawares: the engine would delete it and make another one."""

from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.golden import URNS_MEAN, Golden, urns
from tests.support.stack import dev_spec, make_stack


def test_the_urns_of_dev_are_the_expected_ones(control_plane: ControlPlane, tmp_path: Path, golden: Golden) -> None:
    stack = make_stack(tmp_path)
    stack.write(dev_spec(control_plane.name))
    golden.check("dev.urns", urns(stack.preview(), {control_plane.name: "dev"}), URNS_MEAN)


def test_a_rename_is_shown_with_both_names_and_the_way_to_accept_it(tmp_path: Path) -> None:
    golden = Golden(accept=False, directory=_directory(tmp_path))
    with pytest.raises(AssertionError, match=r"\n-urn::old\n\+urn::new\n(.|\n)*--accept"):
        golden.check("a.urns", ["urn::same", "urn::new"])
    golden.check("a.urns", ["urn::same", "urn::old"])


def test_accepting_writes_what_is_expected_from_then_on(tmp_path: Path) -> None:
    directory = _directory(tmp_path)
    Golden(accept=True, directory=directory).check("a.urns", ["urn::new"])
    Golden(accept=False, directory=directory).check("a.urns", ["urn::new"])


def _directory(path: Path) -> Path:
    (path / "a.urns").write_text("urn::old\nurn::same\n")
    return path
