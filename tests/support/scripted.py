"""A project with a stack, and a script that plays the engine on it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import yaml

from automation.engine import Engine
from rehearsal.toolchain import Tool
from tests.support.cli import one_tenant
from tests.support.programs import program

_SCRIPT: Final = """
for log in "$@"; do :; done
here='{here}'
case " $* " in
*" stack export "*) cat "$here/state" ;;
*" stack history "*) cat "$here/history" ;;
*" preview "*) cp "$here/preview" "$log"; . "$here/after-preview" ;;
*) cp "$here/events" "$log"; . "$here/after" ;;
esac
"""


@dataclass(frozen=True)
class Played:
    """A project with a stack `dev`, and a script in `directory` that plays the engine on it."""

    directory: Path

    @property
    def project(self) -> Path:
        """Where the project is."""
        return self.directory / "project"

    def tell(self, file: str, events: list[dict[str, Any]], then: str = "exit 0") -> None:
        """What the engine tells of a preview (`preview`) or of all else (`events`), and how it ends."""
        (self.directory / file).write_text("".join(f"{json.dumps(event)}\n" for event in events))
        (self.directory / file.replace("events", "after").replace("preview", "after-preview")).write_text(f"{then}\n")

    def state(self, **resources: str) -> None:
        """What is in the state."""
        deployment = {"manifest": {"time": "now"}, "resources": [{"urn": each} for each in resources.values()]}
        (self.directory / "state").write_text(json.dumps({"deployment": deployment}))

    def engine(self) -> Engine:
        """The engine."""
        script = program(self.directory / "pulumi", _SCRIPT.format(here=self.directory))
        return Engine(Tool("pulumi", script, "0", "a test"), f"test-{self.directory.name}", {}, self.project)


class Equipped:
    """What an engine that is played runs with: nothing."""

    tools: Final[dict[str, Tool]] = {}


def play(directory: Path, patch: pytest.MonkeyPatch, *modules: ModuleType) -> Played:
    """An engine with which `modules` run, in place of one that is made ready; its project has the stack `dev`."""
    it = Played(directory)
    it.project.mkdir()
    config = {f"polykube:{key}": value for key, value in one_tenant("dev").items()}
    (it.project / "Pulumi.yaml").write_text("name: polykube\nruntime: python\n")
    (it.project / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    it.state(a="urn:a")
    stand_in(it, patch, *modules)
    return it


def stand_in(it: Played, patch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Have `modules` run with an engine that is played already, perhaps by another process."""

    @contextmanager
    def ready(*_: object) -> Iterator[Engine]:
        yield it.engine()

    for module in modules:
        patch.setattr(module, "ready", ready)
        patch.setattr(module, "equip", lambda *_: Equipped())
