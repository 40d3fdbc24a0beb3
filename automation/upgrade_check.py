"""`polykube upgrade-check`: what stands in the way of another version of Kubernetes, before anybody upgrades.

A preview with stand-ins tells which objects the stack has; nothing is made, and no account is asked. What is in the
cluster beside them is not seen: the API server counts requests for deprecated APIs itself
(`apiserver_requested_deprecated_apis`, kubernetes.io/docs/reference/instrumentation/metrics, v1.36).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.markup import escape

from automation.planned import planned
from automation.project import Project
from automation.show import number_of, out
from common.errors import RehearsalError
from common.reachability import selects
from components.clusters.base import ClusterSpec
from policy.engine.judge import Judge, VerdictKind
from policy.engine.settings import RuleSettings
from policy.model.kubernetes import POD_SPECS, pod_template
from policy.model.resource import Resource
from policy.model.stack import Stack
from policy.model.unknown import Undetermined
from policy.rules.disruption import fewest_pods, pdb_sane
from policy.rules.upgrade import removed_api
from spec.problems import Code, key_path
from stacks.changes import version_step
from stacks.config import StackSpec

_WEBHOOKS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_ALONE: Final = (
    "one pod answers it, of {workload}, and what it cannot be asked about is refused: while that pod moves to another "
    "node, nothing of its kinds can be created or changed"
)
_MORE: Final = "Run two replicas with a disruption budget of maxUnavailable 1 before the upgrade."


@dataclass(frozen=True)
class Obstacle:
    """Something that an upgrade would meet, and what to do about it; what only disturbs it does not block it."""

    what: str
    found: str
    remedy: str
    blocks: bool


def obstacles(spec: StackSpec, to: str, resources: Iterable[Resource]) -> Iterator[Obstacle]:
    """What stands between a stack with these resources and the minor version `to` of Kubernetes ("1.37")."""
    upgraded = spec.cluster.model_copy(update={"version": to})
    for problem in version_step(spec.cluster.version, upgraded):
        yield Obstacle(problem.where, f"{problem.summary}: {problem.found}", problem.remedy, blocks=True)
    for finding in spec.model_copy(update={"cluster": upgraded}).warnings():
        if finding.code is Code.NOT_SUPPORTED_UPSTREAM:
            yield Obstacle(key_path(finding.at), f"works with {finding.allowed}", finding.remedy, blocks=False)
    stack = Stack(resources)
    yield from _broken_rules(stack, to)
    yield from _lone_webhooks(stack)


def _broken_rules(stack: Stack, to: str) -> Iterator[Obstacle]:
    judge = Judge([removed_api, pdb_sane], RuleSettings(options={removed_api.id: {"version": to}}))
    verdicts = [verdict for resource in stack.subjects for verdict in judge.judge(resource)]
    for verdict in [*verdicts, *judge.judge_stack(stack)]:
        finding = verdict.finding
        if verdict.kind is VerdictKind.BROKEN and not finding.advice:
            what = f"{finding.resource.title} {finding.path}"
            yield Obstacle(what, f"{finding.message}; {verdict.why}", finding.remedy, blocks=True)


def _lone_webhooks(stack: Stack) -> Iterator[Obstacle]:
    """Webhooks that refuse what they are not asked about, and have one pod."""
    for configuration in stack.of_kind(*_WEBHOOKS):
        try:
            lone = {
                workload.title: None
                for webhook in configuration.properties.get("webhooks") or ()
                if webhook.get("failurePolicy", "Fail") == "Fail"
                for workload in _behind(webhook, stack)
                if workload.kind != "DaemonSet" and fewest_pods(workload, stack) < 2  # noqa: PLR2004 - one beside it
            }
        except Undetermined:
            continue
        for workload in lone:
            yield Obstacle(configuration.title, _ALONE.format(workload=workload), _MORE, blocks=False)


def _behind(webhook: Mapping[str, Any], stack: Stack) -> Iterator[Resource]:
    """The workloads of the stack that answer a webhook."""
    named = (webhook.get("clientConfig") or {}).get("service") or {}
    for service in stack.of_kind("Service", namespace=named.get("namespace", "")):
        if service.object_name == named.get("name") and (selector := service.spec.get("selector")):
            for workload in stack.of_kind(*POD_SPECS, namespace=service.namespace):
                labels = (pod_template(workload).get("metadata") or {}).get("labels") or {}
                if selects({"matchLabels": selector}, labels):
                    yield workload


def check(stack: str, to: str, *, as_json: bool) -> int:
    """Print what stands in the way of Kubernetes `to`, by default the version after the stack's.

    The exit code comes back: RehearsalError's where something blocks the upgrade, or else 0.
    """
    project = Project.open(stack)
    cluster = project.spec.cluster
    version = to or f"1.{cluster.minor + 1}"
    found = list(obstacles(project.spec, version, _resources(project)))
    if as_json:
        answer = {"stack": stack, "from": cluster.version, "to": version, "obstacles": [*map(asdict, found)]}
        print(json.dumps(answer, indent=1))
    else:
        _show(stack, cluster, version, found)
    return RehearsalError.exit_code if any(each.blocks for each in found) else 0


def _resources(project: Project) -> Iterator[Resource]:
    for each in planned(project)[1]:
        yield Resource.planned(each.urn, each.type, each.inputs)


def _show(stack: str, cluster: ClusterSpec, version: str, found: Sequence[Obstacle]) -> None:
    out.print(f"[bold]{stack}[/bold] from Kubernetes {cluster.version} to {version}\n", soft_wrap=True)
    for each in sorted(found, key=lambda it: not it.blocks):
        mark = "[red]✗[/red]" if each.blocks else "[yellow]![/yellow]"
        out.print(f"{mark} {escape(each.what)}", soft_wrap=True)
        out.print(
            f"  found    {escape(each.found)}\n  do       {escape(each.remedy)}\n", soft_wrap=True, highlight=False
        )
    blocking = sum(each.blocks for each in found)
    if blocking:
        out.print(f"[red]✗[/red] {number_of(blocking, 'obstacle')} to {version}", soft_wrap=True)
        out.print(f"[dim]next[/dim]  polykube upgrade-check {stack}, when that is done", soft_wrap=True)
    else:
        out.print(f"[green]✓[/green] nothing in {stack} keeps it from {version}", soft_wrap=True)
        out.print(f"[dim]next[/dim]  polykube rehearse {stack} --steps up,upgrade={version}", soft_wrap=True)
