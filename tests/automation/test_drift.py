"""Drift that is not seen, is told of what others are meant to write, or is mended or written down by looking."""

import json

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.api import Api
from tests.support.cli import Cli, one_tenant

pytestmark = pytest.mark.needs("engine", "control plane")

QUOTA = "/api/v1/namespaces/solo/resourcequotas/quota"
LIMITS = "/api/v1/namespaces/solo/limitranges/limits"


def test_what_somebody_changed_is_told_with_who_did_and_nothing_is_changed(stack: Cli, api: Api) -> None:
    state = stack.pulumi("stack", "export", "--stack", "dev").stdout
    assert "nothing has drifted" in stack.must("drift")
    api.merge(f"{QUOTA}?fieldManager=somebody", {"spec": {"hard": {"pods": "12"}}})
    found = stack.run("drift")
    assert found.returncode == 15, found.stdout + found.stderr
    told = [line.strip() for line in found.stdout.splitlines()]
    assert told[told.index("spec.hard.pods") :][:3] == ["spec.hard.pods", "- 10", "+ 12"]
    assert "written by somebody, Update" in found.stdout
    assert api.get(QUOTA)["spec"]["hard"]["pods"] == "12"
    assert stack.pulumi("stack", "export", "--stack", "dev").stdout == state
    (drift,) = json.loads(stack.run("drift", "dev", "--json").stdout)
    (resource,) = drift["resources"]
    assert (drift["stack"], resource["name"], resource["gone"]) == ("dev", "solo/quota", False)


def test_what_the_stack_file_leaves_to_others_is_none_and_all_else_is(
    stack: Cli, api: Api, control_plane: ControlPlane
) -> None:
    spec = one_tenant(control_plane.name)
    stack.write(spec | {"drift": {"ignore": [{"resource": "solo/quota", "properties": ["spec.hard.pods"]}]}})
    api.merge(QUOTA, {"spec": {"hard": {"pods": "12"}}})
    assert "nothing has drifted" in stack.must("drift")
    api.merge(QUOTA, {"spec": {"hard": {"requests.cpu": "3"}}})
    assert "requests.cpu" in stack.run("drift").stdout
    assert "spec.hard.pods" not in stack.run("drift").stdout
    stack.write(spec)


def test_what_is_gone_is_told_and_an_update_with_refresh_puts_it_right(stack: Cli, api: Api) -> None:
    api.delete(LIMITS)
    api.until_gone(LIMITS)
    assert "which is gone" in stack.run("drift", "--all").stdout
    repaired = stack.pulumi("up", "--refresh", "--yes", "--skip-preview", "--stack", "dev")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert "nothing has drifted" in stack.must("drift")
