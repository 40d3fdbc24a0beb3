"""What runs look like to pages and APIs: plain data, which nothing changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

Action: TypeAlias = Literal["apply", "destroy", "refresh", "recover"]
"""What a run does to its stack. `apply` and `destroy` are planned and approved first; the others change the state
alone."""


class RunState(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    PLANNING = "planning"
    PLANNED = "planned"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self in _FINAL


_FINAL = frozenset({RunState.APPLIED, RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED, RunState.REJECTED})


@dataclass(frozen=True)
class DecisionView:
    """What somebody said to the plan with `fingerprint`."""

    by: str
    approved: bool
    fingerprint: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class RunView:
    """A run.

    `fingerprint` is of the plan, empty before there is one; an approval names it. `plan` is `automation.api.Plan` as
    plain data (camelCase keys; `plan_of` makes the object of it again), `needs` says what the plan still wants of whom
    before it is applied. `changes` counts resources by operation when it is applied, `recovered` says what killed runs
    had left. `error_code` is a PKnnn where there is one, and `error` the whole message. `stack_file` is what was asked
    for in place of the stack file in the project, None where that one counts.
    """

    id: str
    stack: str
    action: Action
    author: str
    reason: str
    state: RunState
    stack_file: str | None
    fingerprint: str
    plan: Mapping[str, Any] | None
    needs: Sequence[str]
    decisions: Sequence[DecisionView]
    changes: Mapping[str, int]
    recovered: str
    error_code: str
    error: str
    created_at: datetime
    planned_at: datetime | None
    approved_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class EventView:
    """An event of a run; `sequence` counts from 1 on without a gap, and is the id in an event stream.

    Kinds and payloads:
        state       {"state": a State, "error_code", "error"}
        decision    {"by", "approved", "reason"}
        resource    {"op": create, update, …, "urn", "type", "name", "step": begun | done | failed}
        message     {"severity": info | warning | error, "urn", "text"}; secrets are masked
        policy      {"level", "rule", "urn", "text"}
        progress    {"done", "total"}: changes, of how many
        cancel      {"by"}: somebody wants it to end
    """

    run: str
    sequence: int
    at: datetime
    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class StackView:
    """What is known of a stack beside its runs: until when it lives, what drifted when it was last looked at.

    An entry of `drift` is an `automation.preview.drifted.Drifted` as plain data.
    """

    stack: str
    lives_until: datetime | None
    looked_at: datetime | None
    drift: Sequence[Mapping[str, Any]]
