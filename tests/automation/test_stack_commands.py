"""Commands on a stack that do not do, or do not say, what a user relies on."""

import json
import os
import re
import socket
from pathlib import Path

import pytest
import yaml

from common.locks import exclusive
from common.paths import state_dir
from rehearsal.control_plane import ControlPlane
from tests.support.api import Api
from tests.support.census import census
from tests.support.cli import POLYKUBE, Cli, make_cli, one_tenant
from tests.support.objects import deployment

pytestmark = pytest.mark.needs("engine", "control plane")


def test_up_ends_with_what_stands_and_what_to_do_next(stack: Cli, control_plane: ControlPlane) -> None:
    said = stack.must("up")
    assert re.search(r"only +1/1 +4 cpu, 8Gi memory, 110 pods", said)
    assert re.search(r"solo +0/10 +0/2 +0/1Gi", said)
    assert str(control_plane.kubeconfig) in said
    assert "no resources changed" in said
    assert f'eval "$({POLYKUBE} env)"' in said
    assert "make status, make down" in said


def test_status_shows_processes_and_what_stands(stack: Cli) -> None:
    said = stack.must("status")
    for process in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"):
        assert re.search(rf"{process} +\d+ +\d+ MiB", said)
    assert re.search(r"solo +0/10", said)


def test_plain_pulumi_and_kubectl_work_where_env_was_evaluated(stack: Cli) -> None:
    preview = stack.pulumi("preview", "--stack", "dev", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr
    assert re.search(r"Policies:\n.*polykube", preview.stdout), "the policy pack runs without being asked for"
    assert re.search(r"\d+ unchanged", preview.stdout)


def test_env_is_nothing_but_exports_and_names_no_secret_of_the_user(stack: Cli) -> None:
    printed = stack.must("env", PULUMI_CONFIG_PASSPHRASE="hunter2")
    assert all(re.match(r"export [A-Z0-9_]+=", line) for line in printed.splitlines())
    assert "hunter2" not in printed


def test_preview_changes_nothing_and_says_how_to_go_on(stack: Cli, control_plane: ControlPlane) -> None:
    before = census(control_plane.kubeconfig)
    said = stack.must("preview")
    assert "unchanged" in said
    assert "make up STACK=dev" in said
    assert census(control_plane.kubeconfig) == before


def test_a_policy_violation_stops_up_before_anything_changes(stack: Cli, control_plane: ControlPlane) -> None:
    before = census(control_plane.kubeconfig)
    manifest = deployment("solo", "careless")
    (stack.directory / "careless.yaml").write_text(yaml.safe_dump(manifest))
    stack.write(one_tenant(control_plane.name, "careless.yaml"))
    refused = stack.run("up")
    stack.write(one_tenant(control_plane.name))
    assert refused.returncode == 6
    assert "✗ PK501 container-resources: " in refused.stderr
    assert "solo/Deployment/careless" in refused.stderr
    assert "nothing was changed by this run" in refused.stderr
    assert census(control_plane.kubeconfig) == before


def test_what_the_engine_refuses_is_shown_and_counts_as_its_failure(
    stack: Cli, control_plane: ControlPlane, api: Api
) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_A_Name"}}
    (stack.directory / "refused.yaml").write_text(yaml.safe_dump(manifest))
    stack.write(one_tenant(control_plane.name, "refused.yaml"))
    failed = stack.run("up")
    stack.write(one_tenant(control_plane.name))
    assert failed.returncode == 5
    assert "✗ PK404 the engine could not do what the program asks for" in failed.stderr
    assert "Not_A_Name" in failed.stdout, "the engine's own words stand on the terminal"
    assert "Traceback" not in failed.stdout + failed.stderr
    assert api.list("/api/v1/namespaces/solo/configmaps")


def test_two_runs_at_once_are_refused_and_the_first_is_named(stack: Cli) -> None:
    with exclusive(state_dir() / "locks" / "dev.lock"):
        busy = stack.run("up")
    assert busy.returncode == 7
    assert "✗ PK601 stack dev is being worked on by another process" in busy.stderr
    assert f"process {os.getpid()}" in busy.stderr


def test_a_lock_of_plain_pulumi_is_respected_while_its_holder_lives_and_dropped_after(stack: Cli) -> None:
    lock = write_lock(stack, pid=os.getpid())
    busy = stack.run("up")
    assert busy.returncode == 7
    assert "✗ PK602 stack dev is locked by a run of pulumi" in busy.stderr
    assert lock.exists()
    write_lock(stack, pid=2**22 + 1)  # beyond the largest process id that Linux gives out
    stack.must("up")
    assert not lock.exists()


def write_lock(cli: Cli, pid: int) -> Path:
    """A lock as `pulumi` leaves it in a file backend."""
    backend = Path(cli.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    path = (
        backend
        / ".pulumi"
        / "locks"
        / "organization"
        / "polykube"
        / "dev"
        / "00000000-aaaa-bbbb-cccc-000000000000.json"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": pid, "username": "ann", "hostname": socket.gethostname(), "timestamp": "2099-01-01T00:00:00Z"}
    path.write_text(json.dumps(holder))
    return path


@pytest.mark.usefixtures("stack")
def test_without_its_control_plane_plain_pulumi_says_how_to_start_it(tmp_path: Path) -> None:
    cli = make_cli(tmp_path)
    cli.write(one_tenant("never-started"))
    made = cli.pulumi("stack", "init", "dev")
    assert made.returncode == 0, made.stderr
    failed = cli.pulumi("up", "--yes", "--stack", "dev")
    assert failed.returncode != 0
    said = failed.stdout + failed.stderr
    assert "PK306: the control plane of the local cluster never-started is not running" in said
    assert "polykube start --stack dev" in said
    assert "Traceback" not in said
