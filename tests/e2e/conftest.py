"""The example stack `dev`, brought up once by the real engine on the real API server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.census import Census, settled_census
from tests.support.stack import Stack, dev_spec, make_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is tried end to end needs all of it."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.needs("engine", "control plane"))


@pytest.fixture(scope="module")
def dev(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack `dev` with its policy pack; what it made is destroyed afterwards."""
    stack = make_stack(tmp_path_factory.mktemp("dev"))
    stack.write(dev_spec(control_plane.name))
    stack.must_up()
    yield stack
    stack.destroy()


@pytest.fixture(scope="module")
def before(control_plane: ControlPlane) -> Census:
    """The objects on the control plane before the module's stack makes any."""
    return settled_census(control_plane.kubeconfig)
