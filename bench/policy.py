"""What the policy pack costs: in a preview, for each resource, and for a whole large stack."""

from collections.abc import Callable, Iterable, Sequence
from time import process_time
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2

from automation.environment import POLICY_PACK
from bench import linters
from bench.desk import ours
from bench.figures import Figure, pair, pairs, single, told
from bench.manifests import Body, flows, workloads
from common.wire import encode
from policy.engine.server import PolicyServer
from policy.model.rule import Rule
from policy.rules import RULES

_FLOWS: Final = (250, 500, 1000)  # Deployments
_RUNS: Final = 3


def measure() -> list[Figure]:
    """The pack in previews of the stack `dev`; on 1,000 objects in 100 namespaces by itself; as a command on 5,000.

    By itself it is measured in processor time, which depends little on what else the machine does.
    """
    bare, judged = ours(), ours(PULUMI_OPTION_POLICY_PACK=str(POLICY_PACK))
    objects = bare.objects().total()
    added = [(with_pack - without) / objects * 1000 for with_pack, without in pairs(judged.preview, bare.preview)]
    in_previews = told("policy pack, added to a preview for each object", "ms", added)
    return [in_previews, *_by_itself(), *_growth(), *linters.measure()]


def _by_itself() -> list[Figure]:
    """Wire messages in, findings out; the rival of the whole pack is a pack of one rule."""
    resources = _messages(workloads())
    one_rule = [rule for rule in RULES if rule.id == "container-resources"]
    each = pair(
        "policy pack, each of 1,000 resources; rival: one rule",
        "ms",
        _judging(RULES, resources),
        _judging(one_rule, resources),
    )
    whole = single("policy pack, the whole of 1,000 resources", "s", _judging_stack(resources))
    return [each, whole | {"goal": 2.0}]


def _growth() -> list[Figure]:
    """The rule forbidden-flows with more and more Deployments behind ranges of addresses."""
    rules = [rule for rule in RULES if rule.id == "forbidden-flows"]
    takes = {size: _judging_stack(_messages(flows(size)), rules) for size in _FLOWS}
    taken = [{size: take() for size, take in takes.items()} for _ in range(_RUNS)]
    figures = [
        told(f"forbidden-flows, {size} Deployments behind ranges of addresses", "s", [run[size] for run in taken])
        for size in _FLOWS
    ]
    least, *_, most = _FLOWS
    growth = told(
        f"forbidden-flows, {most} against {least} Deployments", "×", [run[most] / run[least] for run in taken]
    )
    return [*figures, growth | {"goal": 1.25 * most / least}]


def _judging(rules: Sequence[Rule], resources: Sequence[Any]) -> Callable[[], float]:
    """Milliseconds for each resource: a remedy and a judgement, as the engine asks for both."""
    server = PolicyServer(rules)

    def take() -> float:
        began = process_time()
        for resource in resources:
            server.Remediate(resource, None)
            server.Analyze(resource, None)
        return (process_time() - began) / len(resources) * 1000

    return take


def _judging_stack(resources: Sequence[Any], rules: Sequence[Rule] = RULES) -> Callable[[], float]:
    server, request = PolicyServer(rules), analyzer_pb2.AnalyzeStackRequest(resources=resources)

    def take() -> float:
        began = process_time()
        server.AnalyzeStack(request, None)
        return process_time() - began

    return take


def _messages(bodies: Iterable[Body]) -> list[Any]:
    return [_message(index, body) for index, body in enumerate(bodies)]


def _message(index: int, body: Body) -> Any:
    token = f"kubernetes:{body['apiVersion']}:{body['kind']}".replace(":v1:", ":core/v1:")
    properties: Struct = encode(body)
    urn = f"urn:pulumi:bench::bench::{token}::{index}"
    return analyzer_pb2.AnalyzerResource(urn=urn, type=token, name=str(index), properties=properties)
