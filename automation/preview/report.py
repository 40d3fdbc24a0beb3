"""The report on a change: what it does to each stack, why, what policies say, and what it leaves room for.

It is the same, byte for byte, for the same two revisions: how long things took is told elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automation.preview.bounds import Bound
from automation.preview.changes import Cause, Change, Operation
from automation.preview.findings import Compared, PolicyFinding
from automation.show import number_of

MARKER = "<!-- polykube preview -->"
"""What a comment begins with, so that it is found again and updated in place."""


@dataclass(frozen=True)
class StackReport:
    """What a change does to one stack. `is_new` says that the base does not have the stack.

    `without_base` says why nothing stands that it could be compared with, and `errors` what kept the preview from its
    end; `code` are changed files other than the stack's that run for it; `unknown` is what the preview could not tell.
    """

    stack: str
    is_new: bool = False
    without_base: str = ""
    changes: Sequence[Change] = ()
    policies: Compared = field(default_factory=Compared)
    quotas: Sequence[Bound] = ()
    nodes: Sequence[Bound] = ()
    code: Sequence[str] = ()
    errors: Sequence[str] = ()
    unknown: Sequence[str] = ()

    @property
    def counts(self) -> Mapping[Operation, int]:
        """How many resources each operation is for; what is moved and changed at once counts as changed."""
        counted = Counter(change.operation for change in self.changes)
        return {operation: counted[operation] for operation in Operation}

    @property
    def losses(self) -> list[Change]:
        """What is deleted or replaced."""
        return [each for each in self.changes if each.is_loss]

    @property
    def others(self) -> list[Change]:
        """What is changed in place, created, imported or moved."""
        return [each for each in self.changes if not each.is_loss]

    @property
    def blocking(self) -> list[PolicyFinding]:
        """The findings for which `up` would stop."""
        found = (*self.policies.new, *self.policies.standing)
        return [each for each in found if each.is_mandatory]


@dataclass(frozen=True)
class PreviewReport:
    """What a change does to the stacks that it touches. `head` tells the commit, `edited` files that are not in it."""

    base: str
    base_name: str
    head: str
    stacks: Sequence[StackReport]
    edited: int = 0
    rehearsed: bool = True

    @property
    def title(self) -> str:
        """What is compared, in a line."""
        edited = f" with {number_of(self.edited, 'file')} not committed" if self.edited else ""
        return f"{self.head[:12]}{edited} on {self.base[:12]} ({self.base_name})"

    @property
    def how(self) -> str:
        """Where it was previewed, and what that means."""
        if self.rehearsed:
            return (
                "A rehearsal: the base was brought up on stand-in clouds with a real engine and API server, and the "
                "change previewed on top. No account was asked, so nothing is known of drift or of what others made."
            )
        return "Previewed on what stands."

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "base": {"commit": self.base, "name": self.base_name},
            "head": {"commit": self.head, "edited": self.edited},
            "rehearsal": self.rehearsed,
            "stacks": [_stack(each) for each in self.stacks],
        }


def _stack(report: StackReport) -> dict[str, Any]:
    return {
        "stack": report.stack,
        "new": report.is_new,
        "withoutBase": report.without_base,
        "counts": {str(operation): count for operation, count in report.counts.items()},
        "changes": [_change(each) for each in report.changes],
        "policies": {
            "new": [_finding(each) for each in report.policies.new],
            "fixed": [_finding(each) for each in report.policies.fixed],
            "standing": [_finding(each) for each in report.policies.standing],
        },
        "quotas": [_bound(each) for each in report.quotas],
        "nodes": [_bound(each) for each in report.nodes],
        "code": list(report.code),
        "errors": list(report.errors),
        "unknown": list(report.unknown),
    }


def _change(change: Change) -> dict[str, Any]:
    told = {"was": change.was, "becomes": change.becomes, "cameFrom": change.came_from}
    return {
        "operation": str(change.operation),
        "type": change.type,
        "name": change.name,
        "urn": change.urn,
        "protected": change.protected,
        "forcedBy": change.forced_by,
        "follows": list(change.follows),
        "causes": [_cause(each) for each in change.causes],
        "differences": [{"path": each.path, "lines": list(each.lines)} for each in change.differences],
        **{key: value for key, value in told.items() if value},
    }


def _cause(cause: Cause) -> dict[str, Any]:
    where = {"file": cause.file, "line": cause.line, "where": cause.where, "gone": cause.gone}
    return {**where, "lines": list(cause.lines)}


def _finding(finding: PolicyFinding) -> dict[str, str]:
    return {"rule": finding.rule, "level": finding.level, "urn": finding.urn, "message": finding.message}


def _bound(bound: Bound) -> dict[str, str]:
    left = {"leftBefore": bound.left_before, "leftAfter": bound.left_after}
    shown = {"subject": bound.subject, "what": bound.what, "before": bound.before, "after": bound.after}
    return shown | {key: value for key, value in left.items() if value}
