"""One random namespace, put to the API server and to the rule quota-fits."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from common.quantity import Quantity, parse
from policy.admission.quotas import read_quota
from policy.admission.usage import usage_of
from policy.engine.judge import Judge, VerdictKind
from policy.model.stack import Stack
from policy.rules import fit
from tests.policy.exam.namespaces import CLUSTER, as_resource, objects_in
from tests.support.api import Api, ApiError, Object
from tests.support.polling import eventually

_INVALID = 422
_JUDGE = Judge([fit.quota_fits])
_PROBE = "count/leases.coordination.k8s.io"


@dataclass
class Answer:
    """Who is refused on its own account, whether a quota was exceeded, and else what the quotas say is used."""

    refused: set[str] = field(default_factory=set)
    exceeded: bool = False
    used: dict[str, dict[str, Quantity]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """In one word."""
        return "refused" if self.refused else "exceeded" if self.exceeded else "admitted"

    def agrees(self, other: "Answer") -> bool:
        """Whether two answers say the same; of what is used, where nothing was refused.

        What is refused on its own account uses nothing: a quota that it would exceed is then not exceeded.
        """
        if self.refused != other.refused:
            return False
        if self.refused:
            return True
        return self.exceeded == other.exceeded and (self.exceeded or self.used == other.used)


@dataclass(frozen=True)
class Examined:
    """The API server's answer on a namespace: on its limit ranges and quotas that are valid, and on what is put in."""

    theirs: Answer
    limits: Sequence[Object]
    objects: Sequence[Object]
    quotas: Sequence[Object]

    @property
    def bodies(self) -> Sequence[Object]:
        """All that is in the namespace."""
        return [*self.limits, *self.objects, *self.quotas]

    def record(self) -> dict[str, Any]:
        """The answer, and of the question the quotas: they are drawn around what the rules reckon."""
        used = {name: {key: str(it) for key, it in amounts.items()} for name, amounts in self.theirs.used.items()}
        return {
            "limits": bool(self.limits),
            "quotas": {quota["metadata"]["name"]: quota["spec"] for quota in self.quotas},
            "refused": sorted(self.theirs.refused),
            "exceeded": self.theirs.exceeded,
            "used": used if self.theirs.verdict == "admitted" else {},
        }


def replay(record: Mapping[str, Any], namespace: str, seed: str) -> tuple[Answer, Answer]:
    """The API server's answer as it was recorded, and the rules' answer of now."""
    limits, objects, _ = objects_in(namespace, seed)
    quotas = [
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": namespace, "name": name}, "spec": spec}
        for name, spec in record["quotas"].items()
    ]
    used = {name: {key: parse(it) for key, it in amounts.items()} for name, amounts in record["used"].items()}
    theirs = Answer(set(record["refused"]), record["exceeded"], used)
    return theirs, by_rules(namespace, [*(limits if record["limits"] else ()), *objects, *quotas])


def examine(api: Api, namespace: str, seed: str) -> Examined:
    """Put a random namespace to the API server."""
    limits, objects, quotas = objects_in(namespace, seed)
    with _namespace(api, namespace):
        limits = [item for item in limits if _accepted(api, item)]
        quotas = [quota for quota in quotas if _accepted(api, quota)]
        _settle(api, namespace, limits, quotas)
        theirs = Answer()
        for body in objects:
            try:
                api.post(_collection(api, body), body)
            except ApiError as refused:
                theirs.said.append(f"{body['kind']}/{body['metadata']['name']}: {refused.message}")
                if "exceeded quota" in refused.message:
                    theirs.exceeded = True
                else:
                    theirs.refused.add(f"{body['kind']}/{body['metadata']['name']}")
        theirs.used = {quota["metadata"]["name"]: _used(api, quota) for quota in quotas}
        if not theirs.agrees(by_rules(namespace, [*limits, *objects, *quotas])):
            theirs.used = {quota["metadata"]["name"]: _recounted(api, quota) for quota in quotas}
    return Examined(theirs, limits, objects, quotas)


def _used(api: Api, quota: Object) -> dict[str, Quantity]:
    return {key: parse(amount) for key, amount in api.get(api.path(quota))["status"]["used"].items()}


def _recounted(api: Api, quota: Object) -> dict[str, Quantity]:
    """What is used by a count that starts now.

    The quota controller, when it has lost a race against admission, counts once more, by a cache that may not have
    seen the latest objects, and leaves that figure for minutes. Another bound makes it count again.
    """
    key, amount = next(iter(quota["spec"]["hard"].items()))
    hard = parse(amount) + Quantity(10**9)
    api.merge(api.path(quota), {"spec": {"hard": {key: str(hard)}}})
    api.until(api.path(quota), lambda it: parse(it["status"]["hard"][key]) == hard)
    return _used(api, quota)


def by_rules(namespace: str, objects: Sequence[Object]) -> Answer:
    """The rules' answer."""
    stack = Stack(map(as_resource, (*CLUSTER, *objects)))
    answer = Answer()
    for verdict in _JUDGE.judge_stack(stack):
        assert verdict.kind is VerdictKind.BROKEN, verdict.text
        answer.said.append(verdict.text)
        if verdict.finding.resource.kind == "ResourceQuota":
            answer.exceeded = True
        else:
            answer.refused.add(f"{verdict.finding.resource.kind}/{verdict.finding.resource.object_name}")
    for resource in stack.of_kind("ResourceQuota"):
        quota = read_quota(resource.object_name, resource.spec)
        used = dict.fromkeys(quota.hard, Quantity(0))
        for each in usage_of(stack, namespace).objects:
            if each.counted_by(quota):
                for key in used.keys() & each.amounts.keys():
                    used[key] += each.amounts[key]
        answer.used[quota.name] = used
    return answer


@contextmanager
def _namespace(api: Api, name: str) -> Iterator[None]:
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        api.until(f"/api/v1/namespaces/{name}/serviceaccounts/default", bool)
        api.until(f"/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt", bool)
        yield
    finally:
        api.delete(f"/api/v1/namespaces/{name}")


def _settle(api: Api, namespace: str, limits: Sequence[Object], quotas: Sequence[Object]) -> None:
    """Return when admission sees the limits and the quotas, as something that they refuse shows."""
    for quota in quotas:
        api.until(api.path(quota), lambda it: it["status"].get("used", {}).keys() == it["spec"]["hard"].keys())
    probe: Object = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": namespace, "name": "probe"}}
    api.apply(probe | {"spec": {"hard": {_PROBE: "0"}}})
    metadata = {"namespace": namespace, "name": "it"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    eventually(lambda: _refuses(api, lease, "exceeded quota"), what="the quotas")
    if limits:
        huge: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Pi"}}}
        claim: Object = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": huge}
        eventually(lambda: _refuses(api, claim, "maximum storage usage"), what="the limit range")


def _refuses(api: Api, body: Object, why: str) -> bool:
    try:
        api.post(f"{_collection(api, body)}?dryRun=All", body)
    except ApiError as refused:
        return why in refused.message
    return False


def _accepted(api: Api, body: Object) -> bool:
    try:
        api.post(_collection(api, body), body)
    except ApiError as refused:
        if refused.status != _INVALID:
            raise
        return False
    return True


def _collection(api: Api, body: Object) -> str:
    return api.path(body).rpartition("/")[0]
