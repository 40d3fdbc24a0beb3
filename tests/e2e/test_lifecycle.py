"""A stack that does not become what its file says, or that leaves something behind.

One stack, from nothing to nothing; the tests build on each other in the order in which they stand.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from tests.support.api import Api
from tests.support.census import Census, census, until_census_is
from tests.support.stack import Stack, dev_spec, make_stack, urn_name

FRONTEND = "/apis/apps/v1/namespaces/shop/deployments/frontend"


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = make_stack(tmp_path_factory.mktemp("lifecycle"))
    stack.write(dev_spec(control_plane.name))
    yield stack
    stack.destroy()


def test_a_policy_violation_stops_up_before_anything_is_created(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    spec = dev_spec(control_plane.name)
    careless = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "careless"},
        "spec": {
            "selector": {"matchLabels": {"app": "careless"}},
            "template": {
                "metadata": {"labels": {"app": "careless"}},
                "spec": {"containers": [{"name": "main", "image": "example.test/main:1"}]},
            },
        },
    }
    manifest = stack.engine.directory / "careless.yaml"
    manifest.write_text(json.dumps(careless))
    spec["tenants"][1]["manifests"] = [str(manifest)]
    stack.write(spec)
    refused = stack.up()
    assert refused.returncode != 0
    assert "lab/Deployment/careless spec.template.spec.containers[0].resources" in refused.stdout
    assert "[mandatory]  container-resources" in refused.stdout
    assert census(control_plane.kubeconfig) == before
    stack.write(dev_spec(control_plane.name))


def test_up_makes_every_workload_ready_and_a_preview_then_shows_no_change(stack: Stack, api: Api) -> None:
    stack.must_up()
    assert api.get(FRONTEND)["status"]["readyReplicas"] == 1
    assert api.get("/apis/apps/v1/namespaces/shop/statefulsets/db")["status"]["readyReplicas"] == 1
    assert stack.changes() == {}


def test_a_change_by_hand_is_seen_by_refresh_and_mended_by_up(stack: Stack, api: Api) -> None:
    api.merge(FRONTEND, {"spec": {"replicas": 0}})
    assert stack.changes() == {}, "the engine does not look at the cluster unless it is told to"
    stack.engine.must("refresh", "--yes", "--stack", "dev")
    assert [urn_name(urn) for urn in stack.changes()] == ["kubernetes:apps/v1:Deployment::shop/frontend"]
    stack.must_up()
    assert api.get(FRONTEND)["spec"]["replicas"] == 1
    assert stack.changes() == {}


def test_an_immutable_field_is_a_replacement_in_the_preview_and_is_carried_out(
    stack: Stack, api: Api, control_plane: ControlPlane
) -> None:
    spec = dev_spec(control_plane.name)
    spec["platform"]["storageClasses"][1]["parameters"] = {"type": "slow"}
    stack.write(spec)
    steps = [step for step in stack.preview() if step["op"] != "same"]
    assert {urn_name(step["urn"]) for step in steps} == {"kubernetes:storage.k8s.io/v1:StorageClass::retained"}
    assert "replace" in {step["op"] for step in steps}
    assert {reason for step in steps for reason in step.get("replaceReasons") or ()} == {"parameters"}
    stack.must_up()
    assert api.get("/apis/storage.k8s.io/v1/storageclasses/retained")["parameters"] == {"type": "slow"}
    assert stack.changes() == {}


def test_content_that_changes_is_never_gone_for_a_moment(
    stack: Stack, api: Api, control_plane: ControlPlane, tmp_path: Path
) -> None:
    spec = dev_spec(control_plane.name)
    spec["platform"]["storageClasses"][1]["parameters"] = {"type": "slow"}
    spec["tenants"][0]["manifests"].append(str(tmp_path))
    stack.write(spec)
    made = []
    for words in ("first", "second"):
        manifests = [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "words"}, "data": {"words": words}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "words"}, "stringData": {"words": words}},
        ]
        (tmp_path / "words.yaml").write_text(yaml.safe_dump_all(manifests))
        stack.must_up()
        made.append([api.get(f"/api/v1/namespaces/shop/{kind}/words") for kind in ("configmaps", "secrets")])
    (first, _), (second, secret) = made
    assert (first["data"]["words"], second["data"]["words"]) == ("first", "second")
    assert b64decode(secret["data"]["words"]) == b"second"
    before, after = ([each["metadata"]["uid"] for each in both] for both in made)
    assert before == after


def test_more_nodes_are_more_nodes_and_nothing_else(stack: Stack, control_plane: ControlPlane) -> None:
    spec = dev_spec(control_plane.name)
    spec["cluster"]["nodePools"][1]["nodes"] = 4
    spec["platform"]["storageClasses"][1]["parameters"] = {"type": "slow"}
    stack.write(spec)
    changes = {urn_name(urn): op for urn, op in stack.changes().items() if not urn.endswith("/words")}
    assert changes == {"kubernetes:core/v1:Node::general-3": "create"}


def test_the_state_holds_no_kubeconfig_in_the_clear(stack: Stack, control_plane: ControlPlane) -> None:
    server = next(line for line in control_plane.kubeconfig.read_text().splitlines() if "server:" in line).split()[1]
    assert server not in json.dumps(stack.state())


def test_destroy_leaves_what_was_there_before(stack: Stack, control_plane: ControlPlane, before: Census) -> None:
    stack.destroy()
    assert stack.state() == []
    until_census_is(control_plane.kubeconfig, before)
