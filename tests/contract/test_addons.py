"""An add-on that breaks a promise on which order, guardrails and policies lean (rules in components/contract.py).

The rules run over every registered add-on: each needs an entry in `tests/support/addons.py` and a page.
"""

import re
from datetime import date
from ipaddress import ip_network
from itertools import product
from pathlib import Path
from typing import Any, Final, get_args
from unittest.mock import patch

import pytest
import yaml

from common.errors import StackFileError
from common.paths import CHECKOUT
from common.reachability import Address, Endpoint, Network, Pod, Ports
from components.addons import ADDONS, INTERNAL
from components.addons.addon import AddOn, AddOnType, InstallContext, Installed
from components.addons.csi_snapshotter import CsiSnapshotter
from components.addons.health import Answers, Available, WorkloadKind
from components.clusters.base import ClusterBase
from components.contract import BuiltIn, Facility
from components.naming import NAME_LABEL, component_type
from components.platform.flows import TENANTS, Addresses, Side
from policy.rules import RULES
from spec.problems import Code, quoted
from spec.values import Secret
from stacks.loading import load_file, warnings_of
from tests.support.addons import OPTIONS, spec_of_all
from tests.support.registered import registered
from tests.support.stack import dev_spec
from tests.support.stack_files import of_add_on

pytestmark = pytest.mark.usefixtures("bundles")

EACH = pytest.mark.parametrize("add_on", ADDONS, ids=lambda add_on: add_on.name)
LONGEST_EXEMPTION = 2  # years
EXTERNAL: Final = {"url": "https://logs.example.test:9243", "user": "polykube", "password": Secret("hunter2")}
TENANTS_OF_DEV = ("shop", "lab")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the program registers for a stack with every add-on."""
    made = registered(spec_of_all(tmp_path_factory.mktemp("contract"))).values()
    return [{"type": each.type, "urn": each.urn, "inputs": each.inputs} for each in made]


@pytest.fixture(scope="module")
def network(planned: list[dict[str, Any]]) -> Network:
    """What the planned NetworkPolicies let through."""
    objects = [state["inputs"] for state in planned if state["type"].startswith("kubernetes:")]
    namespaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in objects if is_a("Namespace", each)}
    return Network(namespaces, [each for each in objects if is_a("NetworkPolicy", each)])


def is_a(kind: str, manifest: dict[str, Any]) -> bool:
    return bool(manifest.get("kind") == kind)


def objects_of(add_on: AddOnType, planned: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The Kubernetes objects below the add-on's component."""
    component = f"{component_type('addons', add_on.__name__)}$kubernetes:"
    return [state for state in planned if component in state["urn"]]


@EACH
def test_a1_what_it_depends_on_or_is_installed_after_comes_before_it(add_on: AddOnType) -> None:
    plan = add_on(add_on.spec_type.model_validate(OPTIONS[add_on.key()]))
    earlier = {*plan.depends_on(), *plan.install_after()}
    order = [each.spec_type for each in (*INTERNAL, *ADDONS)]
    assert {*earlier, *add_on.conflicts} <= {*order} - {add_on.spec_type}
    assert all(order.index(other) < order.index(add_on.spec_type) for other in earlier), (
        "ADDONS is the order of installation"
    )


def test_c7_an_add_on_states_the_capability_of_each_facility_that_it_asks_for(tmp_path: Path) -> None:
    installing: list[AddOn[Any]] = []
    asked: list[tuple[AddOn[Any], type[Facility]]] = []
    install, facility = AddOn.install, ClusterBase.facility

    def recorded_install(add_on: AddOn[Any], context: InstallContext) -> Installed:
        installing.append(add_on)
        return install(add_on, context)

    def recorded_facility(cluster: ClusterBase, kind: type[Facility]) -> Facility:
        asked.append((installing[-1], kind))
        return facility(cluster, kind)

    with patch.object(AddOn, "install", recorded_install), patch.object(ClusterBase, "facility", recorded_facility):
        registered(spec_of_all(tmp_path))
    assert {kind for _, kind in asked} == {*Facility.__subclasses__()}
    assert [(add_on.name, kind) for add_on, kind in asked if kind.capability not in add_on.capabilities()] == []


