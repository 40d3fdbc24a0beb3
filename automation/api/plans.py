"""A plan: what a run would change, and a fingerprint that an approval binds to."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automation.api.stacks import Record, engine_on, project_at, recorded
from automation.engine import Engine
from automation.preview.changes import Change
from automation.preview.findings import PolicyFinding
from automation.preview.guard import changes_in
from automation.preview.revisions import Repository
from automation.project import Project
from common.errors import ApprovalError, Problem, RevisionError
from stacks.loading import stack_file

_NO_REPOSITORY = "no revision"


@dataclass(frozen=True)
class Fingerprint:
    """What was looked at: the revision of the code with what is edited, and digests of stack file, state, changes."""

    revision: str
    config: str
    state: str
    changes: str


@dataclass(frozen=True)
class Plan:
    """What bringing `stack` of the project in `source` up would change, and what policies say to it; or what taking it
    down would, if it `destroys`.
    """

    stack: str
    source: Path
    fingerprint: Fingerprint
    changes: Sequence[Change]
    findings: Sequence[PolicyFinding]
    destroys: bool = False

    @property
    def blocking(self) -> list[PolicyFinding]:
        """The findings for which it cannot be applied."""
        return [each for each in self.findings if each.is_mandatory]

    @property
    def guarded(self) -> list[Change]:
        """The losses that somebody has to approve."""
        return [each for each in self.changes if each.guarded]


def plan(stack: str, source: Path) -> Plan:
    """Preview a stack of the project in `source`; PolykubeError for all that keeps it from its end, but policies."""
    project = project_at(stack, source)
    with engine_on(project, project.bundles) as engine:
        return plan_with(project, engine, engine.record)


def plan_with(project: Project, engine: Engine, record: Record, *, destroys: bool = False) -> Plan:
    """The plan of a stack that nobody else works on, of which `record` has the engine carry out a preview."""
    before = _digest(_without_time(engine.export()))
    found = recorded(project, record, *(("destroy", "--preview-only") if destroys else ("preview",)))
    changes = changes_in(found.steps, project.directory)
    file = stack_file(project.directory, project.stack)
    fingerprint = Fingerprint(
        _revision(project.directory), hashlib.sha256(file.read_bytes()).hexdigest(), before, _digest(_shape(changes))
    )
    return Plan(project.stack, project.directory, fingerprint, changes, found.findings, destroys)


def check_unmoved(approved: Plan, now: Plan) -> None:
    """ApprovalError (PK522) with all that has moved since a plan was approved."""
    if moved := list(_moved(approved, now)):
        raise ApprovalError(moved)


def _moved(approved: Plan, now: Plan) -> Iterator[Problem]:
    was, found = approved.fingerprint, now.fingerprint
    if was.revision != found.revision:
        yield _problem("the code", was.revision, found.revision)
    if was.config != found.config:
        yield _problem(f"Pulumi.{now.stack}.yaml", was.config[:12], found.config[:12])
    if was.state != found.state:
        yield _problem("the state", was.state[:12], f"{found.state[:12]}: something has run since")
    if was.changes != found.changes:
        before, after = (set(_lines(each)) for each in (approved, now))
        yield _problem("the changes", _listed(before - after), _listed(after - before))


def _lines(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        paths = ", ".join(each.path for each in change.differences)
        yield f"{change.operation} {change.title}{f' ({paths})' if paths else ''}"


def _listed(lines: set[str]) -> str:
    return "; ".join(sorted(lines)) or "the same, with other values"


def _problem(what: str, approved: str, found: str) -> Problem:
    return Problem(
        code="PK522",
        summary="the plan has moved since it was approved",
        where=what,
        found=found,
        allowed=approved,
        remedy="look at the plan as it is now, and approve that one",
    )


def _shape(changes: Sequence[Change]) -> list[Any]:
    return [
        [each.operation, each.urn, each.was, [[it.path, it.forces, list(it.lines)] for it in each.differences]]
        for each in changes
    ]


def _revision(directory: Path) -> str:
    """The commit, and what the work tree has otherwise, if it is one."""
    repository = Repository(directory)
    try:
        edited = repository.edited()
    except RevisionError:
        return _NO_REPOSITORY
    content = [(file, _digest_of(directory / file)) for file in edited]
    return repository.head[:12] + (f" with {_digest(content)[:12]} edited" if edited else "")


def _digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _without_time(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in deployment.items() if key != "manifest"}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
