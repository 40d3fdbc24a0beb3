"""A room of which nobody would know how much its tests notice: it is not listed, or its tests are gone."""

import pytest

from common.paths import CHECKOUT
from tests.mutation.rooms import ROOMS, Room, room_named, room_of

BESIDE = {"devtools"}  # run by whoever changes them, and compared with what is committed


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_modules_and_its_tests_are_there(room: Room) -> None:
    assert list(room.modules())
    for test in (*room.tests, *room.left_out):
        file, _, name = test.partition("::")
        assert (CHECKOUT / file).exists(), test
        assert not name or f"def {name}(" in (CHECKOUT / file).read_text(), test


def test_each_part_of_the_program_is_in_a_room() -> None:
    from devtools import ROOMS as PARTS  # noqa: PLC0415 - the same word for what import contracts call so

    for part in set(PARTS) - BESIDE:
        for file in (CHECKOUT / part).rglob("*.py"):
            assert file.is_relative_to(room_of(file).directory)


def test_a_file_is_in_the_smallest_room_that_has_it() -> None:
    assert room_of(CHECKOUT / "automation" / "preview" / "changes.py") == room_named("automation/preview/")
    assert room_of(CHECKOUT / "automation" / "doctor.py") == room_named("automation")
    with pytest.raises(ValueError, match="no room"):
        room_named("nowhere")
    with pytest.raises(ValueError, match="in no room"):
        room_of(CHECKOUT / "tests" / "conftest.py")
