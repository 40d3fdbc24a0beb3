"""Accounts: who can sign in, by a password or by single sign-on, and their roles."""

import re
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.access import passwords, sessions
from portal.access.oidc import OidcSettings, SignedIn, grants_of
from portal.data import audit
from portal.data.models import StoredGrant, User
from portal.data.roles import ANY, Role

BY_GROUPS: Final = "single sign-on"
"""Who gave the roles that groups of a provider bring."""
_NAME: Final = re.compile(r"[\w.@+-]{1,128}")


class AccountError(Exception):
    """An account cannot be as somebody wants it; the message is for them."""


def user_named(session: Session, name: str) -> User | None:
    """The user with a name."""
    return session.scalars(select(User).where(User.name == name)).one_or_none()


def with_password(session: Session, name: str, password: str) -> User | None:
    """The user who has shown this password; None for any other, also one who is disabled, in the same time."""
    user = user_named(session, name)
    if not passwords.is_right(password, (user and user.password_hash) or "") or user is None or user.disabled:
        return None
    if passwords.needs_rehash(user.password_hash or ""):
        user.password_hash = passwords.hashed(password)
    return user


def add_user(session: Session, name: str, password: str, by: str, email: str = "") -> User:
    """A new local account without any role; AccountError for a name or a password that cannot be."""
    user = User(name=_name(name), email=email, password_hash=passwords.hashed(_password(password)))
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise AccountError(f"there is somebody called {name} already") from None
    audit.append(session, by, "user.add", name)
    return user


def set_password(session: Session, user: User, password: str, by: str) -> None:
    """Another password; whoever is signed in as this user is signed out. AccountError for one that is too short."""
    user.password_hash = passwords.hashed(_password(password))
    sessions.end_all(session, user.id)
    audit.append(session, by, "user.password", user.name)


def disable(session: Session, user: User, by: str, *, disabled: bool) -> None:
    """Let a user in no longer, or again; sessions and tokens end at once."""
    user.disabled = disabled
    if disabled:
        sessions.end_all(session, user.id)
    audit.append(session, by, "user.disable" if disabled else "user.enable", user.name)


def give(session: Session, user: User, role: Role, by: str, stack: str = ANY, tenant: str = ANY) -> StoredGrant:
    """Give a user a role on a stack, or on a tenant of it; the grant that they have, if they have it."""
    for each in user.grants:
        if (each.role, each.stack, each.tenant) == (role.value, stack, tenant):
            return each
    grant = StoredGrant(role=role.value, stack=stack, tenant=tenant, created_by=by)
    user.grants.append(grant)
    session.flush()
    audit.append(session, by, "role.give", user.name, role=role.value, stack=stack, tenant=tenant)
    return grant


def take(session: Session, user: User, grant: str, by: str) -> bool:
    """Take a role away again, by the grant's id; whether there was such a one."""
    found = next((each for each in user.grants if each.id == grant), None)
    if found is None:
        return False
    user.grants.remove(found)
    audit.append(session, by, "role.take", user.name, role=found.role, stack=found.stack, tenant=found.tenant)
    return True


def from_provider(session: Session, identity: SignedIn, settings: OidcSettings) -> User | None:
    """The user who is known at a provider as somebody, with the roles that their groups bring today; None for one who
    is disabled.

    A local account of the same name is another user: names at a provider are whatever it takes for them.
    """
    query = select(User).where(User.issuer == identity.issuer, User.subject == identity.subject)
    user = session.scalars(query).one_or_none()
    if user is None:
        user = User(name=_free_name(session, identity), issuer=identity.issuer, subject=identity.subject)
        session.add(user)
        session.flush()
        audit.append(session, user.name, "user.add", user.name, issuer=identity.issuer)
    if user.disabled:
        return None
    wanted = {(each.role, each.stack, each.tenant) for each in grants_of(identity, settings)}
    for grant in [each for each in user.grants if each.created_by == BY_GROUPS]:
        if (grant.role, grant.stack, grant.tenant) not in wanted:
            take(session, user, grant.id, BY_GROUPS)
    for role, stack, tenant in sorted(wanted):
        give(session, user, Role(role), BY_GROUPS, stack, tenant)
    return user


def _free_name(session: Session, identity: SignedIn) -> str:
    cleaned = re.sub(r"[^\w.@+-]", "-", identity.name)[:80] or "user"
    host = urlsplit(identity.issuer).hostname or "provider"
    for name in (cleaned, f"{cleaned}+{host}"[:128]):
        if user_named(session, name) is None:
            return name
    return f"{cleaned}+{identity.subject}"[:128]


def _name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise AccountError("a name has 1 to 128 letters, digits or . _ @ + -")
    return name


def _password(password: str) -> str:
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise AccountError(f"a password has {passwords.SHORTEST} to {passwords.LONGEST} characters")
    return password
