"""`polykube rehearse`, as a user runs it: every example stack from nothing to nothing, and what happens on the way.

Guards against a rehearsal that says that all is well when it is not, touches what is the user's, or leaves
something running.
"""

import json
import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.paths import CHECKOUT
from rehearsal.providers.clouds.store import Resource, Store
from tests.support.api import Api
from tests.support.polling import eventually
from tests.support.processes import processes_of
from tests.support.stack_files import STACKS_WITH_ADD_ONS, with_add_ons

STACKS = sorted(file.name.split(".")[1] for file in CHECKOUT.glob("Pulumi.*.yaml"))
NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0}
_COMMAND = CHECKOUT / ".venv" / "bin" / "polykube"
_TIMEOUT = 600  # seconds; far more than a rehearsal needs


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own, in a shell with credentials and a passphrase of a user."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-0123")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://nowhere.test")
    return tmp_path


def rehearse(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [str(_COMMAND), "rehearse", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=_TIMEOUT, check=False)


def report(*arguments: str) -> dict[str, Any]:
    """What a rehearsal that goes well writes to standard output, which is JSON and nothing else."""
    done = rehearse(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def assert_nothing_is_left(state: Path) -> None:
    """No directory, no lock and no process of a rehearsal."""
    assert list((state / "polykube" / "rehearsals").iterdir()) == []
    assert processes_of(state) == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_comes_up_stays_as_it_is_and_goes_without_a_trace(stack: str, state: Path) -> None:
    before = (CHECKOUT / f"Pulumi.{stack}.yaml").read_bytes()
    shown = report(stack, "--steps", "up,refresh,destroy")
    assert shown.keys() == {"stack", "rehearsal", "ok", "steps", "nodesReady", "resources", "orphans", "policy"}
    assert (shown["stack"], shown["rehearsal"], shown["ok"], shown["orphans"]) == (stack, True, True, [])
    up, refresh, destroy = shown["steps"]
    assert [step["step"] for step in shown["steps"]] == ["up", "refresh", "destroy"]
    assert up["changes"] == NOTHING | {"create": shown["resources"], "same": 0}
    assert refresh["changes"] == NOTHING | {"same": shown["resources"]}
    assert destroy["changes"] == NOTHING | {"delete": shown["resources"], "same": 0}
    assert shown["nodesReady"] >= 2
    assert shown["policy"]["mandatory"] == 0
    assert (CHECKOUT / f"Pulumi.{stack}.yaml").read_bytes() == before
    assert_nothing_is_left(state)


def test_a_zone_without_machines_is_an_error_and_the_second_run_ends_what_the_first_began(state: Path) -> None:
    faults = state / "faults.yaml"
    group = {"type": "aws:eks/nodeGroup:NodeGroup", "name": "eks-dev-general*"}
    strike = {"fault": "insufficient-capacity", **group, "zone": "eu-central-1b"}
    faults.write_text(yaml.safe_dump([strike]))
    done = rehearse("eks-dev", "--faults", str(faults), "--steps", "up,up,destroy", "--json")
    shown = json.loads(done.stdout)
    assert [step["ok"] for step in shown["steps"]] == [False, True, True]
    assert (done.returncode, shown["ok"], shown["orphans"]) == (0, True, [])
    assert "aws:eks/nodeGroup:NodeGroup eks-dev-general" in done.stderr
    assert "InsufficientInstanceCapacity" in done.stderr
    assert "choose another machine type for the pool, or other zones" in done.stderr
    assert shown["steps"][1]["changes"]["replace"] == 0


def test_two_at_once_leave_each_other_alone_and_what_is_left_in_one_cloud_is_reported(state: Path) -> None:
    command = [str(_COMMAND), "rehearse", "eks-dev", "--steps", "destroy", "--json"]
    both = [subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    site, _ = eventually(lambda: (found := sites(state))[1:] and found, what="two rehearsals")
    orphan = {"type": "aws:lb/loadBalancer:LoadBalancer", "id": "lb-1", "name": "k8s-shop-web"}
    tags = {"kubernetes.io/cluster/eks-dev": "owned"}
    Store(site).add(Resource(orphan["type"], orphan["id"], orphan["name"], {"tags": tags}))
    shown = [json.loads(process.communicate(timeout=_TIMEOUT)[0]) for process in both]
    ends = sorted((process.returncode, each["ok"], each["orphans"]) for process, each in zip(both, shown, strict=True))
    assert ends == [(0, True, []), (8, False, [orphan | {"tags": tags}])]
    assert_nothing_is_left(state)


def sites(state: Path) -> list[Path]:
    """The directories of the rehearsals that are under way."""
    return list((state / "polykube" / "rehearsals").glob("*/"))


def test_what_is_kept_can_be_looked_at_until_it_is_ended(state: Path) -> None:
    changed = state / "Pulumi.dev.yaml"
    content = yaml.safe_load((CHECKOUT / changed.name).read_text())
    tenants = content["config"]["polykube:tenants"]
    tenants[0] |= {"quota": tenants[0]["quota"] | {"configMaps": 11}}
    for tenant in tenants:
        tenant["manifests"] = [str(CHECKOUT / path) for path in tenant.get("manifests", ())]
    changed.write_text(yaml.safe_dump(content))
    done = rehearse("dev", "--steps", f"up,change={changed}", "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "rehearsal of dev" in lines[0]
    assert "rehearsal of dev" in lines[-1]
    (kubeconfig,) = (line.split()[-1] for line in lines if line.startswith("kubeconfig"))
    with closing(Api(Path(kubeconfig))) as api:
        hard = api.get("/api/v1/namespaces/shop/resourcequotas/quota")["status"]["hard"]
    assert hard["configmaps"] == "11"
    assert processes_of(state)
    assert "has ended" in rehearse("dev", "--end").stdout
    assert_nothing_is_left(state)


def test_an_interrupted_rehearsal_takes_everything_with_it(state: Path) -> None:
    process = subprocess.Popen(
        [str(_COMMAND), "rehearse", "dev"],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: any("kube-apiserver" in line for line in processes_of(state)), timeout=120)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert_nothing_is_left(state)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("dev", "--steps", "up,fly"), 8, "PK703"),
        (("dev", "--steps", "upgrade"), 8, "PK703"),
        (("dev", "--steps", "from=somewhere,up"), 8, "PK703"),
        (("dev", "--steps", "up,from=10.8.0.5"), 8, "PK703"),
        (("nowhere",), 2, "PK100"),
    ],
)
def test_what_cannot_be_rehearsed_is_said_at_once(
    arguments: tuple[str, ...], code: int, said: str, state: Path
) -> None:
    done = rehearse(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert not (state / "polykube" / "rehearsals").exists()


def test_a_wrong_faults_file_is_told_with_its_place(state: Path) -> None:
    faults = state / "faults.yaml"
    faults.write_text("- {fault: throtled, on: create}\n- {fault: slow, every: 2}\n")
    done = rehearse("dev", "--faults", str(faults))
    assert done.returncode == 8
    assert "0.fault" in done.stderr
    assert "1.every" in done.stderr


@pytest.mark.drill
@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize("stack", [stack for stack in STACKS_WITH_ADD_ONS if stack != "dev"])
def test_every_add_on_that_a_stack_shows_comes_up_on_its_cloud_and_goes_without_a_trace(
    stack: str, state: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"Pulumi.{stack}.yaml"
    file.write_text(with_add_ons(stack), encoding="utf-8")
    held = report(stack, "--steps", f"change={file},refresh,destroy")
    assert [step["ok"] for step in held["steps"]] == [True] * 3
    assert held["steps"][1]["changes"] == NOTHING | {"same": held["steps"][1]["changes"].get("same", 0)}
    assert held["orphans"] == []
    assert_nothing_is_left(state)
