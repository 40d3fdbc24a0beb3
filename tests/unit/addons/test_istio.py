"""Mesh-wide objects that Istio refuses, and a rendering that is not what upstream's tool prints today."""

import subprocess
from pathlib import Path

import pytest
import yaml

from automation.bundles import render
from common.errors import ToolchainError
from components.addons.bundles import load, read_bundles
from components.addons.istio.mesh import mesh_config, mesh_objects
from components.addons.istio.overlay import Choices, laid_over
from components.addons.istio.spec import IstioSpec
from rehearsal.toolchain import ensure

pytestmark = pytest.mark.usefixtures("bundles")

SPEC = IstioSpec.model_validate({"resilience": {"retries": 0, "ejectionErrors": 3}, "traceSampling": 0.5})
MULTI = IstioSpec.model_validate({"mesh": {"id": "shop", "network": "here", "addresses": ["10.0.0.0/8"]}})


def istioctl(*arguments: str) -> None:
    """Run istioctl, which has to find nothing wrong."""
    command = [str(ensure(["istioctl"])["istioctl"].path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("spec", "traced"), [(SPEC, True), (SPEC, False), (MULTI, False)])
def test_istioctl_finds_nothing_wrong_with_the_mesh_wide_objects(tmp_path: Path, spec: IstioSpec, traced: bool) -> None:
    objects = mesh_objects(spec, traced=traced)
    for each in objects:
        each["metadata"]["namespace"] = "istio-system"
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump_all(objects))
    (tmp_path / "mesh.yaml").write_text(yaml.safe_dump(mesh_config(spec, traced=traced)))
    istioctl("validate", "-f", str(tmp_path / "objects.yaml"))
    mesh = str(tmp_path / "mesh.yaml")
    istioctl("analyze", "--use-kube=false", "--meshConfigFile", mesh, str(tmp_path / "objects.yaml"))


def test_without_a_collector_nothing_is_said_of_traces() -> None:
    assert "extensionProviders" not in mesh_config(SPEC, traced=False)
    assert "tracing" not in str(mesh_objects(SPEC, traced=False))


@pytest.mark.parametrize("name", read_bundles())
def test_each_bundle_is_rendered_as_it_was_accepted(name: str) -> None:
    bundle = read_bundles()[name]
    try:
        assert bundle.accepts(render(bundle))
    except ToolchainError:
        if not bundle.stand_in:
            raise
        pytest.skip(f"{bundle.module} is out of reach here")


def test_copies_of_istiod_scale_and_a_single_one_does_not() -> None:
    kinds = {
        replicas: {changed["kind"] for each in load("istio") if (changed := laid_over(each, choices(replicas)))}
        for replicas in (1, 2)
    }
    assert kinds[2] - kinds[1] == {"HorizontalPodAutoscaler"}


def test_the_plugin_goes_where_the_cluster_has_its_plugins() -> None:
    (daemons,) = [laid_over(each, choices(1)) for each in load("istio") if each["kind"] == "DaemonSet"]
    assert daemons
    paths = [volume["hostPath"]["path"] for volume in daemons["spec"]["template"]["spec"]["volumes"]]
    assert "/plugins" in paths
    assert "/opt/cni/bin" not in paths


def choices(replicas: int) -> Choices:
    return Choices(SPEC, replicas, traced=True, plugins="/plugins")
