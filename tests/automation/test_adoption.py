"""An object that exists and is not in the state: every run says «already exists», or takes over what is not ours."""

import json

import pytest

from tests.support.api import Api
from tests.support.cli import Cli

pytestmark = pytest.mark.needs("engine", "control plane")

QUOTA = "/api/v1/namespaces/solo/resourcequotas/quota"


def _forget(stack: Cli, name: str) -> None:
    """Take a resource out of the state alone, as if no answer to its creation had come."""
    exported = json.loads(stack.pulumi("stack", "export", "--stack", "dev").stdout)
    urn = next(each["urn"] for each in exported["deployment"]["resources"] if each["urn"].endswith(f"::{name}"))
    done = stack.pulumi("state", "delete", urn, "--stack", "dev", "--yes", "--force")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_made_without_an_answer_is_taken_into_the_state(stack: Cli, api: Api) -> None:
    before = api.get(QUOTA)["metadata"]["uid"]
    _forget(stack, "solo/quota")
    assert "dev is up" in stack.must("up")
    assert api.get(QUOTA)["metadata"]["uid"] == before
    assert "no resources changed" in stack.must("up")


def test_what_somebody_else_made_is_named_with_its_owner_and_left_alone(stack: Cli, api: Api) -> None:
    _forget(stack, "solo/quota")
    api.delete(QUOTA)
    api.until_gone(QUOTA)
    theirs = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"namespace": "solo", "name": "quota"},
        "spec": {"hard": {"pods": "3"}},
    }
    api.apply(theirs)
    refused = stack.run("up")
    assert refused.returncode == 5
    assert "PK411" in refused.stderr
    assert "fields written by kube-controller-manager, tests" in refused.stderr
    assert "solo/quota" in refused.stderr
    assert api.get(QUOTA)["spec"] == theirs["spec"]
    assert "solo/quota" not in stack.pulumi("stack", "export", "--stack", "dev").stdout
    api.delete(QUOTA)
    api.until_gone(QUOTA)
    stack.must("up")


def test_what_the_state_has_under_another_name_is_not_taken_a_second_time(stack: Cli, api: Api) -> None:
    before, state = api.get(QUOTA)["metadata"]["uid"], stack.pulumi("stack", "export", "--stack", "dev").stdout
    kept, renamed = stack.directory / "kept.json", stack.directory / "renamed.json"
    kept.write_text(state)
    renamed.write_text(state.replace("::solo/quota", "::solo/renamed"))
    assert stack.pulumi("stack", "import", "--stack", "dev", "--file", str(renamed)).returncode == 0
    refused = stack.run("up")
    assert refused.returncode == 5
    assert "already exists" in refused.stderr
    assert stack.pulumi("stack", "export", "--stack", "dev").stdout.count('::solo/quota"') == 0
    assert api.get(QUOTA)["metadata"]["uid"] == before
    assert stack.pulumi("stack", "import", "--stack", "dev", "--file", str(kept)).returncode == 0
    assert "no resources changed" in stack.must("up")
