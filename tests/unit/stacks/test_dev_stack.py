"""The example stack drifting from the numbers it is there to show, or from what its own limits allow."""

from pathlib import Path
from typing import Any

import pytest

from common.paths import CHECKOUT
from common.quantity import parse
from components.clusters.local import LocalSpec
from components.platform.tenants import TenantSpec
from spec.manifests import Manifest, read_manifests
from stacks.config import StackSpec
from stacks.loading import load_file
from tests.unit.stacks.engine import make_project

DEV = CHECKOUT / "Pulumi.dev.yaml"


@pytest.fixture(scope="module")
def spec() -> StackSpec:
    return load_file(DEV)


@pytest.fixture(scope="module")
def shop(spec: StackSpec) -> TenantSpec:
    return spec.tenants[0]


@pytest.fixture(scope="module")
def workload(shop: TenantSpec) -> list[Manifest]:
    manifests, findings = read_manifests(shop.manifests)
    assert findings == []
    return manifests


def pods(workload: list[Manifest]) -> list[dict[str, Any]]:
    templates = [m.body["spec"]["template"] for m in workload if "template" in m.body.get("spec", {})]
    return [template["spec"] for template in templates]


def test_two_pools_of_which_the_system_pool_is_tainted(spec: StackSpec) -> None:
    assert isinstance(spec.cluster, LocalSpec)
    pools = {pool.name: (pool.nodes, [taint.effect for taint in pool.taints]) for pool in spec.cluster.node_pools}
    assert pools == {"system": (1, ["NoSchedule"]), "general": (3, [])}
    assert spec.cluster.name == "dev"


def test_the_quota_is_the_documented_one(shop: TenantSpec) -> None:
    quota = shop.quota
    assert quota.pods == 2
    assert quota.requests.amounts() == {"cpu": parse("1"), "memory": parse("20Mi")}
    assert quota.limits.amounts() == {"cpu": parse("2"), "memory": parse("2Gi")}
    counts = (quota.config_maps, quota.persistent_volume_claims, quota.secrets, quota.services, quota.load_balancers)
    assert counts == (10, 4, 10, 10, 2)
    assert [(limit.name, limit.storage) for limit in quota.storage_classes] == [("standard", parse("10Gi"))]


def test_the_limit_range_is_the_documented_one(spec: StackSpec) -> None:
    for tenant in spec.tenants:
        assert tenant.limit_range.default.amounts() == {"cpu": parse("200m"), "memory": parse("6Mi")}
        assert tenant.limit_range.default_request.amounts() == {"cpu": parse("100m"), "memory": parse("5Mi")}


def test_only_the_front_end_reaches_the_database_and_only_on_its_port(shop: TenantSpec) -> None:
    (rule,) = shop.network.allow
    assert (rule.source.pods, rule.destination.pods) == ({"app": "frontend"}, {"app": "db"})
    assert [(port.port, port.protocol) for port in rule.ports] == [(6379, "TCP")]


def test_the_workload_and_its_rollout_fit_the_quota(shop: TenantSpec, workload: list[Manifest]) -> None:
    controllers = [m.body for m in workload if m.body["kind"] in ("Deployment", "StatefulSet")]
    deployments = [body["spec"] for body in controllers if body["kind"] == "Deployment"]
    assert [spec["strategy"] for spec in deployments] == [{"type": "Recreate"}]  # any other adds a pod in a rollout
    assert sum(body["spec"]["replicas"] for body in controllers) <= shop.quota.pods
    for kind, most in (("requests", shop.quota.requests), ("limits", shop.quota.limits)):
        for resource, hard in most.amounts().items():
            containers = [container for pod in pods(workload) for container in pod["containers"]]
            used = [parse(container["resources"][kind][resource]) for container in containers]
            assert sum(amount.nanos for amount in used) <= hard.nanos


def test_the_workload_meets_the_restricted_standard_in_every_container(workload: list[Manifest]) -> None:
    for pod in pods(workload):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_database_has_one_claim_of_a_declared_class_and_a_headless_service(
    spec: StackSpec, workload: list[Manifest]
) -> None:
    by_identity = {manifest.identity: manifest.body for manifest in workload}
    (claim,) = by_identity["apps/v1", "StatefulSet", "db"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] in {each.name for each in spec.platform.storage_classes}
    assert by_identity["v1", "Service", "db"]["spec"]["clusterIP"] == "None"
    assert by_identity["apps/v1", "StatefulSet", "db"]["spec"]["serviceName"] == "db"


def test_the_engine_stores_a_setting_in_the_file_and_changes_nothing_else(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    project.stack_file.write_text(DEV.read_text(encoding="utf-8"), encoding="utf-8")
    set_ = project.pulumi("config", "set", "kubernetes:namespace", "none", "--stack", "dev")
    assert set_.returncode == 0, set_.stderr
    left = [line for line in project.stack_file.read_text(encoding="utf-8").splitlines() if "kubernetes:" not in line]
    assert left == DEV.read_text(encoding="utf-8").splitlines()
