"""An upgrade of Kubernetes that ends half-way at something that the stack's own resources would have told."""

import pytest
import yaml

from automation.upgrade_check import Obstacle, obstacles
from policy.model.resource import Resource
from tests.support.cli import Cli
from tests.support.stack_files import load_stack, load_with_add_ons, planned

EKS = load_stack("eks-prod")


def objects(text: str) -> list[Resource]:
    """Kubernetes objects as the program would register them."""
    found = []
    for body in yaml.safe_load_all(text):
        version = body["apiVersion"] if "/" in body["apiVersion"] else f"core/{body['apiVersion']}"
        type_, name = f"kubernetes:{version}:{body['kind']}", body["metadata"]["name"]
        found.append(Resource(f"urn:pulumi:prod::shop::{type_}::{name}", type_, name, body))
    return found


def seen(to: str, *resources: Resource) -> list[Obstacle]:
    return list(obstacles(EKS, to, resources))


CIDR = """
apiVersion: networking.k8s.io/v1beta1
kind: ServiceCIDR
metadata: {name: more}
spec: {cidrs: [10.9.0.0/16]}
"""
BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
"""
WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: gate}
webhooks:
  - {name: a.example.com, failurePolicy: POLICY, clientConfig: {service: {name: gate, namespace: gate}}}
  - {name: b.example.com, failurePolicy: POLICY, clientConfig: {service: {name: gate, namespace: gate}}}
---
apiVersion: v1
kind: Service
metadata: {name: gate, namespace: gate}
spec: {selector: {app: gate}, ports: [{port: 443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gate, namespace: gate}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: gate}}
  template:
    metadata: {labels: {app: gate, tier: front}}
    spec: {containers: [{name: gate, image: gate}]}
"""


def test_an_object_that_the_version_will_not_serve_blocks_it() -> None:
    assert seen(EKS.cluster.version, *objects(CIDR)) == []
    (found,) = seen("1.37", *objects(CIDR))
    assert found.blocks
    assert found.what == "ServiceCIDR/more apiVersion"
    assert "1.37 does not serve networking.k8s.io/v1beta1" in found.found
    assert found.remedy.startswith("Write apiVersion: networking.k8s.io/v1;")


def test_a_budget_that_lets_no_pod_go_blocks_it() -> None:
    (found,) = seen("1.37", *objects(BUDGET))
    assert found.blocks
    assert found.what.startswith("shop/PodDisruptionBudget/web")


@pytest.mark.parametrize(("to", "step"), [("1.36", True), ("1.37", True), ("1.38", False), ("1.35", False)])
def test_a_step_that_clouds_do_not_take_blocks_it(to: str, step: bool) -> None:
    assert [each.blocks for each in seen(to)] == ([] if step else [True])


@pytest.mark.parametrize(("policy", "replicas", "told"), [("Fail", 1, 1), ("Fail", 2, 0), ("Ignore", 1, 0)])
def test_a_webhook_that_one_pod_answers_is_told_once_and_blocks_nothing(policy: str, replicas: int, told: int) -> None:
    found = seen("1.37", *objects(WEBHOOK.replace("POLICY", policy).replace("REPLICAS", str(replicas))))
    assert [each.what for each in found] == ["ValidatingWebhookConfiguration/gate"] * told
    assert not any(each.blocks for each in found)
    assert all("gate/Deployment/gate" in each.found for each in found)


@pytest.mark.parametrize("stack", ["eks-prod", "gke-prod", "aks-prod"])
def test_nothing_in_the_examples_for_production_is_in_the_way(stack: str) -> None:
    resources = [Resource(it.urn, it.type, it.name, it.inputs) for it in planned(stack).values()]
    spec = load_stack(stack)
    assert not [each for each in obstacles(spec, f"1.{spec.cluster.minor + 1}", resources) if each.blocks]


def test_an_add_on_that_upstream_does_not_say_to_work_with_the_version_is_told_and_blocks_nothing() -> None:
    spec = load_with_add_ons("eks-prod")

    def told(to: str) -> list[str]:
        return [each.what for each in obstacles(spec, to, ()) if "upstream" in each.found and not each.blocks]

    assert told(spec.cluster.version) == []
    assert "polykube:addons.certManager" in told("1.37")


@pytest.mark.needs("engine", "control plane")
def test_the_command_says_so_and_what_comes_next(stack: Cli) -> None:
    said = stack.must("upgrade-check", "dev")
    assert "nothing in dev keeps it from 1.37" in said
    assert "polykube rehearse dev --steps up,upgrade=1.37" in said
