"""Rollouts in a quota go on, or stand still, where the rule quota-surge says so: the real Deployment controller's word.

Guards against an alarm about rollouts that make room for themselves. `make exam-policy` puts 50 random strategies to
both; `make test` puts four.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from policy.engine.judge import Judge
from policy.model.rule import Level
from policy.model.stack import Stack
from policy.rules import fit
from tests.policy.exam.answers import SEED
from tests.policy.exam.conftest import Tally, namespaces_with_a_node
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Api, Object, condition
from tests.support.objects import deployment

ROLLOUTS: Final = max(int(os.environ.get("POLYKUBE_EXAM", "0")) // 20, 4)
DEADLINE: Final = 45  # seconds without progress, after which the controller says so
_PATIENCE: Final = 300.0  # seconds
_JUDGE: Final = Judge([fit.quota_surge])
_WORDS: Final = {Level.MANDATORY: "stands still", Level.ADVISORY: "goes on"}


class Dice(random.Random):
    """A random rollout."""

    def strategy(self) -> Object:
        """A valid strategy: not neither surge nor unavailable pods."""
        surge, unavailable = self.choice([0, 1, 2, "25%", "50%"]), self.choice([0, 0, 1, "10%", "25%"])
        return {} if not surge and not unavailable else {"maxSurge": surge, "maxUnavailable": unavailable}

    def objects(self, namespace: str) -> list[Object]:
        """A Deployment, and a quota with room for few pods more than it has."""
        web = deployment(namespace, "web", self.randint(1, 5), nodeSelector={"pool": "rollouts"})
        web["spec"] |= {"strategy": {"rollingUpdate": self.strategy()}}
        hard = {"pods": str(web["spec"]["replicas"] + self.choice([0, 0, 0, 1, 2]))}
        metadata = {"name": "quota", "namespace": namespace}
        return [{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}, web]


@pytest.fixture
def places(api: Api) -> Iterator[list[str]]:
    """A namespace for each rollout, and a node for their pods."""
    with namespaces_with_a_node(api, ROLLOUTS, "rollouts") as names:
        yield names


def by_controller(api: Api, quota: Object, web: Object) -> str:
    """What becomes of a rollout."""
    web["spec"]["progressDeadlineSeconds"] = DEADLINE
    api.apply(quota)
    api.until(api.path(quota), lambda it: "pods" in it.get("status", {}).get("used", {}))
    api.apply(web)
    api.until(api.path(web), _is_complete)
    web["spec"]["template"]["metadata"]["annotations"] = {"rolled": "out"}
    api.apply(web)
    generation = api.get(api.path(web))["metadata"]["generation"]
    looked = [0.0]

    def is_over(it: Object) -> bool:
        if it["status"].get("observedGeneration") != generation:
            return False
        if _is_complete(it) or time.monotonic() < looked[0] + 1:
            return _is_complete(it)
        looked[0] = time.monotonic()
        return not _tries_again(api, quota) and _is_given_up(it)

    return "goes on" if _is_complete(api.until(api.path(web), is_over, _PATIENCE)) else "stands still"


def _tries_again(api: Api, quota: Object) -> bool:
    """Whether there is room, which the controller is told then: after many refusals it looks again in minutes only."""
    status = api.get(api.path(quota))["status"]
    if int(status["used"]["pods"]) >= int(status["hard"]["pods"]):
        return False
    sets = f"/apis/apps/v1/namespaces/{quota['metadata']['namespace']}/replicasets"
    for each in api.list(sets):
        api.merge(
            f"{sets}/{each['metadata']['name']}", {"metadata": {"annotations": {"looked": str(time.monotonic())}}}
        )
    return True


def _is_complete(web: Object) -> bool:
    status, replicas = web.get("status", {}), web["spec"]["replicas"]
    return all(status.get(key) == replicas for key in ("replicas", "updatedReplicas", "availableReplicas"))


def _is_given_up(web: Object) -> bool:
    return condition(web, "Progressing") == "False"


def by_rules(quota: Object, web: Object) -> str:
    """What the rule says becomes of it."""
    said = {_WORDS[verdict.level] for verdict in _JUDGE.judge_stack(Stack(map(as_resource, (quota, web))))}
    return said.pop() if said else "goes on"


def test_rollouts_stand_still_where_the_rule_says_so(api: Api, places: list[str], tally: Tally) -> None:
    verdicts: Counter[str] = Counter()

    def put(index: int) -> Any:
        quota, web = Dice(f"{SEED}-{index + 4}").objects(places[index])
        ours = by_rules(quota, web)
        theirs = by_controller(api, quota, web)
        verdicts[theirs] += 1
        return (
            None if ours == theirs else (ours, theirs, quota["spec"], web["spec"]["replicas"], web["spec"]["strategy"])
        )

    with ThreadPoolExecutor(20) as pool:
        different = [each for each in pool.map(put, range(ROLLOUTS)) if each]
    tally.add("rollouts in a quota", ROLLOUTS, ROLLOUTS - len(different), verdicts)
    assert not different, different
    assert len(verdicts) == len(_WORDS)
