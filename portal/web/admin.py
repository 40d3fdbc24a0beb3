"""Pages of administration: users, their roles, and the audit log."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from starlette.responses import Response

from common.errors import PortalError
from portal.access import accounts
from portal.access.accounts import AccountError
from portal.access.guard import actor_of
from portal.data import audit
from portal.data.models import AuditEntry, User
from portal.data.roles import ANY, Role
from portal.web.pages import page, portal_of, see
from portal.web.texts import Email, Name, Number

router = APIRouter(include_in_schema=False)
_PAGE: Final = 100  # entries of the audit log in a page


@router.get("/admin")
def users(request: Request) -> Response:
    """Everybody who can sign in."""
    return _users(request)


@router.post("/admin/users")
def add(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    email: Annotated[Email, Form()] = "",
) -> Response:
    """A new local account."""
    try:
        with portal_of(request).database.writing() as session:
            user = accounts.add_user(session, name, password, actor_of(request).name, email)
    except AccountError as error:
        return _users(request, 422, f"{str(error).capitalize()}.")
    return see(f"/admin/users/{user.id}")


@router.get("/admin/users/{user}")
def user(request: Request, user: str) -> Response:
    """One of them, with their roles."""
    return _user(request, user)


@router.post("/admin/users/{user}")
def disable(request: Request, user: str, disabled: Annotated[bool, Form()] = False) -> Response:
    """Let somebody in no longer, or again."""
    with portal_of(request).database.writing() as session:
        found = found_user(session, user)
        check_other(request, found)
        accounts.disable(session, found, actor_of(request).name, disabled=disabled)
    return see(f"/admin/users/{user}", "saved")


@router.post("/admin/users/{user}/password")
def password(request: Request, user: str, wanted: Annotated[str, Form()] = "") -> Response:
    """Another password for somebody."""
    try:
        with portal_of(request).database.writing() as session:
            accounts.set_password(session, found_user(session, user), wanted, actor_of(request).name)
    except AccountError as error:
        return _user(request, user, 422, f"{str(error).capitalize()}.")
    return see(f"/admin/users/{user}", "saved")


@router.post("/admin/users/{user}/grants")
def give(
    request: Request,
    user: str,
    role: Annotated[Role, Form()],
    stack: Annotated[Name, Form()] = ANY,
    tenant: Annotated[Name, Form()] = ANY,
) -> Response:
    """A role for somebody."""
    with portal_of(request).database.writing() as session:
        accounts.give(session, found_user(session, user), role, actor_of(request).name, stack or ANY, tenant or ANY)
    return see(f"/admin/users/{user}", "saved")


@router.post("/admin/users/{user}/grants/{grant}/revoke")
def take(request: Request, user: str, grant: str) -> Response:
    """A role less for somebody."""
    take_grant(request, user, grant)
    return see(f"/admin/users/{user}", "saved")


def take_grant(request: Request, user: str, grant: str) -> None:
    """Take a role away; nobody takes the one that they administer by, so that somebody is left who can."""
    actor = actor_of(request)
    with portal_of(request).database.writing() as session:
        found = found_user(session, user)
        if any(each.id == grant and each.role == Role.ADMIN for each in found.grants):
            check_other(request, found)
        if not accounts.take(session, found, grant, actor.name):
            raise HTTPException(404, "They have no such role.")


def check_other(request: Request, user: User) -> None:
    """HTTPException 409 for oneself."""
    if user.id == actor_of(request).id:
        raise HTTPException(409, "Somebody else takes this from you, so that somebody is left who administers.")


def found_user(session: Session, user: str) -> User:
    """The user with an id; HTTPException 404 if there is none."""
    if found := session.get(User, user):
        return found
    raise HTTPException(404, "There is no such user.")


def all_users(session: Session) -> list[User]:
    """Everybody, with their roles."""
    return list(session.scalars(select(User).options(selectinload(User.grants)).order_by(User.name)))


def audit_page(session: Session, before: int, limit: int = _PAGE) -> list[AuditEntry]:
    """Entries of the audit log before a number, the newest first; 0: from the newest on."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    return list(session.scalars(query.where(AuditEntry.id < before) if before else query))


@router.get("/admin/audit")
def log(request: Request, before: Number = 0) -> Response:
    """What was done, the newest first, and whether the chain holds."""
    broken = ""
    with portal_of(request).database.reading() as session:
        entries = audit_page(session, before)
        try:
            count = audit.verify(session)
        except PortalError as error:
            count, broken = 0, str(error)
    return page(request, "audit.html", entries=entries, count=count, broken=broken)


def _users(request: Request, status: int = 200, wrong: str = "") -> Response:
    with portal_of(request).database.reading() as session:
        found = all_users(session)
    return page(request, "admin.html", status, users=found, wrong=wrong)


def _user(request: Request, user: str, status: int = 200, wrong: str = "") -> Response:
    with portal_of(request).database.reading() as session:
        found = found_user(session, user)
        grants = list(found.grants)
    stacks = portal_of(request).files.names()
    return page(request, "user.html", status, user=found, grants=grants, roles=list(Role), stacks=stacks, wrong=wrong)
