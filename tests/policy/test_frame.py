"""A rule that is silent though it could not see, a level that changes nothing, leave that lets too much pass."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.policy.analysis import Analysis, Found, State
from tests.policy.cases import UNKNOWN_VALUE

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
WAIVER = {
    "rule": "container-resources",
    "resource": "shop/Deployment/legacy-*",
    "reason": "it is going away",
    "owner": "shop-developers",
    "expires": "2999-12-31",
}


def deployment(name: str = "legacy-app", namespace: str = "shop", containers: Any = None) -> dict[str, Any]:
    """A Deployment whose container states no resources."""
    template = {"spec": {"containers": [{"name": "app"}] if containers is None else containers}}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


def config_map(namespace: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it", "namespace": namespace}}


def found(analysis: Analysis, *bodies: dict[str, Any], rule: str, **arguments: Any) -> list[Found]:
    """What `rule`, or the pack itself, says of objects."""
    state = State()
    for body in bodies:
        state.add(body, **arguments)
    return [each for each in analysis.run(state) if each.rule in (rule, "policy-pack")]


@pytest.fixture
def waivers(analysis: Analysis) -> Iterator[Any]:
    """A function that writes the waiver file of the project."""
    file = analysis.project / "policy" / "waivers.yaml"
    file.parent.mkdir(exist_ok=True)
    yield lambda *entries: file.write_text(yaml.safe_dump(list(entries)))
    file.unlink(missing_ok=True)


def test_an_unknown_value_is_a_finding_that_names_it(analysis: Analysis) -> None:
    said = found(
        analysis, deployment(containers=[{"name": "app", "resources": UNKNOWN_VALUE}]), rule="container-resources"
    )
    assert [(each.rule, each.level) for each in said] == [
        ("container-resources", "advisory"),
        ("policy-pack", "advisory"),
    ]
    named = "spec.template.spec.containers[0].resources of 1"
    assert said[0].message.startswith(
        f"shop/Deployment/legacy-app: container-resources is undetermined until up, as {named} is not known yet"
    )
    assert (
        "1 mandatory verdicts are open until up: container-resources on shop/Deployment/legacy-app" in said[1].message
    )


def test_an_unknown_value_costs_no_other_finding(analysis: Analysis) -> None:
    said = found(
        analysis,
        config_map("default"),
        deployment(containers=UNKNOWN_VALUE),
        deployment("b"),
        rule="container-resources",
    )
    assert [each.level for each in said if each.rule == "container-resources"] == ["advisory", "mandatory"]


def test_an_object_that_cannot_be_read_is_named_once_and_costs_no_other_finding(analysis: Analysis) -> None:
    said = found(analysis, deployment(containers="none"), deployment("b"), rule="container-resources")
    assert [(each.rule, each.level) for each in said] == [
        ("policy-pack", "mandatory"),
        ("container-resources", "mandatory"),
    ]
    unreadable = "spec.template.spec.containers is the text 'none', and the API server takes a list"
    assert said[0].message.startswith(f"shop/Deployment/legacy-app {unreadable}")
    assert said[1].message.startswith("shop/Deployment/b ")


def test_a_rule_that_raises_is_a_finding_with_its_name(analysis: Analysis) -> None:
    cluster = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "metadata": {"name": "it"}}
    said = found(analysis, cluster | {"apiServer": "none"}, rule="kubeadm-flags")
    assert [each.level for each in said] == ["mandatory"]
    assert "the rule kubeadm-flags itself failed with AttributeError" in said[0].message


@pytest.mark.parametrize("level", ["advisory", "mandatory", "disabled"])
def test_a_level_of_the_command_line_is_the_rules(analysis: Analysis, level: str) -> None:
    state = State()
    state.add(config_map("default"))
    said = analysis.run(state, {"no-default-ns": level})
    levels = [each.level for each in said if each.rule == "no-default-ns"]
    assert levels == ([] if level == "disabled" else [level])


def test_a_rule_that_cannot_mend_cannot_be_told_to(analysis: Analysis) -> None:
    refused = analysis.refused(State(), {"no-default-ns": "remediate"})
    assert "PK512: the rule no-default-ns cannot have this level" in refused


def test_a_waiver_lets_pass_what_it_names_and_is_listed(analysis: Analysis, waivers: Any) -> None:
    waivers(WAIVER)
    said = found(analysis, deployment(), deployment("frontend"), rule="container-resources")
    assert [(each.rule, each.level) for each in said] == [
        ("container-resources", "mandatory"),
        ("policy-pack", "advisory"),
    ]
    assert said[0].message.startswith("shop/Deployment/frontend ")
    assert said[1].message.startswith(
        "shop/Deployment/legacy-app breaks container-resources by the waiver of container-resources for "
        "shop/Deployment/legacy-* (shop-developers, until 2999-12-31: it is going away)"
    )


def test_an_expired_waiver_lets_nothing_pass_and_fails_the_run(analysis: Analysis, waivers: Any) -> None:
    waivers(WAIVER | {"expires": "2026-01-31"})
    said = found(analysis, deployment(), rule="container-resources")
    assert [(each.rule, each.level) for each in said] == [
        ("container-resources", "mandatory"),
        ("policy-pack", "mandatory"),
    ]
    assert "until 2026-01-31" in said[1].message
    assert "has expired" in said[1].message


def test_an_unused_waiver_is_a_warning(analysis: Analysis, waivers: Any) -> None:
    waivers(WAIVER)
    said = found(analysis, config_map("shop"), rule="container-resources")
    assert [(each.rule, each.level) for each in said] == [("policy-pack", "advisory")]
    assert "lets nothing pass. Remove it." in said[0].message


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({key: value for key, value in WAIVER.items() if key != "owner"}, "[0].owner"),
        (WAIVER | {"expires": "soon"}, "[0].expires"),
        (WAIVER | {"owner": 5}, "[0].owner"),
        (WAIVER | {"reason": ""}, "[0].reason"),
        (WAIVER | {"rule": "no-such-rule"}, "[0].rule"),
        (WAIVER | {"expiry": "2999-12-31"}, "[0].expiry"),
        ("container-resources", "[0]"),
    ],
)
def test_a_waiver_that_is_not_whole_stops_the_run(
    analysis: Analysis, waivers: Any, entry: object, problem: str
) -> None:
    waivers(entry)
    refused = analysis.refused(State())
    assert "PK514: a waiver cannot be read" in refused
    assert f"policy/waivers.yaml at {problem}" in refused


def test_an_exemption_holds_below_its_add_on_only(analysis: Analysis) -> None:
    exemption = {"rule": "container-resources", "reason": "upstream", "owner": "platform", "expires": "2999-12-31"}
    state = State()
    state.add_resource("polykube:addons:Mesh", "mesh", {"exemptions": [exemption]})
    inside = state.add(deployment("a"), below="polykube:addons:Mesh")
    outside = state.add(deployment("b"), below="polykube:addons:Other")
    by_rule = {(each.rule, each.urn) for each in analysis.run(state)}
    assert ("container-resources", outside) in by_rule
    assert ("container-resources", inside) not in by_rule


def test_an_exemption_of_no_add_on_holds_nowhere(analysis: Analysis) -> None:
    exemption = json.loads('{"rule": "container-resources", "reason": "-", "owner": "-", "expires": "2999-12-31"}')
    state = State()
    state.add_resource("my:own:Component", "mine", {"exemptions": [exemption]})
    inside = state.add(deployment("a"), below="my:own:Component")
    assert inside in {each.urn for each in analysis.run(state) if each.rule == "container-resources"}


def test_the_namespaces_of_add_ons_are_no_tenants(analysis: Analysis) -> None:
    state = State()
    for name, below in (("shop", ""), ("log-agents", "polykube:addons:Logging"), ("lab", "my:addons:Logging")):
        state.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, below=below)
    said = {each.message.split(";")[0] for each in analysis.run(state) if each.rule == "forbidden-flows"}
    assert "Namespace/shop: its pods can reach pods of other tenants: any pod in lab on every port" in said
    assert not any("log-agents" in each for each in said)


@pytest.mark.parametrize(("unavailable", "level"), [(1, "advisory"), (0, "mandatory")])
def test_a_rollout_that_goes_on_without_room_stops_nothing(analysis: Analysis, unavailable: int, level: str) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": "shop"}}
    web = deployment("web", containers=[{"name": "app", "image": "nginx:1.29"}])
    web["spec"] |= {"replicas": 2, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": unavailable}}}
    said = found(analysis, quota | {"spec": {"hard": {"pods": "2"}}}, web, rule="quota-surge")
    assert [each.level for each in said if each.rule == "quota-surge"] == [level]
