"""Private clusters, by the ways of docs/guide/private-clusters.md: who is outside is refused, and each way leads there.

Guards against a way that is named and that nobody can go: a first run that waits for an API server which nothing leads
to, a stack that cannot be finished from within, nodes or contents that are made anew when the door is closed.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from automation.rehearse import Rehearsal
from common.paths import CHECKOUT
from tests.support.cloud_life import Life, begin
from tests.support.pages import shown_in

OFFICE, ANYBODY, INSIDE = "203.0.113.7", "198.51.100.9", "10.8.0.5"
CONNECTED: Final = {"privateFrom": ["10.8.0.0/16"]}
CLOUDS: Final = ("eks", *(pytest.param(kind, marks=pytest.mark.drill) for kind in ("gke", "aks")))
UNREACHABLE: Final = "the cluster is unreachable: 127.0.0.1 did not answer"


def write(life: Life, **parts: Any) -> Path:
    """A stack file of these parts of the configuration."""
    file = life.rehearsal.project.site.directory / "next.yaml"
    file.write_text(yaml.safe_dump({"config": {f"polykube:{part}": value for part, value in parts.items()}}))
    return file


def parts_of(life: Life, **cluster: Any) -> dict[str, Any]:
    """The parts of the stack's own file, with other keys of the cluster."""
    config = yaml.safe_load((CHECKOUT / f"Pulumi.{life.stack}.yaml").read_text())["config"]
    parts = {name.removeprefix("polykube:"): value for name, value in config.items()}
    return parts | {"cluster": parts["cluster"] | cluster}


def beside(life: Life, stack: str) -> Life:
    """Another stack in the same rehearsal, which has no file yet."""
    project = replace(life.rehearsal.project, original=replace(life.rehearsal.project.original, stack=stack))
    return Life(stack, Rehearsal(project, life.rehearsal.tools, life.report, life.rehearsal.terminal))


@pytest.fixture(params=CLOUDS)
def life(request: pytest.FixtureRequest) -> Iterator[Life]:
    """A stack of a cloud whose API server cannot be reached by a name of the cloud's own; nothing is made yet."""
    with begin(f"{request.param}-dev") as life:
        yield life


def closed(life: Life) -> dict[str, Any]:
    return {"dnsEndpoint": False} if life.stack == "gke-dev" else {}


def test_two_stacks_of_which_one_is_brought_up_from_within(life: Life) -> None:
    """The network and the cluster come from anywhere; what is in the cluster, from where it can be reached."""
    kind = life.stack.removesuffix("-dev")
    mine = parts_of(life, apiEndpoint=CONNECTED, **closed(life))
    life.step(f"from={ANYBODY}")
    life.rehearsal.project.take(write(life, stage="dev", cluster=mine["cluster"]))
    life.step("up")

    inside = beside(life, "inside")
    shown = shown_in("guide/private-clusters.md")
    reference = {"stack": f"organization/polykube/{life.stack}"}
    cluster = shown["Pulumi.shop.yaml"]["config"]["polykube:cluster"]
    cluster |= {"version": mine["cluster"]["version"], "stackReference": reference, "brings": shown[kind]["brings"]}
    contents = {key: mine[key] for key in ("platform", "tenants")}
    inside.rehearsal.project.take(write(inside, stage="dev", cluster=cluster, **contents))
    assert "PK415" in str(inside.refused("up"))

    inside.step(f"from={INSIDE}")
    inside.step("up")
    with life.api() as api:
        assert api.get("/api/v1/namespaces/shop/resourcequotas/quota")["status"]["hard"]["pods"] == "20"
        made = {each["metadata"]["name"]: each for each in api.list("/apis/storage.k8s.io/v1/storageclasses")}
    ours = contents["platform"]["storageClasses"][0]["name"]
    assert made[ours]["provisioner"] == shown[kind]["brings"]["blockStorage"]
    inside.step("destroy")
    life.step(f"from={ANYBODY}")
    life.step("destroy")
    assert life.report.orphans == []


def test_a_first_run_from_a_named_address_and_the_next_one_from_within(life: Life) -> None:
    """Whoever is named gets in, nobody else; when the door is closed from within, nothing is made anew."""
    opened = parts_of(life, apiEndpoint={"publicFrom": [f"{OFFICE}/32"], **CONNECTED}, **closed(life))
    life.step(f"from={OFFICE}")
    life.rehearsal.project.take(write(life, **opened))
    life.step("up")
    life.step(f"from={ANYBODY}")
    assert UNREACHABLE in str(life.refused("refresh"))

    began = len(life.events())
    life.step(f"from={INSIDE}")
    changes = life.step(f"change={write(life, **parts_of(life, apiEndpoint=CONNECTED, **closed(life)))}")
    assert (changes["create"], changes["replace"], changes["delete"]) == (0, 0, 0)
    assert {"create", "delete", "gone"}.isdisjoint(each.operation for each in life.events(after=began))
    life.step(f"from={OFFICE}")
    assert UNREACHABLE in str(life.refused("refresh"))

    life.step(f"from={INSIDE}")
    life.step("destroy")
    assert life.report.orphans == []
