"""A control plane that `polykube` cannot start, stop, lose or take down without leaving something behind."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlparse

import pytest

from common.paths import control_plane_dir
from rehearsal.control_plane import ControlPlane, ControlPlaneState
from rehearsal.control_plane.processes import find
from tests.support.api import Api
from tests.support.cli import Cli, make_cli, one_tenant

pytestmark = pytest.mark.needs("engine", "control plane")

NAME = "own"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    cli = make_cli(tmp_path_factory.mktemp("own"))
    cli.write(one_tenant(NAME))
    yield cli
    ControlPlane(NAME).delete()


def test_a_control_plane_that_lost_its_data_is_filled_again(cli: Cli) -> None:
    cli.must("up")
    stopped = cli.must("stop")
    assert "polykube start --stack dev" in stopped
    assert ControlPlane(NAME).status().state is ControlPlaneState.STOPPED
    shutil.rmtree(control_plane_dir(NAME))
    said = cli.must("up")
    assert "solo" in said.partition("Tenants")[2]
    assert "no resources changed" in cli.must("up")


def test_down_takes_away_even_what_cannot_be_started(cli: Cli) -> None:
    cli.must("stop")
    (database,) = control_plane_dir(NAME).glob("etcd/**/snap/db")
    database.write_bytes(b"not a database")
    refused = cli.run("up")
    assert refused.returncode == 4
    assert "✗ PK302 etcd ended with" in refused.stderr
    assert "make down" in refused.stderr
    assert "dev is gone" in cli.must("down")
    assert not control_plane_dir(NAME).exists()
    assert find(control_plane_dir(NAME)) == []
    assert cli.pulumi("stack", "ls").stdout.count("dev") == 0
    backend = Path(urlparse(cli.environment["PULUMI_BACKEND_URL"]).path)
    assert [file.name for file in backend.rglob("*") if file.is_file() and file.stem != "meta.yaml"] == ["meta.yaml"]
    assert "encryptionsalt" in cli.file.read_text(), "the stack file is the user's, and stays as it was"


def test_down_waits_for_no_finalizer(cli: Cli) -> None:
    cli.must("up")
    held = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": "solo", "name": "held", "finalizers": ["example.com/hold"]},
    }
    with closing(Api(ControlPlane(NAME).kubeconfig)) as api:
        api.apply(held)
    assert "dev is gone" in cli.must("down")
    assert not control_plane_dir(NAME).exists()


def test_down_of_what_is_not_there_is_no_error(cli: Cli) -> None:
    assert "dev is gone" in cli.must("down")
