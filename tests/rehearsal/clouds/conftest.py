"""The real engine on stand-in clouds that are empty at first."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.paths import REHEARSAL
from rehearsal.providers.clouds.faults import FILE
from rehearsal.providers.clouds.store import Resource, Store
from tests.support.engine import Engine, make_engine


@dataclass(frozen=True)
class Cloud:
    """An engine, and the clouds that its programs make resources in."""

    engine: Engine
    directory: Path

    @property
    def store(self) -> Store:
        """What exists."""
        return Store(self.directory)

    def write_faults(self, *faults: dict[str, Any]) -> None:
        """Have these faults strike, and no others."""
        (self.directory / FILE).write_text(yaml.safe_dump(list(faults)))

    def up(self, *arguments: str) -> str:
        """`pulumi up`, which has to succeed."""
        return self.engine.must("up", "--yes", "--skip-preview", *arguments)

    def failing_up(self) -> str:
        """`pulumi up`, which has to fail; what it says comes back."""
        done = self.engine.run("up", "--yes", "--skip-preview")
        assert done.returncode != 0, done.stdout
        assert "defect" not in done.stdout, done.stdout
        return done.stdout

    def only(self, type_: str) -> Resource:
        """The one resource of a type that there is."""
        (resource,) = self.store.all(type_)
        return resource

    def edit(self, resource: Resource, **properties: Any) -> None:
        """Change a resource behind the engine's back, as somebody in the cloud's console would."""
        inputs, outputs = ({**side, **properties} for side in (resource.inputs, resource.outputs))
        self.store.put(replace(resource, inputs=inputs, outputs=outputs))


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """An empty cloud."""
    engine = make_engine(tmp_path)
    engine.environment.update({REHEARSAL: str(tmp_path)})
    return Cloud(engine, tmp_path)
