"""The real engine on stand-in clouds that are empty at first."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.control_plane import ControlPlane, all_control_planes
from rehearsal.providers.clouds.faults import FILE
from rehearsal.providers.clouds.store import DIRECTORY_VARIABLE, Resource, Store
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

    def changes(self) -> str:
        """What a preview says."""
        return self.engine.must("preview", "--diff")

    def only(self, type_: str) -> Resource:
        """The one resource of a type that there is."""
        (resource,) = self.store.all(type_)
        return resource

    def edit(self, resource: Resource, **properties: Any) -> None:
        """Change a resource behind the engine's back, as somebody in the cloud's console would."""
        inputs, outputs = ({**side, **properties} for side in (resource.inputs, resource.outputs))
        self.store.put(replace(resource, inputs=inputs, outputs=outputs))


@pytest.fixture(scope="package")
def make_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cloud]]:
    """A maker of empty clouds; the API servers of their clusters are stopped in the end."""
    made: list[Cloud] = []

    def make() -> Cloud:
        root = tmp_path_factory.mktemp("cloud")
        engine = make_engine(root)
        engine.environment.update({DIRECTORY_VARIABLE: str(root), "XDG_STATE_HOME": str(root)})
        made.append(Cloud(engine, root))
        return made[-1]

    yield make
    before = os.environ["XDG_STATE_HOME"]
    for cloud in made:
        os.environ["XDG_STATE_HOME"] = str(cloud.directory)
        for name in all_control_planes():
            ControlPlane(name).delete()
    os.environ["XDG_STATE_HOME"] = before


@pytest.fixture
def cloud(make_cloud: Callable[[], Cloud]) -> Cloud:
    """An empty cloud."""
    return make_cloud()
