"""A stack's life on a stand-in cloud, step by step, with what others do there in between."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from automation.project import Project
from automation.rehearsal_report import RehearsalReport
from automation.rehearse import Rehearsal, parse_steps, prepare
from common.errors import PolykubeError
from common.paths import CHECKOUT
from rehearsal.control_plane import ControlPlane
from rehearsal.providers.clouds.faults import FILE
from rehearsal.providers.clouds.store import LoggedOperation, Resource, Store
from rehearsal.site import new_site
from tests.support.api import Api

CANARY: Final = "a-word-that-is-a-secret"
_SECRET: Final = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "canary"}, "stringData": {"word": CANARY}}


@dataclass(frozen=True)
class Life:
    """A rehearsal of `stack` that is under way; its cluster has the stack's name."""

    stack: str
    rehearsal: Rehearsal

    @property
    def store(self) -> Store:
        """What exists in the cloud."""
        return self.rehearsal.project.site.store

    @property
    def report(self) -> RehearsalReport:
        """What the rehearsal has shown so far."""
        return self.rehearsal.report

    def step(self, step: str) -> dict[str, int]:
        """Carry out a step that has to succeed; its changes come back."""
        self.rehearsal.carry_out(parse_steps(step))
        changes: dict[str, int] = self.report.steps[-1]["changes"]
        return changes

    def refused(self, step: str) -> PolykubeError:
        """Carry out a step that has to fail; why comes back."""
        try:
            self.rehearsal.carry_out(parse_steps(step))
        except PolykubeError as error:
            return error
        raise AssertionError(f"{step} was not refused")

    def suffer(self, *faults: Mapping[str, Any]) -> None:
        """Have these faults strike from now on."""
        (self.rehearsal.project.site.directory / FILE).write_text(yaml.safe_dump([dict(each) for each in faults]))

    def write(self, cluster: dict[str, Any], addons: dict[str, Any] | None = None) -> Path:
        """A stack file: the stack's, but for keys of its cluster, by path, add-ons, and a secret of its tenant."""
        config = yaml.safe_load((CHECKOUT / f"Pulumi.{self.stack}.yaml").read_text())["config"]
        set_keys(config["polykube:cluster"], cluster)
        config["polykube:addons"] = config.get("polykube:addons", {}) | (addons or {})
        file, secret = (self.rehearsal.project.site.directory / name for name in ("next.yaml", "secret.yaml"))
        config["polykube:tenants"][0]["manifests"] = [str(secret)]
        secret.write_text(yaml.safe_dump(_SECRET))
        file.write_text(yaml.safe_dump({"config": config}))
        return file

    def engine_says(self, *arguments: str) -> str:
        """What the engine answers, whether it succeeds or not."""
        engine = self.rehearsal.project.engine(self.rehearsal.tools)
        try:
            return engine.ask(*arguments, "--stack", self.stack)
        except PolykubeError as error:
            return str(error)

    def state(self) -> str:
        """The stack's state as it lies on the disk."""
        (file,) = (self.rehearsal.project.site.directory / "polykube" / "backend").rglob(f"stacks/**/{self.stack}.json")
        return file.read_text()

    def urns(self) -> set[str]:
        """Everything that the state holds."""
        return {resource["urn"] for resource in json.loads(self.state())["checkpoint"]["latest"]["resources"]}

    def events(self, after: int = 0) -> list[LoggedOperation]:
        """What happened in the cloud, but for the first `after` events."""
        return self.store.events()[after:]

    def one(self, type_: str, name: str) -> Resource:
        """The resource of a type that the program calls `name`."""
        (found,) = (each for each in self.store.all(type_) if each.name == name)
        return found

    def edit(self, resource: Resource, **properties: Any) -> None:
        """Change a resource behind the engine's back; names are paths: `scalingConfig__desiredSize`."""
        values = {name.replace("__", "."): value for name, value in properties.items()}
        inputs, outputs = (json.loads(json.dumps(side)) for side in (resource.inputs, resource.outputs))
        set_keys(outputs, values)
        set_keys(inputs, {path: value for path, value in values.items() if path.partition(".")[0] in inputs})
        self.store.put(replace(resource, inputs=inputs, outputs=outputs))

    @contextmanager
    def api(self) -> Iterator[Api]:
        """The API server of the cluster."""
        with closing(Api(ControlPlane(self.stack).kubeconfig)) as api:
            yield api


@contextmanager
def begin(stack: str) -> Iterator[Life]:
    """A life that has not begun; everything of it is gone when the block ends."""
    with new_site(stack) as site:
        yield Life(stack, prepare(Project.open(stack), site, RehearsalReport(stack)))


def set_keys(content: Any, values: dict[str, Any]) -> None:
    """Set values by path: `nodePools.1.machineType`; a path that ends in a list adds to it."""
    for path, value in values.items():
        place, (*parents, last) = content, path.split(".")
        for part in parents:
            place = place[int(part) if part.isdigit() else part]
        if isinstance(place, list):
            place.append(value)
        else:
            place[last] = value
