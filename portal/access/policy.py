"""Who may do what: the one function that decides, from roles by stack and tenant (`portal.data.roles`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portal.data.models import StoredGrant
from portal.data.roles import ANY, Role, role_of


class Action(StrEnum):
    """What is done: looking, asking for a run, approving a plan, administering the portal and its stacks."""

    READ = "read"
    PLAN = "plan"
    APPROVE = "approve"
    ADMINISTER = "administer"


_NEEDS: Final[Mapping[Action, Role]] = {
    Action.READ: Role.VIEWER,
    Action.PLAN: Role.PLANNER,
    Action.APPROVE: Role.APPROVER,
    Action.ADMINISTER: Role.ADMIN,
}


@dataclass(frozen=True)
class Actor:
    """Who asks: somebody who is signed in, with their grants; or a token of theirs, which its `limit` bounds."""

    id: str
    name: str
    grants: Sequence[StoredGrant] = ()
    limit: StoredGrant | None = None


def may(actor: Actor, action: Action, stack: str = ANY, tenant: str = ANY) -> bool:
    """Whether somebody may do something to a tenant of a stack.

    `*` for the tenant is the whole stack, and for the stack all of them, which is also what it takes to administer the
    portal.
    """
    bounds = [actor.grants] if actor.limit is None else [actor.grants, [actor.limit]]
    held = [role_of(each, stack, tenant) for each in bounds]
    return all(role is not None and role.includes(_NEEDS[action]) for role in held)


def may_see(actor: Actor, stack: str) -> bool:
    """Whether somebody may look at a stack, or at least at one of its tenants."""
    return any(may(actor, Action.READ, stack, tenant) for tenant in {ANY, *(each.tenant for each in actor.grants)})


def may_somewhere(actor: Actor, action: Action) -> bool:
    """Whether there is any stack to which somebody may do something."""
    return any(may(actor, action, each.stack) for each in actor.grants)
