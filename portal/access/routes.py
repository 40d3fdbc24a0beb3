"""What each route of the portal takes. One that is not in here is refused, and the portal does not start with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portal.access.policy import Action


class Of(StrEnum):
    """What a permission is about, which the path names."""

    NOTHING = "nothing"  # anybody, also who is not signed in
    SELF = "self"  # who is signed in; what they see is up to their roles
    ANY_STACK = "any stack"
    STACK = "stack"  # the whole of {stack}
    PART = "part"  # {stack}, or at least one of its tenants; what somebody sees of it is up to their roles
    TENANT = "tenant"  # {tenant} of {stack}
    RUN = "run"  # the stack of {run}
    PORTAL = "portal"


@dataclass(frozen=True)
class Need:
    """What a route takes: an action, on what."""

    of: Of
    action: Action = Action.READ


_NOBODY: Final = Need(Of.NOTHING)
_SELF: Final = Need(Of.SELF)
_SOME_PLAN: Final = Need(Of.ANY_STACK, Action.PLAN)
_SEE: Final = Need(Of.PART)
_SEE_ALL: Final = Need(Of.STACK)
_PLAN: Final = Need(Of.STACK, Action.PLAN)
_SEE_TENANT: Final = Need(Of.TENANT)
_SEE_RUN: Final = Need(Of.RUN)
_STOP_RUN: Final = Need(Of.RUN, Action.PLAN)
_DECIDE: Final = Need(Of.RUN, Action.APPROVE)
_ADMIN: Final = Need(Of.PORTAL, Action.ADMINISTER)

ROUTES: Final[Mapping[tuple[str, str], Need]] = {
    ("GET", "/healthz"): _NOBODY,
    ("GET", "/static/{name}"): _NOBODY,
    ("GET", "/login"): _NOBODY,
    ("POST", "/login"): _NOBODY,
    ("GET", "/login/oidc"): _NOBODY,
    ("GET", "/login/oidc/callback"): _NOBODY,
    ("POST", "/logout"): _SELF,
    ("GET", "/"): _SELF,
    ("GET", "/stacks"): _SELF,
    ("GET", "/stacks/new"): _SOME_PLAN,
    ("GET", "/stacks/{stack}"): _SEE,
    ("GET", "/stacks/{stack}/resources"): _SEE_ALL,
    ("GET", "/stacks/{stack}/edit"): _PLAN,
    ("POST", "/stacks/{stack}/edit"): _PLAN,
    ("POST", "/stacks/{stack}/form"): _PLAN,
    ("POST", "/stacks/{stack}/runs"): _PLAN,
    ("GET", "/runs"): _SELF,
    ("GET", "/runs/{run}"): _SEE_RUN,
    ("GET", "/runs/{run}/plan"): _SEE_RUN,
    ("GET", "/runs/{run}/events"): _SEE_RUN,
    ("POST", "/runs/{run}/approve"): _DECIDE,
    ("POST", "/runs/{run}/reject"): _DECIDE,
    ("POST", "/runs/{run}/cancel"): _STOP_RUN,
    ("GET", "/tenants"): _SELF,
    ("GET", "/stacks/{stack}/tenants/{tenant}"): _SEE_TENANT,
    ("GET", "/account"): _SELF,
    ("POST", "/account/password"): _SELF,
    ("POST", "/account/tokens"): _SELF,
    ("POST", "/account/tokens/{token}/revoke"): _SELF,
    ("GET", "/admin"): _ADMIN,
    ("POST", "/admin/users"): _ADMIN,
    ("GET", "/admin/users/{user}"): _ADMIN,
    ("POST", "/admin/users/{user}"): _ADMIN,
    ("POST", "/admin/users/{user}/grants"): _ADMIN,
    ("POST", "/admin/users/{user}/grants/{grant}/revoke"): _ADMIN,
    ("POST", "/admin/users/{user}/password"): _ADMIN,
    ("GET", "/admin/audit"): _ADMIN,
    ("GET", "/api/v1/openapi.json"): _SELF,
    ("GET", "/api/v1/me"): _SELF,
    ("GET", "/api/v1/stacks"): _SELF,
    ("GET", "/api/v1/stacks/{stack}"): _SEE,
    ("GET", "/api/v1/stacks/{stack}/file"): _SEE_ALL,
    ("GET", "/api/v1/stacks/{stack}/resources"): _SEE,
    ("POST", "/api/v1/stacks/{stack}/check"): _PLAN,
    ("POST", "/api/v1/stacks/{stack}/runs"): _PLAN,
    ("GET", "/api/v1/stacks/{stack}/tenants/{tenant}"): _SEE_TENANT,
    ("GET", "/api/v1/tenants"): _SELF,
    ("GET", "/api/v1/runs"): _SELF,
    ("GET", "/api/v1/runs/{run}"): _SEE_RUN,
    ("GET", "/api/v1/runs/{run}/events"): _SEE_RUN,
    ("POST", "/api/v1/runs/{run}/approve"): _DECIDE,
    ("POST", "/api/v1/runs/{run}/reject"): _DECIDE,
    ("POST", "/api/v1/runs/{run}/cancel"): _STOP_RUN,
    ("GET", "/api/v1/tokens"): _SELF,
    ("POST", "/api/v1/tokens"): _SELF,
    ("DELETE", "/api/v1/tokens/{token}"): _SELF,
    ("GET", "/api/v1/users"): _ADMIN,
    ("POST", "/api/v1/users"): _ADMIN,
    ("PATCH", "/api/v1/users/{user}"): _ADMIN,
    ("POST", "/api/v1/users/{user}/grants"): _ADMIN,
    ("DELETE", "/api/v1/users/{user}/grants/{grant}"): _ADMIN,
    ("GET", "/api/v1/audit"): _ADMIN,
}
