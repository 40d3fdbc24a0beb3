"""Quotas are refused, and bound something, where the rule quota-sane says so: the word of API server and controller.

Guards against a list of keys that is nearly right. By a quota with scopes the controller seems to count everything.
"""

import os
import random
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from policy.engine.judge import Judge
from policy.rules import quota
from tests.policy.exam.answers import SEED
from tests.policy.exam.conftest import Tally
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Api, ApiError, Object

QUOTAS: Final = max(int(os.environ.get("POLYKUBE_EXAM", "0")) // 2, 60)
_JUDGE: Final = Judge([quota.quota_sane])
_INVALID: Final = 422
_COMPUTE: Final = ("cpu", "requests.cpu", "limits.memory", "pods", "requests.ephemeral-storage", "hugepages-2Mi")
_OTHERS: Final = (
    *("persistentvolumeclaims", "requests.storage", "services.nodeports", "secrets", "requests.hugepages-2Mi"),
    *("requests.example.com/gpu", "count/pods", "count/deployments.apps", "count/roles.rbac.authorization.k8s.io"),
    *("count/secrets", "gold.storageclass.storage.k8s.io/requests.storage", "count/persistentvolumeclaims"),
)
_DUBIOUS: Final = (
    *("limits.pods", "replicasets", "limits.hugepages-2Mi", "storage", "a/b/c", "Example.com/gpu", "example.com/gpu"),
    *(
        "limits.example.com/gpu",
        "count/deployments",
        "count/events",
        "count/events.events.k8s.io",
        "count/widgets.apps",
    ),
    *("requests.kubernetes.io/gpu", "count/namespaces", "count/deployments.extensions", "gold.storageclass/storage"),
)
_SCOPES: Final = (
    *("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"),
    *("VolumeAttributesClass", "Urgent"),
)


class Dice(random.Random):
    """A random quota."""

    def spec(self) -> Object:
        """A few keys, mostly without scopes."""
        pool = (*_COMPUTE, *_OTHERS) if self.random() < 0.6 else (*_COMPUTE, *_OTHERS, *_DUBIOUS, *_DUBIOUS)
        keys = self.sample(pool, self.randint(1, 3))
        spec: Object = {"hard": {key: self.choice(["1", "1", "1", "1", "0", "500m", "-1"]) for key in keys}}
        if self.random() < 0.5:
            return spec
        if self.random() < 0.7:
            spec["hard"] = dict.fromkeys(self.sample(_COMPUTE[:4], self.randint(1, 2)), "1") | {"count/pods": "1"}
        if self.random() < 0.6:
            return spec | {"scopes": self.sample(_SCOPES, self.choice([1, 1, 1, 2]))}
        operator = self.choice(["Exists", "Exists", "In", "NotIn", "DoesNotExist", "Is"])
        wanted: Object = {"scopeName": self.choice(_SCOPES), "operator": operator}
        if self.random() < (0.8 if operator.endswith("In") else 0.2):
            wanted["values"] = ["gold"]
        return spec | {"scopeSelector": {"matchExpressions": [wanted]}}


def by_api(api: Api, quota: Object) -> str | list[str]:
    """`refused`, or the keys by which something is counted; `accepted` for quotas with scopes."""
    try:
        api.post(f"/api/v1/namespaces/{quota['metadata']['namespace']}/resourcequotas", quota)
    except ApiError as refused:
        if refused.status != _INVALID:
            raise
        return "refused"
    if quota["spec"].keys() != {"hard"}:
        return "accepted"
    known = api.until(api.path(quota), lambda it: it.get("status", {}).get("hard") == it["spec"]["hard"])
    api.delete(api.path(quota))
    return sorted(known["status"].get("used", {}))


def by_rules(quota: Object) -> str | list[str]:
    """The same by the rule."""
    found = [verdict.finding for verdict in _JUDGE.judge(as_resource(quota))]
    if any("is refused" in each.message for each in found) or as_resource(quota).as_read.damages:
        return "refused"
    if quota["spec"].keys() != {"hard"}:
        return "accepted"
    empty = {each.message.partition(" bounds nothing")[0] for each in found if "bounds nothing" in each.message}
    return sorted(quota["spec"]["hard"].keys() - empty)


def test_quotas_are_refused_and_count_where_the_rule_says_so(api: Api, namespace: str, tally: Tally) -> None:
    run = secrets.token_hex(3)
    verdicts: Counter[str] = Counter()

    def put(index: int) -> Any:
        metadata = {"name": f"exam-{run}-{index}", "namespace": namespace}
        spec = Dice(f"{SEED}-{index}").spec()
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec}
        ours, theirs = by_rules(quota), by_api(api, quota)
        verdicts[
            theirs if isinstance(theirs, str) else "counts all" if len(theirs) == len(spec["hard"]) else "counts some"
        ] += 1
        return None if ours == theirs else (ours, theirs, spec)

    with ThreadPoolExecutor(4) as pool:
        different = [each for each in pool.map(put, range(QUOTAS)) if each]
    tally.add("keys and scopes of quotas", QUOTAS, QUOTAS - len(different), verdicts)
    assert not different, different[:5]
    assert len(verdicts) == 4
