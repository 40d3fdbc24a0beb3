"""An approval that would hold for something else than what was looked at."""

from dataclasses import replace
from pathlib import Path

import pytest

from automation.api.plans import Fingerprint, Plan, check_unmoved
from automation.preview.changes import Change, changes_of
from automation.preview.events import seen
from automation.preview.findings import PolicyFinding
from common.errors import ApprovalError
from tests.support.events import GROUP, step, updating

SEEN = Fingerprint("a" * 12, "b" * 64, "c" * 64, "d" * 64)


def _changes(*names: str) -> list[Change]:
    events = [step("update", GROUP, name, {"size": 1}, {"size": 2}, **updating("size")) for name in names]
    return changes_of(seen(0, [*events, step("create", GROUP, "new", new={})]).steps)


APPROVED = Plan("dev", Path(), SEEN, _changes("a", "b"), [])


def test_what_has_not_moved_holds() -> None:
    check_unmoved(APPROVED, replace(APPROVED))


@pytest.mark.parametrize("revision", ["0" * 12, "f" * 12])
def test_each_thing_that_moved_is_named_with_what_it_was(revision: str) -> None:
    moved = Fingerprint(revision, "1" * 64, "2" * 64, "3" * 64)
    with pytest.raises(ApprovalError) as error:
        check_unmoved(APPROVED, replace(APPROVED, fingerprint=moved, changes=_changes("b", "c")))
    assert [(each.where, each.allowed, each.found) for each in error.value.problems] == [
        ("the code", "a" * 12, revision),
        ("Pulumi.dev.yaml", "b" * 12, "1" * 12),
        ("the state", "c" * 12, f"{'2' * 12}: something has run since"),
        ("the changes", f"update {GROUP} a (size)", f"update {GROUP} c (size)"),
    ]


def test_a_change_without_properties_is_named_alone_and_other_values_are_said_so() -> None:
    moved = replace(SEEN, changes="0" * 64)
    with pytest.raises(ApprovalError) as error:
        check_unmoved(replace(APPROVED, changes=[]), replace(APPROVED, fingerprint=moved, changes=_changes()))
    (problem,) = error.value.problems
    assert (problem.allowed, problem.found) == ("the same, with other values", f"create {GROUP} new")


def test_only_what_is_mandatory_blocks_and_only_guarded_losses_take_an_approval() -> None:
    findings = [PolicyFinding(level, "r", "u", "m") for level in ("advisory", "mandatory")]
    first, *others = _changes("a")
    found = replace(APPROVED, findings=findings, changes=[replace(first, guarded=True), *others])
    assert (found.blocking, [each.name for each in found.guarded]) == ([findings[1]], [first.name])
