"""Who may do what, where: the roles, each of which includes those before it."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.data.models import StoredGrant, User

ANY = "*"


class Role(StrEnum):
    """What somebody may do, in order: look, ask for a plan, approve somebody else's, and all."""

    VIEWER = "viewer"
    PLANNER = "planner"
    APPROVER = "approver"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


def role_of(grants: Iterable[StoredGrant], stack: str, tenant: str = ANY) -> Role | None:
    """The highest role on a tenant of a stack, or with `*` on a whole stack, for which a grant on one tenant does not
    do. With `stack` `*`, the role on all of them.
    """
    found = [Role(each.role) for each in grants if each.stack in (ANY, stack) and each.tenant in (ANY, tenant)]
    return max(found, key=list(Role).index, default=None)


def role_of_user(session: Session, user: str, stack: str, tenant: str = ANY) -> Role | None:
    """The same of the user with a name; none of one who is disabled, or whom nobody knows."""
    found = session.scalars(select(User).where(User.name == user, User.disabled.is_(False))).one_or_none()
    return role_of(found.grants, stack, tenant) if found else None
