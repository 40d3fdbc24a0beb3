"""Mesh-wide objects that Istio refuses."""

import subprocess
from pathlib import Path

import pytest
import yaml

from components.addons.istio.mesh import mesh_config, mesh_objects
from components.addons.istio.spec import IstioSpec
from rehearsal.toolchain import ensure

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
