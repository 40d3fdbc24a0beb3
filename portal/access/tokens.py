"""Tokens for programs: each is of a user, may do no more than they, and no more than its own role where it is for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.access.policy import Actor
from portal.access.secrets import TOKEN, kept, made
from portal.data.models import ApiToken, StoredGrant, User, now
from portal.data.roles import ANY, Role

LONGEST: Final = 366  # days that a token may be good for
_PRECISION: Final = timedelta(minutes=1)  # to which its last use is noted: not every request shall write


def issue(session: Session, user: str, name: str, limit: StoredGrant, days: int) -> tuple[ApiToken, str]:
    """A new token of the user with an id, good for so many days; its value is told this once.

    `limit` is the most that it may do, and where, as a grant of nobody.
    """
    value = made(TOKEN)
    token = ApiToken(
        user_id=user,
        name=name,
        digest=kept(value),
        role=limit.role,
        stack=limit.stack,
        tenant=limit.tenant,
        expires_at=now() + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    return token, value


def limit_of(role: Role, stack: str = ANY, tenant: str = ANY) -> StoredGrant:
    """The most that a token may do, and where."""
    return StoredGrant(role=role.value, stack=stack or ANY, tenant=tenant or ANY)


def actor_of(session: Session, value: str) -> tuple[Actor, str] | None:
    """Who a token acts for, and its id; None for one that is revoked, has expired, or is of nobody who may come in."""
    query = (
        select(ApiToken, User)
        .join(User, ApiToken.user_id == User.id)
        .where(
            ApiToken.digest == kept(value),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now()),
            User.disabled.is_(False),
        )
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    token, user = found
    limit = limit_of(Role(token.role), token.stack, token.tenant)
    return Actor(user.id, user.name, list(user.grants), limit), token.id


def used(session: Session, token: str) -> None:
    """Note that a token was used just now."""
    found = session.get_one(ApiToken, token)
    if _is_old(found.last_used_at):
        found.last_used_at = now()


def _is_old(at: datetime | None) -> bool:
    return at is None or at < now() - _PRECISION


def tokens_of(session: Session, user: str) -> Sequence[ApiToken]:
    """The tokens of the user with an id that are not revoked, the newest first."""
    query = select(ApiToken).where(ApiToken.user_id == user, ApiToken.revoked_at.is_(None))
    return session.scalars(query.order_by(ApiToken.created_at.desc())).all()


def revoke(session: Session, user: str, token: str) -> ApiToken | None:
    """Revoke a token of the user with an id; None when they have none with this id."""
    found = session.get(ApiToken, token)
    if found is None or found.user_id != user or found.revoked_at:
        return None
    found.revoked_at = now()
    return found
