"""A stand-in that is of another version than the bundle, or made by hand, or takes the place of a rendering."""

import pytest

from automation.bundles import render
from common.errors import ToolchainError
from components.addons.bundles import load, read_bundles
from tests.bundles.stand_ins import DIRECTORY, STAND_INS, file_of, head_of, stand_in_of
from tests.support import needs

REMEDY = "run `python -m tests.bundles`"


def test_each_bundle_has_one_and_there_is_no_other() -> None:
    assert {file.stem for file in DIRECTORY.iterdir()} == set(STAND_INS)


@pytest.mark.parametrize("name", STAND_INS)
def test_it_is_of_the_rendering_that_the_lock_accepts(name: str) -> None:
    assert file_of(name).read_text(encoding="utf-8").startswith(head_of(read_bundles()[name])), REMEDY


@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize("name", STAND_INS)
def test_it_is_what_is_made_of_the_rendering(name: str) -> None:
    bundle = read_bundles()[name]
    rendering = bundle.usable()
    assert rendering
    assert file_of(name).read_text(encoding="utf-8") == stand_in_of(bundle, rendering), REMEDY


@pytest.mark.parametrize("name", STAND_INS)
def test_it_is_loaded_as_a_rendering_is(name: str) -> None:
    with needs.stand_ins():
        objects = load(name)
    assert objects
    assert all(each["metadata"]["name"] for each in objects)


@pytest.mark.parametrize("name", read_bundles())
def test_each_bundle_is_rendered_as_it_was_accepted(name: str) -> None:
    bundle = read_bundles()[name]
    try:
        assert bundle.accepts(render(bundle))
    except ToolchainError:
        if not bundle.stand_in:
            raise
        pytest.skip(f"{bundle.module} is out of reach here")
