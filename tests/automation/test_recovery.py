"""A run that is killed or interrupted, after which the stack can only be mended by hand.

`slow` never gets ready, so that the engine is in the middle of creating it when the API server has it.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml

from automation.project import Project
from automation.state.recovery import settle_runs
from rehearsal.control_plane import ControlPlane
from rehearsal.toolchain import ENGINE, ensure
from tests.support.api import Api
from tests.support.cli import Cli, make_cli, one_tenant
from tests.support.objects import deployment
from tests.support.polling import PATIENCE

pytestmark = pytest.mark.needs("engine", "control plane")


class Killed(Exception):
    """Stands for a signal that nobody can catch."""


SLOW = "/apis/apps/v1/namespaces/solo/deployments/slow"


@pytest.fixture
def cli(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Cli]:
    cli = make_cli(tmp_path)
    cli.write(one_tenant(control_plane.name, "slow.yaml"))
    write_slow(cli, rehearse="unready")
    yield cli
    destroyed = cli.pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev")  # the control plane has other users
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr


def write_slow(cli: Cli, rehearse: str = "") -> None:
    manifest = deployment("solo", "slow")
    resources = {"limits": {"cpu": "100m", "memory": "5Mi"}, "requests": {"cpu": "100m", "memory": "5Mi"}}
    manifest["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    manifest["spec"]["template"]["metadata"]["annotations"] = {"polykube.dev/rehearse": rehearse} if rehearse else {}
    (cli.directory / "slow.yaml").write_text(yaml.safe_dump(manifest))


def interrupted_in_the_middle(cli: Cli, api: Api, how: signal.Signals) -> subprocess.CompletedProcess[str]:
    """An `up` that gets `how` when `slow` is being created."""
    process = cli.start("up")
    api.until(SLOW, bool)
    if how is signal.SIGKILL:  # the engine, too, which would be interrupted otherwise
        for each in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                each.kill()
    os.killpg(process.pid, how)
    output, _ = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess([], process.returncode, output, "")


def test_after_a_kill_the_next_up_goes_on_from_there(cli: Cli, api: Api) -> None:
    killed = interrupted_in_the_middle(cli, api, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    before = api.get(SLOW)["metadata"]["uid"]
    write_slow(cli)
    again = cli.run("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "dev is up" in again.stdout
    assert "creating solo/slow, not ended" in again.stdout
    assert "looked up: it exists" in again.stdout
    assert api.get(SLOW)["metadata"]["uid"] == before, "what was created is taken over, not made anew"
    assert "no resources changed" in cli.must("up")


def test_after_ctrl_c_the_exit_code_is_130_and_the_next_up_goes_on_from_there(cli: Cli, api: Api) -> None:
    stopped = interrupted_in_the_middle(cli, api, signal.SIGINT)
    assert stopped.returncode == 130, stopped.stdout
    assert "interrupted; run the same command again to go on from here" in stopped.stdout
    assert "Traceback" not in stopped.stdout
    write_slow(cli)
    again = cli.run("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "no resources changed" in cli.must("up")


def test_a_recovery_that_is_killed_itself_is_taken_up_again(
    cli: Cli, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted_in_the_middle(cli, api, signal.SIGKILL)
    api.delete(SLOW)  # as if the engine had been killed before the API server had it
    api.until_gone(SLOW)
    write_slow(cli)
    monkeypatch.chdir(cli.directory)
    monkeypatch.setenv("PULUMI_BACKEND_URL", cli.environment["PULUMI_BACKEND_URL"])
    project = Project.open("dev")
    engine = project.engine(ensure(ENGINE))
    ask = engine.ask

    def ask_until_killed(*arguments: str, stdin: str | None = None) -> str:
        if arguments[0] == "refresh":
            raise Killed
        return ask(*arguments, stdin=stdin)

    monkeypatch.setattr(engine, "ask", ask_until_killed)
    with pytest.raises(Killed):
        settle_runs(engine)
    cli.must("up")
    assert api.get(SLOW)["status"]["readyReplicas"] == 1
    assert "no resources changed" in cli.must("up")
