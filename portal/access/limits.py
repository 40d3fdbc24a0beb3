"""How often somebody may try to sign in: counted in the database, so that it counts for all portals on it."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from portal.data.models import LoginAttempt, now

WINDOW: Final = timedelta(minutes=15)
_OF_BOTH: Final = 5  # for a name from one address
_OF_ADDRESS: Final = 30  # for all names from one address: an office has one
_OF_NAME: Final = 30  # for a name from everywhere; fewer would let anybody lock somebody out cheaply


def attempt(session: Session, name: str, address: str) -> int:
    """Count a try to sign in, before it is looked at: many at once shall not get more. Seconds to wait come back when
    there were too many, and that one is not to be looked at.
    """
    session.execute(delete(LoginAttempt).where(LoginAttempt.at <= now() - WINDOW))
    of_name, of_address = LoginAttempt.name == name, LoginAttempt.address == address
    for most, which in ((_OF_BOTH, (of_name, of_address)), (_OF_ADDRESS, (of_address,)), (_OF_NAME, (of_name,))):
        if _count(session, *which) >= most:
            return int(WINDOW.total_seconds())
    session.add(LoginAttempt(name=name, address=address))
    return 0


def forget(session: Session, name: str, address: str) -> None:
    """Somebody has signed in: their tries before count no longer."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.name == name, LoginAttempt.address == address))


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(LoginAttempt).where(*which)) or 0
