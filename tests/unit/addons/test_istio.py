"""What a stack chooses of Istio, and does not find in its objects."""

import pytest

from components.addons.bundles import load
from components.addons.istio.mesh import mesh_config, mesh_objects
from components.addons.istio.overlay import Choices, laid_over
from components.addons.istio.spec import IstioSpec

pytestmark = pytest.mark.usefixtures("bundles")

SPEC = IstioSpec.model_validate({"resilience": {"retries": 0, "ejectionErrors": 3}, "traceSampling": 0.5})


def test_without_a_collector_nothing_is_said_of_traces() -> None:
    assert "extensionProviders" not in mesh_config(SPEC, traced=False)
    assert "tracing" not in str(mesh_objects(SPEC, traced=False))


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
