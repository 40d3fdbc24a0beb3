"""The audit log: entries are only ever appended, each with a hash over itself and the one before it.

The database refuses to change or remove one (a trigger); whoever can write the file itself still breaks the chain, and
`verify` says where. Entries that were cut off at the end are seen by who noted the newest hash elsewhere (`head`).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from common.errors import PortalError, Problem
from portal.data.models import AuditEntry, now

GENESIS: Final = "0" * 64
_CHAIN: Final = 0x706F6C796B756265  # the lock of PostgreSQL that stands for the chain


def append(session: Session, actor: str, action: str, target: str, **details: Any) -> AuditEntry:
    """Note, in the transaction of what was done, that `actor` did `action` to `target`; `details` go into JSON."""
    _append_alone(session)
    last = head(session)
    entry = AuditEntry(
        id=(last.id if last else 0) + 1,
        at=now(),
        actor=actor,
        action=action,
        target=target,
        details=json.loads(json.dumps(details, default=str)),
        previous=last.hash if last else GENESIS,
    )
    entry.hash = hash_of(entry)
    session.add(entry)
    session.flush()
    return entry


def _append_alone(session: Session) -> None:
    """Have every other transaction wait that wants to append, until this one ends; SQLite lets one write at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_CHAIN)))


def head(session: Session) -> AuditEntry | None:
    """The newest entry."""
    return session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one_or_none()


def hash_of(entry: AuditEntry) -> str:
    """SHA-256 over an entry and the hash before it."""
    said: Mapping[str, Any] = {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "details": entry.details,
        "previous": entry.previous,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(session: Session, expected: str = "") -> int:
    """How many entries there are; PortalError (PK932) at the first that was changed or is missing, or when the hash
    `expected` is none of theirs.
    """
    previous, count, seen = GENESIS, 0, expected in ("", GENESIS)
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)):
        count += 1
        if entry.id != count or entry.previous != previous:
            raise PortalError(_broken(entry, f"entry {count} is missing"))
        if entry.hash != hash_of(entry):
            raise PortalError(_broken(entry, "another content than its hash is of"))
        previous, seen = entry.hash, seen or entry.hash == expected
    if not seen:
        raise PortalError(_broken(None, f"{count} entries, none with the hash {expected}"))
    return count


def _broken(entry: AuditEntry | None, found: str) -> Problem:
    at: datetime | None = entry.at if entry else None
    return Problem(
        code="PK932",
        summary="the audit log was changed by somebody other than the portal",
        where=f"entry {entry.id} of {at:%Y-%m-%d %H:%M:%S}" if entry else "its end",
        found=found,
        allowed="every entry as it was written, after the one before it",
        remedy="compare with a backup, and find out who can write the database",
    )
