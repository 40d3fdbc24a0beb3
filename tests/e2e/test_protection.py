"""Plain `pulumi` at a protected stack: what is refused has to be refused before half of the stack is gone.

One stack; the tests build on each other in the order in which they stand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.census import Census, census
from tests.support.cli import one_tenant
from tests.support.stack import Stack, make_stack


@pytest.fixture(scope="module")
def spec(control_plane: ControlPlane) -> dict[str, Any]:
    """A stack of stage prod with one tenant."""
    return one_tenant(control_plane.name) | {"stage": "prod"}


@pytest.fixture(scope="module")
def stack(spec: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = make_stack(tmp_path_factory.mktemp("protection"))
    stack.write(spec)
    stack.must_up("--skip-preview")
    yield stack
    stack.engine.must("destroy", "--yes", "--skip-preview", "--ignore-protect", "--stack", "dev")


@pytest.fixture
def made(stack: Stack, control_plane: ControlPlane) -> Census:
    """What stands in the cluster before a test."""
    del stack
    return census(control_plane.kubeconfig)


def test_a_destroy_deletes_nothing(stack: Stack, made: Census, control_plane: ControlPlane) -> None:
    had = names(stack)
    refused = stack.engine.run("destroy", "--yes", "--skip-preview", "--stack", "dev")
    assert refused.returncode != 0
    assert "cannot be deleted" in refused.stdout
    assert census(control_plane.kubeconfig) == made
    assert names(stack) == had


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tenants": []}, "PK413"),
        ({"stage": "qa"}, "PK413"),
        ({"cluster": {"name": "another"}}, "PK412"),
    ],
)
def test_a_change_that_would_delete_what_is_protected_changes_nothing(
    changed: dict[str, Any], said: str, stack: Stack, spec: dict[str, Any], made: Census, control_plane: ControlPlane
) -> None:
    had = names(stack)
    cluster = spec["cluster"] | changed.get("cluster", {})
    stack.write(spec | changed | {"cluster": cluster})
    refused = stack.up("--skip-preview")
    assert refused.returncode != 0
    assert said in refused.stdout
    assert "Traceback" not in refused.stdout
    assert census(control_plane.kubeconfig) == made
    assert names(stack) == had


def test_both_keys_together_let_a_tenant_go(stack: Stack, spec: dict[str, Any], control_plane: ControlPlane) -> None:
    unlocked = spec | {"cluster": spec["cluster"] | {"deletionProtection": False}}
    stack.write(unlocked)
    assert "protect-cluster" in stack.up().stdout, "one key is not enough"
    unlocked |= {"policy": {"levels": {"protect-cluster": "disabled"}}}
    stack.write(unlocked)
    stack.must_up("--skip-preview")
    stack.write(unlocked | {"tenants": []})
    stack.must_up("--skip-preview")
    assert not any(namespace == "solo" for _, namespace, _ in census(Path(control_plane.kubeconfig)))


def names(stack: Stack) -> set[str]:
    """What is in the state, but for components and the engine's own provider, which are nothing outside of it."""
    made = (resource for resource in stack.state() if resource["custom"])
    return {resource["urn"] for resource in made if resource["type"] != "pulumi:providers:pulumi"}
