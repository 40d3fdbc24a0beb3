"""Budgets that allow no eviction are those under which the eviction API evicts nothing.

Guards against arithmetic that is not the disruption controller's. `make exam-policy` puts 50 random namespaces to both;
`make test` puts five.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from policy.engine.judge import Judge
from policy.model.stack import Stack
from policy.rules import disruption
from tests.policy.exam.answers import SEED
from tests.policy.exam.conftest import Tally, namespaces_with_a_node
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Api, ApiError, Object, is_ready
from tests.support.objects import deployment, job, pod

PLACES: Final = max(int(os.environ.get("POLYKUBE_EXAM", "0")) // 20, 5)
_JUDGE: Final = Judge([disruption.pdb_sane])
_REFUSALS: Final = (429, 500)
_ANYWHERE: Final[Object] = {"pool": "budgets"}


class Dice(random.Random):
    """Random workloads and budgets."""

    def workloads(self, namespace: str) -> Iterator[Object]:
        """A Deployment, bare pods, a DaemonSet, and beside a Deployment a Job whose pods never get ready."""
        if deployed := self.random() < 0.8:
            yield deployment(namespace, "web", self.randint(1, 4), nodeSelector=_ANYWHERE)
        for index in range(self.choice([0, 0, 1, 2])):
            bare = pod(namespace, f"bare-{index}", nodeSelector=_ANYWHERE)
            bare["metadata"]["labels"] = {"app": self.choice(["web", "other"])}
            yield bare
        if self.random() < 0.1:
            yield _daemon_set(namespace)
        if deployed and self.random() < 0.2:
            work = job(namespace, "work", "unready")
            work["spec"]["template"]["metadata"]["labels"] = {"app": "web"}
            work["spec"]["template"]["spec"]["nodeSelector"] = _ANYWHERE
            yield work

    def budgets(self, namespace: str) -> Iterator[Object]:
        """One or two, which may select the same pods."""
        for index in range(self.choice([1, 1, 1, 2])):
            field = self.choice(["minAvailable", "maxUnavailable"])
            amount: Any = self.choice([0, 1, 1, 2, 3, "0%", "25%", "50%", "67%", "100%"])
            selector = self.choice([{}, {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "other"}}])
            metadata = {"name": f"budget-{index}", "namespace": namespace}
            spec = {field: amount, "selector": selector}
            yield {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


def _daemon_set(namespace: str) -> Object:
    agent = deployment(namespace, "web", nodeSelector=_ANYWHERE)
    agent["metadata"]["name"] = "agent"
    del agent["spec"]["replicas"]
    labels = {"app": "web", "of": "agent"}  # bare pods with all labels would become its own
    agent["spec"]["selector"], agent["spec"]["template"]["metadata"]["labels"] = {"matchLabels": labels}, labels
    return agent | {"kind": "DaemonSet"}


@pytest.fixture
def places(api: Api) -> Iterator[list[str]]:
    """Namespaces, and a node for their pods."""
    with namespaces_with_a_node(api, PLACES, "budgets") as names:
        yield names


def by_api(api: Api, namespace: str, workloads: list[Object], budgets: list[Object]) -> dict[str, bool]:
    """Whether any eviction succeeds, by the budget that covers a pod; budgets that cover none are left out."""
    api.apply(*workloads)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    count = sum(it["spec"].get("replicas", 1) for it in workloads)
    api.until(pods, lambda it: len(it["items"]) == count and all(map(_is_settled, it["items"])))
    api.apply(*budgets)
    for budget in budgets:
        api.until(api.path(budget), lambda it: it.get("status", {}).get("conditions"))
    found: dict[str, bool] = {}
    for each in api.list(pods):
        evicted = _is_evicted(api, each)
        for budget in budgets:
            wanted = budget["spec"]["selector"].get("matchLabels", {})
            if wanted.items() <= each["metadata"]["labels"].items():
                name = budget["metadata"]["name"]
                found[name] = found.get(name, False) or evicted
    return found


def _is_settled(each: Object) -> bool:
    unready = each["metadata"].get("annotations", {}).get("polykube.dev/rehearse") == "unready"
    return each["status"]["phase"] == "Running" if unready else is_ready(each)


def _is_evicted(api: Api, each: Object) -> bool:
    metadata = {key: each["metadata"][key] for key in ("name", "namespace")}
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata, "deleteOptions": {"dryRun": ["All"]}}
    try:
        api.post(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/eviction?dryRun=All", body)
    except ApiError as refused:
        if refused.status not in _REFUSALS:
            raise
        return False
    return True


def by_rules(objects: list[Object]) -> set[str]:
    """The budgets of which the rule says that no eviction succeeds."""
    return {verdict.finding.resource.object_name for verdict in _JUDGE.judge_stack(Stack(map(as_resource, objects)))}


def test_budgets_allow_evictions_where_the_rule_says_so(api: Api, places: list[str], tally: Tally) -> None:
    verdicts: Counter[str] = Counter()

    def put(index: int) -> list[Any]:
        dice, namespace = Dice(f"{SEED}-{index}"), places[index]
        workloads, budgets = list(dice.workloads(namespace)), list(dice.budgets(namespace))
        ours, theirs = by_rules([*workloads, *budgets]), by_api(api, namespace, workloads, budgets)
        verdicts.update("evicted" if evicted else "refused" for evicted in theirs.values())
        specs = [each["spec"] for each in (*workloads, *budgets)]
        return [(index, name, evicted, specs) for name, evicted in theirs.items() if evicted is (name in ours)]

    with ThreadPoolExecutor(10) as pool:
        different = [each for some in pool.map(put, range(PLACES)) for each in some]
    tally.add("disruption budgets", verdicts.total(), verdicts.total() - len(different), verdicts)
    assert not different, different[:3]
    assert len(verdicts) == 2
