"""The cluster behind a program comes and goes: not known yet, another one, out of reach, gone for good.

Guards against previews that need a cluster that the same program is about to make, against a new token that
replaces everything in the cluster, and against stacks that can neither be updated nor destroyed any more.
"""

import json
import subprocess

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from tests.rehearsal.kubernetes.program import HEAD, state_of, steps_of
from tests.support.api import Api
from tests.support.engine import Engine

CONFIG_MAP = """
k8s.core.v1.ConfigMap("a", metadata={"namespace": NAMESPACE}, data={"x": "1"}, opts=options)
"""
DEFAULT = HEAD + "options = None\n" + CONFIG_MAP
EXPLICIT = (
    HEAD
    + """
provider = k8s.Provider("cluster", kubeconfig=pulumi.Output.secret(os.environ["TEST_KUBECONFIG"]))
options = pulumi.ResourceOptions(provider=provider)
"""
    + CONFIG_MAP
)
UNKNOWN_YET = (
    HEAD
    + """
import pulumi_random as random

known = random.RandomId("known", byte_length=4).hex
provider = k8s.Provider("cluster", kubeconfig=known.apply(lambda _: os.environ["KUBECONFIG"]))
options = pulumi.ResourceOptions(provider=provider)
"""
    + CONFIG_MAP
)
NOWHERE = json.dumps(
    {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "current-context": "c",
    }
)


@pytest.fixture
def unreachable(engine: Engine, namespace: str, api: Api) -> Engine:
    """A stack with a ConfigMap whose cluster has become unreachable."""
    engine.write_program(DEFAULT)
    engine.must("up", "--yes", "--skip-preview")
    assert api.list(f"/api/v1/namespaces/{namespace}/configmaps")
    nowhere = engine.directory / "nowhere"
    nowhere.write_text(NOWHERE)
    engine.environment["KUBECONFIG"] = str(nowhere)
    return engine


def _refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_a_cluster_that_is_not_known_yet_is_previewed_from_the_inputs(engine: Engine) -> None:
    engine.write_program(UNKNOWN_YET)
    assert {name: step["op"] for name, step in steps_of(engine).items() if name in ("cluster", "a")} == {
        "cluster": "create",
        "a": "create",
    }
    engine.must("up", "--yes", "--skip-preview")
    assert state_of(engine)["a"]["outputs"]["metadata"]["uid"]
    engine.must("preview", "--expect-no-changes")
    engine.must("destroy", "--yes", "--skip-preview")


def test_another_cluster_replaces_its_resources_and_other_credentials_do_not(
    engine: Engine, control_plane: ControlPlane
) -> None:
    kubeconfig = yaml.safe_load(control_plane.kubeconfig.read_text())
    engine.environment["TEST_KUBECONFIG"] = json.dumps(kubeconfig)
    engine.write_program(EXPLICIT)
    engine.must("up", "--yes", "--skip-preview")
    kubeconfig["users"][0]["user"]["token"] = "unused"
    engine.environment["TEST_KUBECONFIG"] = json.dumps(kubeconfig)
    assert {name: step["op"] for name, step in steps_of(engine).items()} == {"cluster": "update"}
    kubeconfig["clusters"][0]["cluster"]["server"] += "/"
    engine.environment["TEST_KUBECONFIG"] = json.dumps(kubeconfig)
    assert {name: step["op"] for name, step in steps_of(engine).items()} == {"cluster": "replace", "a": "replace"}


def test_an_unreachable_cluster_fails_what_has_to_touch_it_and_says_the_way_out(unreachable: Engine) -> None:
    unreachable.must("preview", "--expect-no-changes")
    unreachable.write_program(DEFAULT.replace('"a"', '"b"'))
    assert {name: step["op"] for name, step in steps_of(unreachable).items()} == {"a": "delete", "b": "create"}
    assert "the Kubernetes cluster is unreachable: 127.0.0.1 did not answer" in _refused(
        unreachable.run("up", "--yes", "--skip-preview")
    )
    assert "PULUMI_K8S_DELETE_UNREACHABLE=true" in _refused(unreachable.run("destroy", "--yes", "--skip-preview"))
    assert "a" in state_of(unreachable)


def test_updates_of_an_unreachable_cluster_can_be_put_off(unreachable: Engine) -> None:
    unreachable.environment["PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"] = "true"
    unreachable.write_program(DEFAULT.replace('"1"', '"2"'))
    assert "no change is made, for the cluster is unreachable" in unreachable.must("up", "--yes", "--skip-preview")
    unreachable.must("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert state_of(unreachable)["a"]["inputs"]["data"] == {"x": "1"}
    _refused(unreachable.run("destroy", "--yes", "--skip-preview"))


@pytest.mark.parametrize("command", ["destroy", "refresh"])
def test_resources_of_a_cluster_that_is_gone_for_good_can_be_dropped(unreachable: Engine, command: str) -> None:
    unreachable.environment["PULUMI_K8S_DELETE_UNREACHABLE"] = "true"
    assert "dropped from the state" in unreachable.must(command, "--yes", "--skip-preview")
    assert "a" not in state_of(unreachable)
