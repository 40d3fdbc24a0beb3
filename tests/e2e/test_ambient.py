"""Ambient mode that is not admitted, or in which pods and their waypoint do not reach each other.

The example stack with a mesh whose proxies are on the nodes, and istiod itself on it; the tests build on each other in
the order in which they stand.
"""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from common.reachability import Address, Network, Pod, Ports
from rehearsal.control_plane import ControlPlane
from tests.support.addons import TEAM, spec_with_add_ons
from tests.support.api import Api, Object
from tests.support.census import Census, until_census_is
from tests.support.istiod import running_istiod
from tests.support.stack import Stack, make_passing_stack

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("bundles")]

GATEWAY = f"/apis/gateway.networking.k8s.io/v1/namespaces/{TEAM}/gateways/waypoint"
TUNNEL = Ports.of("TCP", 15008)
WAYPOINT = {"gateway.networking.k8s.io/gateway-name": "waypoint"}


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census) -> Iterator[Stack]:
    assert before, "taken before anything is made"
    stack = make_passing_stack(tmp_path_factory.mktemp("ambient"))
    spec = spec_with_add_ons(control_plane.name)
    istio = {"mode": "ambient", "tenants": [TEAM, "shop"], "waypoints": [TEAM]}
    kept = {name: spec["addons"][name] for name in ("certManager", "ingress")}
    stack.write(spec | {"addons": {"istio": istio, **kept}})
    stack.must_up()
    yield stack
    stack.destroy()


def is_programmed(gateway: Object) -> bool:
    conditions = gateway.get("status", {}).get("conditions", ())
    return any(each["type"] == "Programmed" and each["status"] == "True" for each in conditions)


def test_a_proxy_runs_on_every_node_and_a_preview_then_shows_no_change(stack: Stack, api: Api) -> None:
    nodes = len(api.list("/api/v1/nodes"))
    for daemons in ("ztunnel", "istio-cni-node"):
        status = api.get(f"/apis/apps/v1/namespaces/istio-cni/daemonsets/{daemons}")["status"]
        assert status["numberReady"] == status["desiredNumberScheduled"] == nodes
    assert stack.changes() == {}


def test_pods_of_a_rule_and_of_a_waypoint_reach_each_other_through_the_tunnel_and_others_do_not(
    stack: Stack, api: Api
) -> None:
    del stack
    namespaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in api.list("/api/v1/namespaces")}
    network = Network(namespaces, api.list("/apis/networking.k8s.io/v1/networkpolicies"))
    assert namespaces["shop"]["istio.io/dataplane-mode"] == "ambient"
    assert "istio.io/use-waypoint" not in namespaces["shop"]
    frontend, db = Pod("shop", {"app": "frontend"}), Pod("shop", {"app": "db"})
    assert network.allowed(frontend, db) >= TUNNEL
    assert not network.allowed(db, frontend)
    web, waypoint = Pod(TEAM, {}), Pod(TEAM, WAYPOINT)
    assert network.allowed(web, waypoint) >= TUNNEL
    assert network.allowed(waypoint, web) >= TUNNEL
    assert not network.allowed(frontend, web)
    assert network.allowed(Address(ip_network("169.254.7.127/32")), web)


def test_istiod_makes_a_waypoint_that_fits_limits_quota_and_pod_security(
    stack: Stack, api: Api, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("istiod")
    deployment = f"/apis/apps/v1/namespaces/{TEAM}/deployments/waypoint"
    with running_istiod(control_plane.kubeconfig, directory, api, PILOT_ENABLE_AMBIENT="true") as istiod:
        assert istiod.mesh_config()["defaultConfig"]["proxyMetadata"]["ISTIO_META_ENABLE_HBONE"] == "true"
        made = api.until(deployment, lambda found: found.get("status", {}).get("readyReplicas") == 1)
        (container,) = made["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == {"cpu": "400m", "memory": "128Mi"}
        api.until(GATEWAY, is_programmed)
        assert "update" not in stack.changes("--refresh", "--target", "**waypoint").values()


def test_it_leaves_nothing_when_the_stack_is_destroyed(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    stack.destroy()
    until_census_is(control_plane.kubeconfig, before)
