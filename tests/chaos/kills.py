"""A command that is killed, or whose disk fails, in the middle."""

import os
import signal
import subprocess
from collections.abc import Mapping

from common.paths import CHECKOUT
from tests.chaos import traps
from tests.chaos.cases import DISK, REHEARSE, Case
from tests.chaos.disk import Disk
from tests.chaos.moments import Moments
from tests.chaos.victims import strike
from tests.chaos.world import ABSENT, COMMANDS, PATIENCE, REHEARSAL, World


def disturb(world: World, case: Case, lengths: Mapping[str, int]) -> str:
    """Run the command of a case, and strike; what was struck comes back, or nothing when the run was over before.

    `lengths` are the moments, and the writes of the state, of undisturbed runs.
    """
    if case.what in DISK:
        disk = Disk(world.backend, case.what, int(case.moment * lengths[f"{case.command} writes"]))
        world.wait(_held(world, case.command, disk))
        return f"write {disk.at}" if disk.struck else ""
    at = int(case.moment * lengths[case.command])
    process = world.start(_words(world, case.command), "run", world.directory(case.command))
    try:
        struck = Moments(process, world.root).watch(
            lambda count: count >= at and strike(case.what, process.pid, world.root), PATIENCE
        )
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        struck = False
    world.wait(process)
    return f"moment {at}" if struck else ""


def measure(world: World, command: str) -> dict[str, int]:
    """Run a command undisturbed; its length in moments, and in writes of the state, come back."""
    counts = [0]
    disk = Disk(world.backend)

    def look(count: int) -> bool:
        counts[0] = count
        return False

    process = world.start(REHEARSAL, "run", CHECKOUT) if command == REHEARSE else _held(world, command, disk)
    Moments(process, world.root).watch(look, PATIENCE)
    assert process.wait() == 0, world.said("run")
    return {command: counts[0], f"{command} writes": disk.writes}


def _held(world: World, command: str, disk: Disk) -> subprocess.Popen[bytes]:
    """Start a command with a disk that is ours; the control plane has one that never fails."""
    if COMMANDS[command].after != ABSENT:
        world.start_control_plane()
    with world.output("run").open("wb") as output:
        return traps.start(
            world.command(*_words(world, command)),
            disk.decide,
            output,
            cwd=world.cli.directory,
            env=world.cli.environment,
        )


def _words(world: World, command: str) -> list[str]:
    if command == REHEARSE:
        return list(REHEARSAL)
    words = list(COMMANDS[command].words)
    if not COMMANDS[command].plain:
        return words
    log = world.state / "polykube" / "runs" / "dev" / "plain" / "events.json"
    log.parent.mkdir(parents=True, exist_ok=True)
    return [*words, "--event-log", str(log)]
