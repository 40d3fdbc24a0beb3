"""Browsers that are signed in: a random value in a cookie, of which the database keeps the hash."""

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.access.policy import Actor
from portal.access.secrets import kept, made
from portal.data.models import LoginSession, User, now

LIFETIME: Final = timedelta(hours=12)
"""After which somebody signs in again."""


def begin(session: Session, user: User, former: str = "") -> str:
    """A new value for the cookie of somebody who has just shown who they are.

    It is a new one each time: one that somebody else put into the browser before would let them in as well (session
    fixation). The `former` one of the browser ends, and those that have expired go.
    """
    end(session, former)
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now()))
    value = made()
    session.add(LoginSession(digest=kept(value), user_id=user.id, expires_at=now() + LIFETIME))
    return value


def actor_of(session: Session, value: str) -> Actor | None:
    """Who a cookie is of, with their roles as they are now; None when it has ended, or they may no longer come in."""
    query = (
        select(User)
        .join(LoginSession, LoginSession.user_id == User.id)
        .where(LoginSession.digest == kept(value), LoginSession.expires_at > now(), User.disabled.is_(False))
    )
    user = session.scalars(query).one_or_none()
    return Actor(user.id, user.name, list(user.grants)) if user else None


def end(session: Session, value: str) -> None:
    """Sign a browser out."""
    session.execute(delete(LoginSession).where(LoginSession.digest == kept(value)))


def end_all(session: Session, user: str) -> None:
    """Sign the user with an id out everywhere."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user))


def csrf_token(value: str) -> str:
    """What forms of a signed-in browser send along: it follows from the cookie, which other sites cannot read."""
    return hmac.new(value.encode(), b"csrf", hashlib.sha256).hexdigest()
