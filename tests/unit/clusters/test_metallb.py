"""MetalLB on hosts that answers for no address, for another one, or with rights and ways in that it does not need."""

import json
from typing import Any, Final

import pytest

from components.contract import Capability
from tests.contract.test_hosts import STACK, changed, differences
from tests.support.registered import Registered, registered

pytestmark = pytest.mark.usefixtures("bundles")
RANGE: Final = "10.20.0.200-10.20.0.220"
BY_METALLB: Final[dict[str, Any]] = {"loadBalancers": {"addresses": [RANGE], "controller": "metallb"}}


def made(**more: Any) -> dict[str, Registered]:
    """What is registered in MetalLB's namespace, by kind and name."""
    everything = registered(changed(BY_METALLB | more), STACK)
    return {
        f"{each.type.rpartition(':')[2]} {each.inputs['metadata']['name']}": each
        for each in everything.values()
        if each.type.startswith("kubernetes:") and "metallb" in str(each.inputs.get("metadata", ""))
    }


def pod(of: Registered) -> Any:
    return of.inputs["spec"]["template"]["spec"]


def test_services_get_the_addresses_of_the_stack_file_from_metallb_alone() -> None:
    objects = made()
    pool, advertised = objects["IPAddressPool hosts"], objects["L2Advertisement hosts"]
    assert pool.inputs["spec"] == {"addresses": [RANGE]}
    assert advertised.inputs["spec"] == {"ipAddressPools": ["hosts"]}
    assert {objects["DaemonSet speaker"].urn, objects["Deployment controller"].urn} <= pool.after
    everything = registered(changed(BY_METALLB), STACK)
    assert not any("kube-vip-cloud-provider" in urn for urn in everything)
    seeds = [each.inputs["seed"] for each in everything.values() if each.inputs.get("role") == "first"]
    assert ["cp_enable" in seed and "svc_enable" not in seed for seed in seeds] == [True]


def test_without_a_virtual_ip_no_kube_vip_is_there() -> None:
    planes = {"hosts": [{"name": "cp-1", "address": "10.20.0.11"}]}
    spec = changed(BY_METALLB | {"controlPlanes": planes})
    alone = spec.cluster.model_copy(update={"virtual_ip": None})
    everything = registered(spec.model_copy(update={"cluster": alone}), STACK)
    (seed,) = (json.loads(each.inputs["seed"]) for each in everything.values() if each.inputs.get("role") == "first")
    assert "/etc/polykube/virtual-ip.yaml" not in seed


def test_it_has_no_webhook_and_no_right_to_change_one() -> None:
    objects = made()
    assert not {key.split()[0] for key in objects} & {"ValidatingWebhookConfiguration", "Service", "Secret"}
    groups = {
        group
        for key, each in objects.items()
        if key.split()[0] in ("Role", "ClusterRole")
        for rule in each.inputs["rules"]
        for group in rule["apiGroups"]
    }
    assert groups
    assert not groups & {"admissionregistration.k8s.io", "apiextensions.k8s.io"}
    assert objects["CustomResourceDefinition bgppeers.metallb.io"].inputs["spec"]["conversion"] == {"strategy": "None"}
    assert "--webhook-mode=disabled" in pod(objects["Deployment controller"])["containers"][0]["args"]


def test_its_namespace_has_the_guardrails_of_add_ons() -> None:
    objects = made()
    labels = objects["Namespace metallb-system"].inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"  # the speakers are on the hosts' network
    assert {"ResourceQuota quota", "LimitRange limits", "NetworkPolicy default-deny"} <= objects.keys()
    egress = objects["NetworkPolicy metallb.api-egress"].inputs["spec"]
    selected = egress["podSelector"]["matchLabels"]
    assert selected.items() <= objects["Deployment controller"].inputs["spec"]["selector"]["matchLabels"].items()
    assert [port["port"] for port in egress["egress"][0]["ports"]] == [443, 6443]


def test_its_pods_are_bounded_show_no_metrics_and_run_where_they_have_to() -> None:
    objects = made()
    controller, speaker = pod(objects["Deployment controller"]), pod(objects["DaemonSet speaker"])
    for each in (controller, speaker):
        (container,) = each["containers"]
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}
        assert [arg for arg in container["args"] if arg.startswith("--port")] == ["--port=0"]
        assert not any(port["containerPort"] == 9120 for port in container["ports"])
    assert controller["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert controller["nodeSelector"] == {"node-role.kubernetes.io/control-plane": ""}
    assert speaker["tolerations"] == [{"operator": "Exists"}]


@pytest.mark.parametrize(
    ("other", "answers"),
    [
        ({}, False),
        ({"controlPlanes.takesPods": True}, True),
        ({"nodePools": [], "controlPlanes.takesPods": True}, True),
    ],
)
def test_control_planes_answer_where_pods_run_there(other: dict[str, Any], *, answers: bool) -> None:
    (container,) = pod(made(**other)["DaemonSet speaker"])["containers"]
    assert ("--ignore-exclude-lb" in container["args"]) == answers


def test_the_cluster_has_load_balancers() -> None:
    assert Capability.LOAD_BALANCERS in changed(BY_METALLB).cluster.capabilities


@pytest.mark.parametrize(
    ("had", "now", "refused"),
    [
        ("kube-vip", "metallb", True),
        ("metallb", "kube-vip", True),
        ("none", "kube-vip", True),
        ("none", "metallb", False),
        ("metallb", "none", False),
        ("kube-vip", "kube-vip", False),
    ],
)
def test_what_runs_on_control_planes_stays(had: str, now: str, *, refused: bool) -> None:
    """kube-vip is a file on each of them, which nobody writes again."""
    cluster = changed(
        {"loadBalancers": {"addresses": [RANGE], "controller": "metallb" if now == "none" else now}}
    ).cluster
    after = cluster.model_copy(update={"load_balancers": None}) if now == "none" else cluster
    assert after.keeps("loadBalancers.controller", had) != refused


def test_another_controller_is_told_by_its_key() -> None:
    assert differences(changed(BY_METALLB)) == {"loadBalancers.controller"}
