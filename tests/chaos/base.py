"""What cases are measured by: runs that nobody disturbs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from common.files import write_atomically
from common.progress import step
from tests.chaos import objects
from tests.chaos.cases import REHEARSE
from tests.chaos.kills import measure
from tests.chaos.objects import Values
from tests.chaos.verdict import Undisturbed, state_file
from tests.chaos.world import ABSENT, COMMANDS, World

_LIVES = 2  # what these do not share is of each run its own


@dataclass(frozen=True)
class Base:
    """How long each command is, in moments and writes; and what undisturbed runs end with."""

    lengths: Mapping[str, int]
    undisturbed: Undisturbed

    @classmethod
    def kept(cls, file: Path) -> "Base | None":
        """What was found before, if it was kept in `file`."""
        if not file.exists():
            return None
        content = json.loads(file.read_text())
        return cls(content["lengths"], Undisturbed(content["cluster"], content["state"]))

    def keep(self, file: Path) -> None:
        """Write it to `file`."""
        write_atomically(file, json.dumps({"lengths": self.lengths, **asdict(self.undisturbed)}))

    @classmethod
    def found(cls, world: World) -> "Base":
        """Go through two lives undisturbed, and through a rehearsal."""
        lengths: dict[str, int] = {}
        clusters: dict[str, list[Values]] = {}
        states: dict[str, list[Values]] = {}
        for life in range(_LIVES):
            with step(f"life {life + 1} that nobody disturbs", 60):
                for name, command in COMMANDS.items():
                    lengths |= _lived(world, name)
                    states.setdefault(command.after, []).append(objects.of_state(state_file(world)))
                    if command.after != ABSENT:
                        clusters.setdefault(command.after, []).append(objects.settled(world.kubeconfig))
        with step("a rehearsal that nobody disturbs", 60):
            lengths |= measure(world, REHEARSE)
        shared = {there: objects.shared(samples) for there, samples in clusters.items()}
        return cls(lengths, Undisturbed(shared, {there: objects.shared(each) for there, each in states.items()}))


def _lived(world: World, name: str) -> dict[str, int]:
    command = COMMANDS[name]
    if command.after != ABSENT:
        world.write(command.after)
    lengths = measure(world, name)
    world.leave(command.after)
    return lengths
