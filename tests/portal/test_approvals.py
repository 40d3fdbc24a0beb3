"""Plans that would be applied with fewer approvals than the rules want, by the wrong people, or at the wrong time."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from automation import api
from automation.preview.changes import Change, Operation
from common.errors import PortalError
from portal.approvals import AllRules, ApprovalRules, Asked, GivenApproval, barred, missing, read_rules
from portal.data.roles import Role

PLAN = api.Plan("prod", Path(), api.Fingerprint("r", "c", "s", "ch"), [], [])
LOSS = Change(Operation.DELETE, "urn", "aws:eks/cluster:Cluster", "prod", guarded=True)
MONDAY_NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BOB, DAN, CID = (
    GivenApproval("bob", Role.APPROVER),
    GivenApproval("dan", Role.APPROVER),
    GivenApproval("cid", Role.ADMIN),
)


def needs(rules: ApprovalRules, *approvals: GivenApproval, at: datetime = MONDAY_NOON, **plan: object) -> list[str]:
    """What a plan of Ann's needs, with other fields than PLAN."""
    nodes = plan.pop("nodes", None)
    assert nodes is None or isinstance(nodes, int)
    return missing(rules, Asked("ann", replace(PLAN, **plan), nodes), approvals, at)  # type: ignore[arg-type]


def test_an_approver_is_enough_where_nothing_else_is_said() -> None:
    assert needs(AllRules()) == ["approval by 1 approver"]
    assert needs(AllRules(), BOB) == []
    assert needs(AllRules(approvals=0)) == []


@pytest.mark.parametrize(
    "approval",
    [
        GivenApproval("ann", Role.ADMIN),
        GivenApproval("eve", Role.VIEWER),
        GivenApproval("pat", Role.PLANNER),
        GivenApproval("gone", None),
    ],
)
def test_who_may_not_approve_does_not_count(approval: GivenApproval) -> None:
    assert needs(AllRules(), approval) == ["approval by 1 approver"]
    assert barred(AllRules(), Asked("ann", PLAN), approval.by, approval.role)


def test_an_author_counts_where_the_rules_say_so_and_has_to_be_an_approver_then() -> None:
    rules = AllRules(author_may_approve=True)
    assert needs(rules, GivenApproval("ann", Role.APPROVER)) == []
    assert needs(rules, GivenApproval("ann", Role.PLANNER)) != []


def test_two_approvals_are_of_two_people() -> None:
    rules = AllRules(approvals=2)
    assert needs(rules, BOB, BOB) == ["approval by 1 approver"]
    assert needs(rules, BOB, DAN) == []


def test_the_loss_of_what_is_protected_needs_an_admin() -> None:
    assert needs(AllRules(), BOB, changes=[LOSS]) == [
        "approval by an admin: it loses aws:eks/cluster:Cluster prod, which is protected"
    ]
    assert needs(AllRules(), CID, changes=[LOSS]) == []
    assert needs(AllRules(), BOB, changes=[replace(LOSS, guarded=False)]) == []
    assert needs(AllRules(losses_need=Role.APPROVER), BOB, changes=[LOSS]) == []


def test_more_nodes_than_the_budget_need_an_admin() -> None:
    rules = AllRules(nodes=20)
    assert needs(rules, BOB, nodes=21) == ["approval by an admin: 21 nodes, of which 20 are in the budget"]
    assert needs(rules, CID, nodes=21) == []
    assert needs(rules, BOB, nodes=20) == []


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-30T08:00:00+00:00", True),  # Monday, nine o'clock in Berlin in winter
        ("2026-11-30T07:59:00+00:00", False),
        ("2026-11-30T15:00:00+00:00", False),
        ("2026-07-06T07:00:00+00:00", True),  # Monday, nine o'clock in Berlin in summer
        ("2026-11-29T12:00:00+00:00", False),  # Sunday
    ],
)
def test_a_change_window_is_in_its_own_zone(at: str, open_: bool) -> None:
    window = {"days": ["mon", "tue"], "from": "09:00", "to": "16:00", "zone": "Europe/Berlin"}
    rules = AllRules.model_validate({"windows": [window]})
    assert (needs(rules, BOB, at=datetime.fromisoformat(at)) == []) is open_


def test_a_window_over_midnight_is_of_the_day_on_which_it_begins() -> None:
    rules = AllRules.model_validate({"windows": [{"days": ["fri"], "from": "22:00", "to": "02:00"}]})
    for at, open_ in (("2026-12-04T22:00", True), ("2026-12-05T01:59", True), ("2026-12-04T01:00", False)):
        assert (needs(rules, BOB, at=datetime.fromisoformat(f"{at}:00+00:00")) == []) is open_, at


def test_a_stack_may_have_rules_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("approvals: 2\nstacks:\n  '*-dev': {approvals: 0}\n")
    rules = read_rules(file)
    assert rules.of("eks-dev").approvals == 0
    assert rules.of("eks-prod").approvals == 2
    assert read_rules(None).of("eks-prod").approvals == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("approval: 2", "approval"),
        ("approvals: -1", "approvals"),
        ("windows: [{from: '09:00', to: '16:00', zone: Europe/Berlim}]", "IANA"),
        ("stacks: {'*': {windows: [{from: noon, to: '16:00'}]}}", "stacks.*.windows.0.from"),
        ("lossesNeed: boss", "lossesNeed"),
        ("[", "rules.yaml"),
        ("- 1", "rules.yaml"),
    ],
)
def test_rules_that_cannot_be_are_refused_with_their_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(PortalError) as refused:
        read_rules(file)
    assert "PK936" in str(refused.value)
    assert told in str(refused.value)