@EACH
def test_a2_everything_of_it_is_in_its_own_namespaces(add_on: AddOnType, planned: list[dict[str, Any]]) -> None:
    metadata = [state["inputs"]["metadata"] for state in objects_of(add_on, planned)]
    assert metadata
    used = {each["namespace"] for each in metadata if "namespace" in each}
    assert used == {namespace.name for namespace in add_on.namespaces}


def test_a2_no_tenant_can_have_a_namespace_of_an_add_on(tmp_path: Path) -> None:
    names = sorted({namespace.name for each in ADDONS for namespace in each.namespaces})
    spec = dev_spec("local")
    spec["tenants"] = [{**spec["tenants"][0], "name": name, "manifests": []} for name in names]
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"config": {f"polykube:{key}": value for key, value in spec.items()}}))
    with pytest.raises(StackFileError) as refused:
        load_file(file)
    found = [(each.code, each.found) for each in refused.value.problems]
    assert found == [(Code.RESERVED_NAME.id, quoted(name)) for name in names]


@EACH
def test_a3_exemptions_are_of_rules_that_there_are_and_end_within_two_years(add_on: AddOnType) -> None:
    known = {rule.id for rule in RULES}
    today = date.today()  # noqa: DTZ011 - a day is enough
    for exemption in add_on.exemptions:
        assert exemption.rule in known
        assert exemption.reason
        assert exemption.owner
        assert today < exemption.expires < today.replace(year=today.year + LONGEST_EXEMPTION)


@EACH
def test_a4_every_port_of_its_webhooks_is_one_that_the_api_server_may_reach(
    add_on: AddOnType, planned: list[dict[str, Any]]
) -> None:
    objects = [state["inputs"] for state in objects_of(add_on, planned)]
    services = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each["spec"]["ports"]
        for each in objects
        if each["kind"] == "Service"
    }
    called = [webhook["clientConfig"]["service"] for each in objects for webhook in each.get("webhooks", ())]
    called += [each["spec"]["service"] for each in objects if each["kind"] == "APIService"]
    for service in called:
        ports = services[service["namespace"], service["name"]]
        (port,) = (each for each in ports if each["port"] == service.get("port", 443))
        assert numbers(port["targetPort"], objects) <= set(add_on.ports_from_control_plane)


@EACH
def test_a5_every_workload_and_every_service_that_is_called_is_in_its_health(
    add_on: AddOnType, planned: list[dict[str, Any]]
) -> None:
    objects = [state["inputs"] for state in objects_of(add_on, planned)]
    checks = set(add_on(add_on.spec_type.model_validate(OPTIONS[add_on.key()])).health(()))
    assert {each for each in checks if isinstance(each, Available)} == workloads(objects)
    called = [webhook["clientConfig"]["service"] for each in objects for webhook in each.get("webhooks", ())]
    called += [each["spec"]["service"] for each in objects if each["kind"] == "APIService"]
    assert {each for each in checks if isinstance(each, Answers)} == {
        Answers(each["namespace"], each["name"]) for each in called
    }


@pytest.mark.parametrize(
    ("add_on", "options"),
    [
        ("istio", {"mode": "ambient"}),
        ("istio", {"canary": {}}),
        ("logging", {"external": EXTERNAL}),
        ("tracing", {}),
        ("tracing", {"retentionDays": 3, "external": EXTERNAL}),
    ],
)
def test_a5_its_options_change_what_there_is_and_so_its_health(add_on: str, options: dict[str, Any]) -> None:
    (which,) = (each for each in ADDONS if each.key() == add_on)
    objects = [dict(each.inputs) for each in of_add_on("eks-prod", add_on, **options).values()]
    checks = which(which.spec_type.model_validate(options)).health(())
    assert {each for each in checks if isinstance(each, Available)} == workloads(objects)


