"""What the policy pack costs: in a preview, for each resource, and for a whole large stack."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2

from automation.environment import POLICY_PACK
from bench import checkov
from bench.desk import ours
from bench.figures import Figure, pair, pairs, single, told
from common.wire import encode
from policy.model import Rule
from policy.rules import RULES
from policy.server import PolicyServer

_NAMESPACES: Final = 100
_RESOURCES: Final = 1000


def measure() -> list[Figure]:
    """The pack in previews of the stack `dev`, and on 1,000 objects in 100 namespaces: by itself, and as a command."""
    bare, judged = ours(), ours(PULUMI_OPTION_POLICY_PACK=str(POLICY_PACK))
    objects = bare.objects().total()
    added = [(with_pack - without) / objects * 1000 for with_pack, without in pairs(judged.preview, bare.preview)]
    in_previews = told("policy pack, added to a preview for each object", "ms", added)
    return [in_previews, *_by_itself(), checkov.measure(_stack())]


def _by_itself() -> list[Figure]:
    """Wire messages in, findings out; the rival of the whole pack is a pack of one rule."""
    resources = [_message(index, body) for index, body in enumerate(_stack())]
    one_rule = [rule for rule in RULES if rule.id == "container-resources"]
    each = pair(
        "policy pack, each of 1,000 resources; rival: one rule",
        "ms",
        _judging(RULES, resources),
        _judging(one_rule, resources),
    )
    whole = single("policy pack, the whole of 1,000 resources", "s", _judging_stack(resources))
    return [each, whole | {"goal": 2.0}]


def _judging(rules: Sequence[Rule], resources: Sequence[Any]) -> Callable[[], float]:
    """Milliseconds for each resource: a remedy and a judgement, as the engine asks for both."""
    server = PolicyServer(rules)

    def take() -> float:
        began = perf_counter()
        for resource in resources:
            server.Remediate(resource, None)
            server.Analyze(resource, None)
        return (perf_counter() - began) / len(resources) * 1000

    return take


def _judging_stack(resources: Sequence[Any]) -> Callable[[], float]:
    server, request = PolicyServer(RULES), analyzer_pb2.AnalyzeStackRequest(resources=resources)

    def take() -> float:
        began = perf_counter()
        server.AnalyzeStack(request, None)
        return perf_counter() - began

    return take


def _message(index: int, body: dict[str, Any]) -> Any:
    token = f"kubernetes:{body['apiVersion']}:{body['kind']}".replace(":v1:", ":core/v1:")
    properties: Struct = encode(body)
    urn = f"urn:pulumi:bench::bench::{token}::{index}"
    return analyzer_pb2.AnalyzerResource(urn=urn, type=token, name=str(index), properties=properties)


def _stack() -> Iterator[dict[str, Any]]:
    """Namespaces with quota, limits, policies and workloads, ten objects in each."""
    for number in range(_NAMESPACES):
        namespace = f"team-{number}"
        yield _object("v1", "Namespace", namespace, "")
        yield _object("v1", "ResourceQuota", "quota", namespace, spec={"hard": _HARD})
        yield _object("v1", "LimitRange", "limits", namespace, spec={"limits": [_LIMITS]})
        yield _object("networking.k8s.io/v1", "NetworkPolicy", "closed", namespace, spec=_CLOSED)
        yield _object("networking.k8s.io/v1", "NetworkPolicy", "dns", namespace, spec=_DNS)
        for name in range(_RESOURCES // _NAMESPACES - 5):
            yield _object("apps/v1", "Deployment", f"app-{name}", namespace, spec=_workload(f"app-{name}"))


def _object(api_version: str, kind: str, name: str, namespace: str, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "bench"}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata | ({"namespace": namespace} if namespace else {}),
        **fields,
    }


def _workload(name: str) -> dict[str, Any]:
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}
    container = {"name": "app", "image": "nginx:1.29.1", "resources": resources, "ports": [{"containerPort": 8080}]}
    spec = {"automountServiceAccountToken": False, "containers": [container, {**container, "name": "sidecar"}]}
    return {"replicas": 2, "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}


_HARD: Final = {
    "pods": "50",
    "requests.cpu": "10",
    "requests.memory": "10Gi",
    "limits.cpu": "20",
    "limits.memory": "20Gi",
}
_LIMITS: Final = {
    "type": "Container",
    "default": {"cpu": "200m", "memory": "128Mi"},
    "defaultRequest": {"cpu": "100m", "memory": "64Mi"},
}
_CLOSED: Final[dict[str, Any]] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
_DNS: Final[dict[str, Any]] = {
    "podSelector": {},
    "policyTypes": ["Egress"],
    "egress": [
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                }
            ],
            "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
        }
    ],
}
