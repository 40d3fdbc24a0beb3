"""A cluster that another stack made: its kubeconfig by reference, then as a secret, and nothing is made anew for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from tests.support.api import Api
from tests.support.engine import Engine
from tests.support.stack import Stack

CONTENTS = "polykube:cluster.kubeconfig.contents"


class Team:
    """The stack `team` beside `dev`, with a tenant of its own in the cluster of `dev`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.file = engine.directory / "Pulumi.team.yaml"
        engine.must("stack", "init", "team")

    def write(self, **cluster: Any) -> None:
        """Say in the stack file how the cluster is reached."""
        compute, container = {"cpu": "1", "memory": "1Gi"}, {"cpu": "100m", "memory": "5Mi"}
        quota = {"pods": 2, "requests": compute, "limits": compute}
        limits = {"default": container, "defaultRequest": container}
        tenant = {"name": "band", "group": "band", "quota": quota, "limitRange": limits}
        common = {"kind": "existing", "name": "theirs", "version": "1.36"}
        content = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        config = {
            "polykube:stage": "dev",
            "polykube:cluster": common | cluster,
            "polykube:tenants": [tenant],
            "polykube:platform": {"priorityClasses": [], "storageClasses": []},
        }
        self.file.write_text(yaml.safe_dump(content | {"config": config}))


@pytest.fixture
def team(dev: Stack) -> Iterator[Team]:
    team = Team(dev.engine)
    yield team
    team.engine.must("destroy", "--yes", "--stack", "team")
    team.engine.must("stack", "rm", "--yes", "team")


def test_a_stack_in_the_cluster_of_another_comes_by_reference_and_stays_when_it_is_a_secret(
    team: Team, api: Api, control_plane: ControlPlane
) -> None:
    team.write(stackReference={"stack": "organization/polykube/dev"})
    team.engine.must("up", "--yes", "--skip-preview", "--stack", "team")
    before = api.get("/api/v1/namespaces/band")["metadata"]["uid"]

    team.write()
    kubeconfig = Path(control_plane.kubeconfig).read_text()
    team.engine.must("config", "set", "--secret", "--path", CONTENTS, "--stack", "team", stdin=kubeconfig)
    team.engine.must("up", "--yes", "--skip-preview", "--stack", "team")
    assert api.get("/api/v1/namespaces/band")["metadata"]["uid"] == before
    assert "client-key-data" not in team.file.read_text()
    assert "client-key-data" not in team.engine.must("stack", "export", "--stack", "team")
    team.engine.must("preview", "--expect-no-changes", "--stack", "team")
