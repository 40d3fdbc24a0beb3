"""The tables. Migrations (`portal.data.migrations`) make them; a test holds the two together."""

import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, ForeignKey, Index, MetaData, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


def new_id() -> str:
    """An identifier that nobody can guess."""
    return uuid.uuid4().hex


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, also where the database keeps none (SQLite): it is UTC there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What the database gets."""
        del dialect
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What comes back."""
        del dialect
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC) if value else None


class StoredRow(DeclarativeBase):
    """What all tables have in common: names of constraints, by which migrations find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}


class User(StoredRow):
    """Somebody who can sign in: by a password (argon2), or by an issuer of logins (OIDC) knowing them by `subject`."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str | None]
    issuer: Mapped[str | None]
    subject: Mapped[str | None]
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    grants: Mapped[list["StoredGrant"]] = relationship(back_populates="user", cascade="all, delete-orphan")


class StoredGrant(StoredRow):
    """A role (`portal.data.roles.Role`) of a user on a stack, or on a tenant of it; `*` is any."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("user_id", "role", "stack", "tenant"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str]
    stack: Mapped[str] = mapped_column(default="*")
    tenant: Mapped[str] = mapped_column(default="*")
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str] = mapped_column(default="")
    user: Mapped[User] = relationship(back_populates="grants")


class LoginSession(StoredRow):
    """A browser that is signed in: the SHA-256 of what its cookie holds, so that it can be ended here."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class ApiToken(StoredRow):
    """A token of a user's for programs: the SHA-256 of it alone, what it may at most, and where."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    stack: Mapped[str] = mapped_column(default="*")
    tenant: Mapped[str] = mapped_column(default="*")
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(StoredRow):
    """Something that somebody did; `portal.data.audit` appends it, and links it to the one before by `previous`."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    details: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(unique=True)  # two writers at once cannot both follow one entry
    hash: Mapped[str] = mapped_column(unique=True)


class StoredRun(StoredRow):
    """A run of a stack, as `portal.runs` carries it out; `state` is a `portal.runs.views.RunState`."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "stack", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    stack: Mapped[str]
    action: Mapped[str]
    author: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    stack_file: Mapped[str | None] = mapped_column(Text)
    former_file: Mapped[str | None] = mapped_column(Text)  # what the stack file said before this run wrote its own,
    file_was_kept: Mapped[bool] = mapped_column(default=False)  # which is known by then; None: there was none
    state: Mapped[str] = mapped_column(index=True)
    fingerprint: Mapped[str] = mapped_column(default="")
    plan: Mapped[dict[str, Any] | None]
    needs: Mapped[list[Any]] = mapped_column(default=list)
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    recovered: Mapped[str] = mapped_column(Text, default="")
    error_code: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    planned_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    decisions: Mapped[list["Decision"]] = relationship(order_by="Decision.at")


class Decision(StoredRow):
    """What somebody said to the plan with `fingerprint` of a run: yes, or no with a reason."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("run_id", "by", "fingerprint"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    by: Mapped[str]
    approved: Mapped[bool]
    fingerprint: Mapped[str]
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(default=now)


class RunEvent(StoredRow):
    """Something that happened in a run; `sequence` counts those of the run from 1 on, without a gap.

    `origin` says what it tells of, such as an event of the engine by its number: what is told twice is kept once.
    """

    __tablename__ = "run_events"
    __table_args__ = (UniqueConstraint("run_id", "origin"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]


class StackWatch(StoredRow):
    """What is known of a stack beside its runs: until when it lives, and what drifted when it was last looked at."""

    __tablename__ = "stack_watches"

    stack: Mapped[str] = mapped_column(primary_key=True)
    lives_until: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    drift: Mapped[list[Any]] = mapped_column(default=list)


class Webhook(StoredRow):
    """Who is told of runs: an address, and the secret that what it gets is signed with, encrypted."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    url: Mapped[str]
    secret: Mapped[str]
    stack: Mapped[str] = mapped_column(default="*")
    events: Mapped[list[Any]] = mapped_column(default=list)
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str] = mapped_column(default="")


class LoginAttempt(StoredRow):
    """A try to sign in that has not succeeded, or not yet; of a name that need not be anybody's."""

    __tablename__ = "login_attempts"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
