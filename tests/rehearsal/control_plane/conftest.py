"""What the control plane's own tests share."""

import secrets
from collections.abc import Iterator

import pytest

from rehearsal.control_plane import Binaries, ControlPlane
from tests.support.api import Api, takes_pods
from tests.support.objects import node


@pytest.fixture
def control_plane(control_plane: ControlPlane) -> ControlPlane:
    """The shared control plane, running, whatever the test before did to it."""
    control_plane.start()
    return control_plane


@pytest.fixture
def absent(binaries: Binaries) -> Iterator[ControlPlane]:
    """A control plane that was never started; whatever the test makes of it is deleted."""
    plane = ControlPlane(f"test-{secrets.token_hex(4)}", binaries)
    yield plane
    plane.delete()


@pytest.fixture
def nodes(api: Api, namespace: str) -> Iterator[list[str]]:
    """Two ready nodes labelled `pool: NAMESPACE`, for pods of this test alone."""
    names = [f"{namespace}-{number}" for number in (1, 2)]
    for name in names:
        api.apply(node(name, {"pool": namespace}))
    for name in names:
        api.until(f"/api/v1/nodes/{name}", takes_pods)
    yield names
    for name in names:
        api.delete(f"/api/v1/nodes/{name}")
