"""What the API takes and gives, in camelCase."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from portal.access import passwords, tokens
from portal.data.roles import ANY, Role
from portal.runs.views import Action, RunState
from portal.web.texts import Email, Name, Reason


class ApiModel(BaseModel):
    """The base of all of them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, extra="forbid")


class ProblemOut(ApiModel):
    """Something that is wrong with a stack file, as `polykube check` says it."""

    code: str
    summary: str
    where: str = ""
    file: str = ""
    line: int = 0
    found: str = ""
    allowed: str = ""
    remedy: str = ""


class GrantOut(ApiModel):
    """A role on a stack, or on a tenant of it; `*` is any."""

    id: str
    role: Role
    stack: str
    tenant: str


class GrantIn(ApiModel):
    """A role to give."""

    role: Role
    stack: Name = ANY
    tenant: Name = ANY


class Me(ApiModel):
    """Who asks."""

    id: str
    name: str
    grants: Sequence[GrantOut]


class UserOut(ApiModel):
    """Somebody who can sign in."""

    id: str
    name: str
    email: str
    issuer: str | None
    disabled: bool
    created_at: datetime
    grants: Sequence[GrantOut]


class UserIn(ApiModel):
    """A new local account."""

    name: Name
    password: Annotated[str, Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]
    email: Email = ""


class UserChange(ApiModel):
    """Whether somebody is let in."""

    disabled: bool


class TokenIn(ApiModel):
    """A token to make: the most that it may do, where, and for how many days."""

    name: Name
    role: Role = Role.VIEWER
    stack: Name = ANY
    days: Annotated[int, Field(ge=1, le=tokens.LONGEST)] = 30


class TokenOut(ApiModel):
    """A token, without its value."""

    id: str
    name: str
    role: Role
    stack: str
    tenant: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewToken(TokenOut):
    """A token with its value, which is told this once."""

    value: str


class DecisionOut(ApiModel):
    """What somebody said to a plan."""

    by: str
    approved: bool
    fingerprint: str
    reason: str
    at: datetime


class RunOut(ApiModel):
    """A run of a stack; `plan` is there for one run alone, and `needs` says what the plan still wants."""

    id: str
    stack: str
    action: Action
    author: str
    reason: str
    state: RunState
    fingerprint: str
    plan: Mapping[str, Any] | None
    needs: Sequence[str]
    decisions: Sequence[DecisionOut]
    changes: Mapping[str, int]
    recovered: str
    error_code: str
    error: str
    created_at: datetime
    planned_at: datetime | None
    approved_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None


class RunIn(ApiModel):
    """A run to ask for. `stackFile` is a text in place of the stack file in the project, or that of a new stack."""

    action: Action
    reason: Reason = ""
    stack_file: Annotated[str, Field(max_length=1 << 20)] | None = None


class ApprovalIn(ApiModel):
    """Which plan is approved."""

    fingerprint: Annotated[str, Field(max_length=128)]


class RejectionIn(ApiModel):
    """Why not."""

    reason: Reason = ""


class StackOut(ApiModel):
    """A stack: what its file says, its newest run, and what is known beside that."""

    name: str
    problems: Sequence[ProblemOut]
    kind: str
    cloud: str
    stage: str
    version: str
    tenants: Sequence[str]
    last_run: RunOut | None = None


class StackDetail(StackOut):
    """The same with what is known beside its runs."""

    lives_until: datetime | None
    looked_at: datetime | None
    drift: Sequence[Mapping[str, Any]]


class FileIn(ApiModel):
    """The text of a stack file."""

    text: Annotated[str, Field(max_length=1 << 20)]


class FileOut(ApiModel):
    """The text of a stack file."""

    text: str


class CheckOut(ApiModel):
    """What the models say to a stack file."""

    accepted: bool
    problems: Sequence[ProblemOut]
    warnings: Sequence[ProblemOut]


class TenantOut(ApiModel):
    """A tenant."""

    stack: str
    name: str
    group: str


class BarOut(ApiModel):
    """A resource of a quota; `used` is empty where nobody could be asked."""

    what: str
    used: str
    hard: str


class TenantDetail(TenantOut):
    """A tenant, with what it uses of its quota; `silent` says why the cluster did not tell."""

    quota: Sequence[BarOut]
    silent: str


class AuditOut(ApiModel):
    """An entry of the audit log."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    details: Mapping[str, Any]
    previous: str
    hash: str
