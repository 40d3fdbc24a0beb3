"""Which webhooks there are."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select

from common.errors import Problem, UnsafeError
from portal.data import audit
from portal.data.database import Database
from portal.data.models import Webhook
from portal.data.sealing import sealed
from portal.runs.webhooks import DeliveryError, allowed_address


class HookEvent(StrEnum):
    """What webhooks are told of: the states of runs that somebody waits for, and of stacks."""

    PLANNED = "planned"
    APPROVED = "approved"
    APPLIED = "applied"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    REJECTED = "rejected"
    EXPIRES = "expires"
    DRIFTED = "drifted"


def add(database: Database, url: str, secret: str, by: str, stack: str = "*", events: Sequence[HookEvent] = ()) -> str:
    """Have somebody told of events, or of all; the id. UnsafeError for an address that may not be told."""
    try:
        allowed_address(url)
    except DeliveryError as refused:
        raise UnsafeError(_refused(url, str(refused))) from None
    hook = Webhook(url=url, secret=sealed(secret), stack=stack, events=[each.value for each in events], created_by=by)
    with database.writing() as session:
        session.add(hook)
        session.flush()
        audit.append(session, by, "webhook.add", url, webhook=hook.id, stack=stack)
    return hook.id


def remove(database: Database, hook: str, by: str) -> None:
    """Tell one nothing any more; nothing happens where there is none."""
    with database.writing() as session:
        if found := session.get(Webhook, hook):
            session.delete(found)
            audit.append(session, by, "webhook.remove", found.url, webhook=hook)


def known(database: Database) -> Sequence[Webhook]:
    """Those that there are."""
    with database.reading() as session:
        return session.scalars(select(Webhook).order_by(Webhook.created_at)).all()


def _refused(url: str, found: str) -> Problem:
    return Problem(
        code="PK953",
        summary="this webhook is not told",
        where=url,
        found=found,
        allowed="https://… or http://…, at an address of the internet",
        remedy="allow a private network by POLYKUBE_PORTAL_WEBHOOK_NETWORKS, if it is yours",
    )
