"""Two commands on one stack at the same time."""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.chaos.cases import Case
from tests.chaos.moments import Moments
from tests.chaos.world import CHANGED, PATIENCE, World

_BUSY: Final = 7


def at_once(world: World, case: Case, lengths: Mapping[str, int]) -> Iterator[str]:
    """Run the second command while the first is at its moment.

    What is wrong comes back: each has to succeed, or to say that the other is at it, and one at least has to succeed.
    """
    first, second = case.command, case.what
    if first == "change":
        world.write(CHANGED)
    at = int(case.moment * lengths["again"])
    before = world.start(_words(first), "first")
    Moments(before, world.root).watch(lambda count: count >= at, PATIENCE)
    after = world.start(_words(second), "second")
    codes = {"first": world.wait(before), "second": world.wait(after)}
    for name, code in codes.items():
        said = world.said(name)
        locked = "currently locked" in said and second.startswith("pulumi")
        if code and code != _BUSY and not locked:
            yield f"the {name} ended with {code}: {said}"
    if all(codes.values()):
        yield f"neither succeeded: {codes}"


def _words(command: str) -> list[str]:
    if command == "change":
        return ["up"]
    return command.split() + (["--yes", "--skip-preview", "--stack", "dev"] if command.startswith("pulumi") else [])
