"""A mistake in a stack that only shows in production: each is planted, and has to be seen in a preview.

A dozen tenants like the shop of the stack `dev`, each with one mistake in its workload, go through one real
preview. The rest of `dev` goes along, unchanged: nothing mandatory may be said of it.
"""

import copy
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from automation.environment import POLICY_PACK
from common.paths import CHECKOUT
from rehearsal.control_plane import ControlPlane
from tests.support.stack import Stack, dev_spec, make_stack

Objects = dict[str, dict[str, Any]]
Mistake = Callable[[Objects], None]


def container(objects: Objects) -> dict[str, Any]:
    found: dict[str, Any] = objects["frontend"]["spec"]["template"]["spec"]["containers"][0]
    return found


def added(api_version: str, kind: str, **fields: Any) -> Mistake:
    def plant(objects: Objects) -> None:
        objects["planted"] = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "planted"}, **fields}

    return plant


def policy(**spec: Any) -> Mistake:
    return added("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, **spec})


RBAC: Final = "rbac.authorization.k8s.io"
AUTOSCALED: Final = {"minReplicas": 1, "maxReplicas": 9, "metrics": []}
TARGET: Final = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "frontend"}
PLANTED: Final[Mapping[str, tuple[str, Mistake]]] = {
    "newest": ("image", lambda objects: container(objects).update(image="nginx:latest")),
    "unlimited": ("container-resources", lambda objects: container(objects).update(resources={})),
    "privileged": ("pss-baseline", lambda objects: container(objects)["securityContext"].update(privileged=True)),
    "token": (
        "sa-token",
        lambda objects: objects["frontend"]["spec"]["template"]["spec"].pop("automountServiceAccountToken"),
    ),
    "third-pod": ("quota-fits", lambda objects: objects["frontend"]["spec"].update(replicas=2)),
    "surge": ("quota-surge", lambda objects: objects["frontend"]["spec"].pop("strategy")),
    "scaled": (
        "quota-hpa-max",
        added("autoscaling/v2", "HorizontalPodAutoscaler", spec={**AUTOSCALED, "scaleTargetRef": TARGET}),
    ),
    "stuck": (
        "pdb-sane",
        added("policy/v1", "PodDisruptionBudget", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "db"}}}),
    ),
    "open": ("no-allow-all", policy(ingress=[{}])),
    "metadata": ("forbidden-flows", policy(egress=[{"to": [{"ipBlock": {"cidr": "169.254.0.0/16"}}]}])),
    "public": ("no-public-svc", lambda objects: objects["frontend-service"]["spec"].update(type="LoadBalancer")),
    "wildcard": (
        "no-rbac-wildcard",
        added(f"{RBAC}/v1", "Role", rules=[{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}]),
    ),
    "admin": (
        "no-cluster-admin",
        added(
            f"{RBAC}/v1",
            "RoleBinding",
            roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            subjects=[],
        ),
    ),
}
"""By tenant: the rule that has to see the mistake, and the mistake."""


def workload() -> Objects:
    """The shop's objects, by name; Services have `-service` behind it."""
    bodies = [
        body
        for file in sorted((CHECKOUT / "examples" / "shop").glob("*.yaml"))
        for body in yaml.safe_load_all(file.read_text())
    ]
    return {body["metadata"]["name"] + "-service" * (body["kind"] == "Service"): body for body in bodies}


def tenants(shop: dict[str, Any], directory: Path) -> Iterator[dict[str, Any]]:
    """A tenant for each mistake, like `shop` but for it."""
    for name, (_, mistake) in PLANTED.items():
        objects = workload()
        mistake(objects)
        file = directory / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all(list(objects.values())))
        yield copy.deepcopy(shop) | {"name": name, "group": name, "manifests": [str(file)]}


@dataclass(frozen=True)
class Preview:
    """Rule, level and message of each finding, and the URNs of what a remedy changes, by rule."""

    findings: list[tuple[str, str, str]]
    mended: dict[str, set[str]]


def previewed(stack: Stack, log: Path) -> Preview:
    stack.engine.environment["PULUMI_DEBUG_COMMANDS"] = "true"  # for --event-log
    stack.engine.run("preview", "--stack", "dev", "--policy-pack", str(POLICY_PACK), "--event-log", str(log))
    found, mended = [], defaultdict(set)
    for event in map(json.loads, log.read_text().splitlines()):
        if said := event.get("policyEvent"):
            found.append((said["policyName"], said["enforcementLevel"], said["message"]))
        if remedy := event.get("policyRemediationEvent"):
            mended[remedy["policyName"]].add(remedy["resourceUrn"])
    return Preview(found, mended)


@pytest.fixture(scope="module")
def preview(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Preview:
    root = tmp_path_factory.mktemp("planted")
    stack = make_stack(root)
    spec = dev_spec(control_plane.name)
    spec["tenants"] += list(tenants(spec["tenants"][0], root))
    spec["policy"] = {"options": {"tags": {"labels": {"team": "platform"}}}}
    stack.write(spec)
    return previewed(stack, root / "events.json")


@pytest.mark.parametrize("tenant", PLANTED)
def test_a_preview_shows_the_mistake(tenant: str, preview: Preview) -> None:
    rule, _ = PLANTED[tenant]
    assert rule in {name for name, _, message in preview.findings if message.startswith(f"{tenant}/")}


def test_nothing_is_said_of_what_has_no_mistake(preview: Preview) -> None:
    wrong = tuple(start for tenant in PLANTED for start in (f"{tenant}/", f"Namespace/{tenant}:"))
    mandatory = [message for _, level, message in preview.findings if level == "mandatory"]
    assert [message for message in mandatory if not message.startswith(wrong)] == []


def test_a_preview_shows_what_up_will_put_right(preview: Preview) -> None:
    assert any(urn.endswith("::shop/frontend") for urn in preview.mended["tags"])