def test_a5_the_snapshots_of_a_cluster_that_has_them_itself_are_not_ours_to_be_well() -> None:
    assert list(CsiSnapshotter(CsiSnapshotter.spec_type()).health({BuiltIn.SNAPSHOTS})) == []


def workloads(objects: list[dict[str, Any]]) -> set[Available]:
    """Those among `objects` that have pods as long as they are there."""
    return {
        Available(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"])
        for each in objects
        if each.get("kind") in get_args(WorkloadKind)
    }


def numbers(port: float | str, objects: list[dict[str, Any]]) -> set[float]:
    """The port, or those that containers of `objects` call by this name."""
    templates = [each["spec"]["template"]["spec"] for each in objects if "template" in each.get("spec", {})]
    containers = [container for template in templates for container in template["containers"]]
    named = {each["containerPort"] for one in containers for each in one.get("ports", ()) if each["name"] == port}
    return (named or {0}) if isinstance(port, str) else {port}


def ends(side: Side) -> list[Endpoint]:
    """What stands for a side of a flow: each tenant's pods, an add-on's, or an address outside."""
    if isinstance(side, Addresses):
        return [Address(ip_network("203.0.113.1/32"))]
    namespaces = TENANTS_OF_DEV if side.namespace == TENANTS else (side.namespace,)
    return [Pod(namespace, side.labels) for namespace in namespaces]


@EACH
def test_each_flow_that_it_needs_is_open_at_both_ends(add_on: AddOnType, network: Network) -> None:
    for flow in add_on(add_on.spec_type.model_validate(OPTIONS[add_on.key()])).all_flows():
        for source, destination in product(ends(flow.source), ends(flow.destination)):
            for port in flow.ports:
                assert network.allowed(source, destination) >= Ports.of("TCP", port), f"{flow.name}: {port}"


def test_tenants_reach_the_collector_of_traces_and_who_tells_proxies_and_nothing_else_of_the_add_ons(
    network: Network, planned: list[dict[str, Any]]
) -> None:
    pods = {
        Pod(each["inputs"]["metadata"]["namespace"], template["labels"])
        for add_on in ADDONS
        for each in objects_of(add_on, planned)
        if (template := each["inputs"].get("spec", {}).get("template", {}).get("metadata"))
    }
    reached = {
        (pod.labels[NAME_LABEL], str(ports))
        for pod, tenant in product(pods, TENANTS_OF_DEV)
        if (ports := network.allowed(Pod(tenant, {}), pod))
    }
    assert reached == {("istiod", "TCP 15012"), ("jaeger", "TCP 4317-4318")}


def test_add_ons_open_nothing_between_tenants(network: Network) -> None:
    one, other = TENANTS_OF_DEV
    assert not network.allowed(Pod(one, {}), Pod(other, {}))
    assert not network.allowed(Pod(other, {}), Pod(one, {}))


@pytest.mark.parametrize("add_on", [*ADDONS, *INTERNAL], ids=lambda add_on: add_on.name)
def test_it_says_of_which_release_upstream_named_which_versions_of_kubernetes(add_on: AddOnType) -> None:
    minor = re.escape(".".join(add_on.version.split(".")[:2]))
    assert re.match(r"[\w-]+/[\w.-]+[ ,:]", add_on.kubernetes.source), "upstream's repository first"
    assert re.search(rf"\b{minor}\b", add_on.kubernetes.source.replace(" v", " ")), "read it anew for this release"


def test_our_own_stacks_run_no_add_on_in_a_version_of_kubernetes_that_upstream_does_not_name() -> None:
    warned = {
        (file.name, problem.where): problem.found
        for file in CHECKOUT.glob("Pulumi.*.yaml")
        for problem in warnings_of(load_file(file))
    }
    assert warned == {}


@EACH
def test_it_has_a_page(add_on: AddOnType) -> None:
    page = (CHECKOUT / "docs" / "addons" / f"{add_on.name}.md").read_text(encoding="utf-8")
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["What you get", "Options", "See it work", "Upgrade", "Remove"]
