"""Pods that are evicted for nothing, by somebody without the right to, or moved back and forth."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from components.addons.descheduler.resources import policy
from components.addons.descheduler.spec import DeschedulerSpec
from tests.support.registered import Registered
from tests.support.stack_files import of_add_on

pytestmark = pytest.mark.usefixtures("bundles")


@pytest.fixture(scope="module")
def made() -> Mapping[str, Registered]:
    return of_add_on("aks-dev", "descheduler", intervalMinutes=15)


def test_it_looks_as_often_as_it_is_told_and_says_whether_it_is_well_by_https(made: Mapping[str, Registered]) -> None:
    deployment = made["kubernetes:apps/v1:Deployment::descheduler/descheduler"].inputs["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    assert "--descheduling-interval=15m" in container["args"]
    assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert deployment["replicas"] == 1, "two would evict what either of them has moved"


def test_it_evicts_by_the_api_that_asks_disruption_budgets(made: Mapping[str, Registered]) -> None:
    role = made["kubernetes:rbac.authorization.k8s.io/v1:ClusterRole::descheduler-descheduler"]
    verbs = {kind: rule["verbs"] for rule in role.inputs["rules"] for kind in rule["resources"]}
    assert verbs["pods/eviction"] == ["create"]
    assert "secrets" not in verbs


def test_only_what_fits_elsewhere_is_evicted() -> None:
    shares = DeschedulerSpec.model_validate({"idleBelowPercent": 30, "busyAbovePercent": 70})
    (profile,) = policy(shares)["profiles"]
    arguments = {each["name"]: each["args"] for each in profile["pluginConfig"]}
    assert arguments["DefaultEvictor"] == {"nodeFit": True}
    assert arguments["LowNodeUtilization"]["thresholds"] == {"cpu": 30, "memory": 30, "pods": 30}
    assert arguments["LowNodeUtilization"]["targetThresholds"] == {"cpu": 70, "memory": 70, "pods": 70}


def test_shares_that_would_move_pods_back_and_forth_are_refused() -> None:
    with pytest.raises(ValidationError):
        DeschedulerSpec.model_validate({"idleBelowPercent": 60})
