"""Playing a case to its end: what is disturbed, the rerun, and what then has to be there."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tests.chaos import damages, pairs, verdict
from tests.chaos.cases import DAMAGES, KILLS, REHEARSE, Case
from tests.chaos.kills import disturb
from tests.chaos.verdict import Undisturbed
from tests.chaos.world import ABSENT, COMMANDS, REHEARSAL, UP, World

_DAMAGED: Final = 5
"""The exit code with which a damaged state is named."""


@dataclass(frozen=True)
class Result:
    """How a case went: what was struck, why it did not converge (nothing if it did), how long it took (seconds)."""

    case: Case
    struck: str
    problems: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return asdict(self.case) | {"struck": self.struck, "problems": self.problems, "seconds": self.seconds}


def play(world: World, case: Case, lengths: Mapping[str, int], undisturbed: Undisturbed) -> Result:
    """Play a case; a world in which something is wrong afterwards is made anew for the next one."""
    began = time.monotonic()
    family = {KILLS: _kill, DAMAGES: _damage}.get(case.family, _pair)
    trial = family(world, case, lengths, undisturbed)
    struck = next(trial)
    problems = tuple(trial)
    if problems:
        world.leave(None)
    return Result(case, struck, problems, round(time.monotonic() - began, 1))


def _kill(world: World, case: Case, lengths: Mapping[str, int], undisturbed: Undisturbed) -> Iterator[str]:
    """What was struck comes first, then what is wrong."""
    if case.command == REHEARSE:
        yield from _kill_rehearsal(world, case, lengths)
        return
    command = COMMANDS[case.command]
    world.bring_to(command.before)
    if command.after != ABSENT:
        world.write(command.after)
    world.leave(None)
    yield disturb(world, case, lengths)
    yield from _converges(world, ("up",) if command.plain else command.words, command.after, undisturbed)


def _kill_rehearsal(world: World, case: Case, lengths: Mapping[str, int]) -> Iterator[str]:
    yield disturb(world, case, lengths)
    code, said = world.run(*REHEARSAL, cwd=world.directory(REHEARSE))
    if code:
        yield f"the rerun ended with {code}: {said}"
    yield from verdict.rehearsals(world)


def _pair(world: World, case: Case, lengths: Mapping[str, int], undisturbed: Undisturbed) -> Iterator[str]:
    world.bring_to(UP)
    world.leave(None)
    yield "both"
    yield from pairs.at_once(world, case, lengths)
    world.write(UP)
    yield from _converges(world, ("up",), UP, undisturbed)


def _damage(world: World, case: Case, _: Mapping[str, int], undisturbed: Undisturbed) -> Iterator[str]:
    world.bring_to(UP)
    world.leave(None)
    yield damages.damage(world, case)
    code, said = world.run("up")
    if code == _DAMAGED and "PK410" in said:
        code, said = world.run("recover")
        code, said = (code, said) if code else world.run("up")
    if code:
        yield f"the rerun ended with {code}: {said}"
    yield from _judged(world, UP, undisturbed)


def _converges(world: World, words: tuple[str, ...], there: str, undisturbed: Undisturbed) -> Iterator[str]:
    code, said = world.run(*words)
    if code:
        yield f"the rerun ended with {code}: {said}"
    yield from _judged(world, there, undisturbed)


def _judged(world: World, there: str, undisturbed: Undisturbed) -> Iterator[str]:
    found = list(verdict.problems(world, there, undisturbed))
    if not found:
        world.leave(there)
    yield from found
