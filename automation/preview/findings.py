"""What policies say of a change: what is new, what it mends, and what was so before."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulumi.automation.events import PolicyEvent

from automation.outcome import COLOUR
from automation.preview.in_json import InJson
from automation.preview.values import visible
from policy.engine.judge import UNDETERMINED
from policy.engine.run import OPEN


def said(message: str) -> str:
    """A message of the engine's as it is to be read."""
    return visible(COLOUR.sub("", message)).strip()


@dataclass(frozen=True, order=True)
class PolicyFinding(InJson):
    """A finding of a rule: `level` is mandatory or advisory, `message` says where, what, why and what to do."""

    level: str
    rule: str
    urn: str
    message: str

    @property
    def is_mandatory(self) -> bool:
        """Whether it stops `up`."""
        return self.level == "mandatory"

    @property
    def is_undetermined(self) -> bool:
        """Whether the rule could not be judged before `up`."""
        return UNDETERMINED in self.message

    @property
    def is_open(self) -> bool:
        """Whether it says that something could not be judged: of one rule, or of how many."""
        return self.is_undetermined or OPEN in self.message


@dataclass(frozen=True)
class Compared(InJson):
    """Findings by whether the change brought them: mandatory ones first in each."""

    new: Sequence[PolicyFinding] = ()
    fixed: Sequence[PolicyFinding] = ()
    standing: Sequence[PolicyFinding] = ()


def findings_of(events: Iterable[PolicyEvent]) -> list[PolicyFinding]:
    """The findings in a run's events, each once."""
    found = {
        PolicyFinding(event.enforcement_level, event.policy_name, event.resource_urn or "", said(event.message))
        for event in events
    }
    return sorted(found, key=_order)


def compare(before: Iterable[PolicyFinding], after: Iterable[PolicyFinding]) -> Compared:
    """Findings after a change beside those before it.

    One is the same as before if its rule found something on its resource before, though perhaps in other words: a
    rule that finds more on a resource than before has new findings, those first that it worded otherwise.
    """
    base = sorted(before, key=_order)
    head = sorted(after, key=_order)
    was, left = Counter(map(_subject, base)), Counter(map(_subject, head))
    said, says = {(*_subject(each), each.message) for each in base}, {(*_subject(each), each.message) for each in head}
    new, standing = _apart(head, was, said)
    fixed, _ = _apart(base, left, says)
    return Compared(sorted(new, key=_order), sorted(fixed, key=_order), sorted(standing, key=_order))


def _apart(
    findings: Sequence[PolicyFinding], others: Counter[tuple[str, str]], words: set[tuple[str, str, str]]
) -> tuple[list[PolicyFinding], list[PolicyFinding]]:
    """Those that the other side does not have, and those that it has."""
    left = Counter(others)
    apart: list[PolicyFinding] = []
    shared: list[PolicyFinding] = []
    for each in sorted(findings, key=lambda it: (*_subject(it), it.message) not in words):
        (shared if left[_subject(each)] > 0 else apart).append(each)
        left[_subject(each)] -= 1
    return apart, shared


def _subject(finding: PolicyFinding) -> tuple[str, str]:
    return finding.rule, finding.urn


def _order(finding: PolicyFinding) -> tuple[bool, str, str, str]:
    return not finding.is_mandatory, finding.rule, finding.urn, finding.message
