"""The rules of approval, as data: what a plan needs before it is applied, and of whom.

polykube portal --rules rules.yaml

approvals: 1                   # of how many people, each an approver
authorMayApprove: false
lossesNeed: admin              # who approves what deletes or replaces something protected
nodes: 20                      # a plan beyond so many nodes in all needs an admin
windows:                       # when changes are applied; always if there are none
- {days: [mon, tue, wed, thu], from: "09:00", to: "16:00", zone: Europe/Berlin}
stacks:                        # other rules for stacks by pattern; the first that fits counts
  "*-dev": {approvals: 0}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from automation import api
from common.errors import PortalError, Problem
from portal.data.roles import Role

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Window(_Model):
    """When changes are applied; `to` is not in it. One that ends before it begins goes over midnight."""

    days: tuple[Day, ...] = _DAYS
    begin: Annotated[time, Field(alias="from")]
    end: Annotated[time, Field(alias="to")]
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no time zone of the IANA database, such as Europe/Berlin") from None
        return value

    def has(self, at: datetime) -> bool:
        """Whether a time is in it; of one that goes over midnight, the day counts on which it begins."""
        local = at.astimezone(ZoneInfo(self.zone))
        today, yesterday = _DAYS[local.weekday()], _DAYS[local.weekday() - 1]
        clock = local.time()
        if self.begin <= self.end:
            return today in self.days and self.begin <= clock < self.end
        return (today in self.days and clock >= self.begin) or (yesterday in self.days and clock < self.end)

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.begin:%H:%M} to {self.end:%H:%M} {self.zone}"


class ApprovalRules(_Model):
    """What plans of a stack need."""

    approvals: Annotated[int, Field(ge=0, le=10)] = 1
    author_may_approve: bool = False
    losses_need: Role = Role.ADMIN
    nodes: Annotated[int | None, Field(ge=0)] = None
    windows: tuple[Window, ...] = ()


class AllRules(ApprovalRules):
    """The same, with other rules for some stacks."""

    stacks: Mapping[str, ApprovalRules] = {}

    def of(self, stack: str) -> ApprovalRules:
        """The rules for a stack."""
        return next((rules for pattern, rules in self.stacks.items() if fnmatchcase(stack, pattern)), self)


@dataclass(frozen=True)
class GivenApproval:
    """Who approved a plan, and with which role on its stack now; None: with none any more."""

    by: str
    role: Role | None


@dataclass(frozen=True)
class Asked:
    """A plan that waits: who wants it, and how many nodes there would be in all (None: it is not known)."""

    author: str
    plan: api.Plan
    nodes: int | None = None


def read_rules(file: Path | None) -> AllRules:
    """The rules in a file, or the default ones; PortalError (PK936) for what cannot be rules."""
    if file is None:
        return AllRules()
    try:
        return AllRules.model_validate(yaml.safe_load(file.read_text()) or {})
    except ValidationError as error:
        raise PortalError([_wrong(file, _place(each["loc"]), each["msg"]) for each in error.errors()]) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise PortalError(_wrong(file, "", str(error))) from None


def missing(rules: ApprovalRules, asked: Asked, approvals: Sequence[GivenApproval], at: datetime) -> list[str]:
    """What a plan still needs, each as a sentence; nothing when it can be applied at that time."""
    return [*_people(rules, asked, approvals), *_time(rules, at)]


def barred(rules: ApprovalRules, asked: Asked, by: str, role: Role | None) -> str:
    """Why somebody may not approve a plan; empty if they may."""
    if role is None or not role.includes(Role.APPROVER):
        return f"{by} is {role or 'nobody'} on {asked.plan.stack}"
    if by == asked.author and not rules.author_may_approve:
        return "whoever asked for a plan does not approve it"
    return ""


def _people(rules: ApprovalRules, asked: Asked, approvals: Sequence[GivenApproval]) -> Iterator[str]:
    counted = [each for each in approvals if not barred(rules, asked, each.by, each.role)]
    roles = [each.role for each in counted if each.role]
    if (more := rules.approvals - len({each.by for each in counted})) > 0:
        yield f"approval by {more} {'approver' if more == 1 else 'approvers'}"
    guarded = [each.title for each in asked.plan.guarded]
    if guarded and not any(each.includes(rules.losses_need) for each in roles):
        yield f"approval by an {rules.losses_need}: it loses {_some(guarded)}, which is protected"
    beyond = rules.nodes is not None and asked.nodes is not None and asked.nodes > rules.nodes
    if beyond and Role.ADMIN not in roles:
        yield f"approval by an admin: {asked.nodes} nodes, of which {rules.nodes} are in the budget"


def _time(rules: ApprovalRules, at: datetime) -> Iterator[str]:
    if rules.windows and not any(each.has(at) for each in rules.windows):
        yield "a time in which changes are applied: " + "; ".join(map(str, rules.windows))


def _some(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"


def _place(loc: Sequence[Any]) -> str:
    return ".".join(map(str, loc))


def _wrong(file: Path, where: str, found: str) -> Problem:
    return Problem(
        code="PK936",
        summary="the rules of approval cannot be used",
        file=str(file),
        where=where,
        found=found,
        allowed="approvals, authorMayApprove, lossesNeed, nodes, windows, stacks",
        remedy="see docs/guide/portal.md for what each takes",
    )
