"""A preview of one stack on what stands, by its own backend and accounts; and the report on it."""

from functools import partial

from rich.console import Console

from automation.api.drifts import drift_of
from automation.api.stacks import recorded
from automation.policy_check.check import check, choose
from automation.preview.bounds import nodes, quotas, stacks_of
from automation.preview.findings import PolicyFinding, compare
from automation.preview.gaps import unknown
from automation.preview.guard import changes_in
from automation.preview.report import StackReport
from automation.project import Project
from automation.ready import equip, ready
from automation.terminal import Terminal
from policy.model.stack import Stack
from stacks.loading import stack_file


def preview(project: Project, say: Console, *, refresh: bool, deadline: float | None = None) -> StackReport:
    """What `project` changes of what its state says; with `refresh`, also what has drifted from that, apart from it.

    What the engine does meanwhile is said to `say`; PolykubeError when it does not get to its end, but for policies.
    """
    tools = equip(project.tools, project.cloud, project.bundles).tools
    with ready(project, tools) as engine:
        look = partial(Terminal(say).record, engine, deadline=deadline)
        drift = drift_of(project, look) if refresh else ()
        found = recorded(project, look, "preview")
    was, now = stacks_of(found.steps)
    changes = changes_in(found.steps, project.directory)
    return StackReport(
        project.stack,
        is_new=not was.resources,
        changes=changes,
        policies=compare(_findings(project, was), [each for each in found.findings if not each.is_open]),
        quotas=quotas(was, now),
        nodes=nodes(was, now),
        unknown=list(unknown(found, changes)),
        drift=drift,
    )


def _findings(project: Project, stands: Stack) -> list[PolicyFinding]:
    """What policies say of what stands."""
    choice = choose("", all_mandatory=False, stack_file=stack_file(project.directory, project.stack))
    found = check(stands.resources, choice).findings
    return [PolicyFinding(each.level, each.rule.id, each.finding.resource.urn, each.text) for each in found]
