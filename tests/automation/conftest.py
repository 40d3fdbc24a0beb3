"""A small stack that was brought up by `polykube up`."""

from collections.abc import Iterator

import pytest

from rehearsal.control_plane import ControlPlane
from tests.support.cli import Cli, make_cli, one_tenant


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The stack `dev` with one node and one tenant; what it made is destroyed afterwards."""
    cli = make_cli(tmp_path_factory.mktemp("stack"))
    cli.write(one_tenant(control_plane.name))
    cli.must("up")
    yield cli
    destroyed = cli.pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev")  # the control plane has other users
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
