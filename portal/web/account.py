"""Pages of one's own account: password and tokens."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import Response

from portal.access import accounts, sessions, tokens
from portal.access.accounts import AccountError
from portal.access.guard import actor_of
from portal.data import audit
from portal.data.models import ApiToken, User, now
from portal.data.roles import ANY, Role
from portal.web.pages import page, portal_of, see
from portal.web.texts import Name

router = APIRouter(include_in_schema=False)


@router.get("/account")
def account(request: Request) -> Response:
    """Who one is here."""
    return _account(request)


@router.post("/account/password")
def password(request: Request, current: Annotated[str, Form()] = "", wanted: Annotated[str, Form()] = "") -> Response:
    """Another password; whoever changes it knows the current one, which a browser left open does not."""
    actor, portal = actor_of(request), portal_of(request)
    with portal.database.writing() as session:
        user = accounts.with_password(session, actor.name, current)
        if user is None:
            return _account(request, 422, wrong="The current password is another one.")
        try:
            accounts.set_password(session, user, wanted, actor.name)
        except AccountError as error:
            return _account(request, 422, wrong=f"{str(error).capitalize()}.")
        sessions.end(session, portal.guard.cookie_of(request))
    return see("/login")


@router.post("/account/tokens")
def issue(
    request: Request,
    name: Annotated[Name, Form()],
    role: Annotated[Role, Form()] = Role.VIEWER,
    stack: Annotated[Name, Form()] = ANY,
    days: Annotated[int, Form(ge=1, le=tokens.LONGEST)] = 30,
) -> Response:
    """A new token, whose value is shown this once."""
    _, value = new_token(request, name, role, stack, days)
    return _account(request, value=value)


@router.post("/account/tokens/{token}/revoke")
def revoke(request: Request, token: str) -> Response:
    """A token that opens nothing any more."""
    end_token(request, token)
    return see("/account", "revoked")


def new_token(request: Request, name: str, role: Role, stack: str, days: int) -> tuple[ApiToken, str]:
    """A token of whoever asks; HTTPException 403 when a token asks for it: it would outlive its own end."""
    actor = actor_of(request)
    if actor.limit is not None:
        raise HTTPException(403, "A token makes no tokens: sign in.")
    with portal_of(request).database.writing() as session:
        token, value = tokens.issue(session, actor.id, name, tokens.limit_of(role, stack), days)
        audit.append(session, actor.name, "token.issue", token.id, name=name, role=role.value, stack=stack, days=days)
    return token, value


def end_token(request: Request, token: str) -> None:
    """Revoke a token of whoever asks; HTTPException 404 when they have none with this id."""
    actor = actor_of(request)
    with portal_of(request).database.writing() as session:
        if tokens.revoke(session, actor.id, token) is None:
            raise HTTPException(404, "You have no such token.")
        audit.append(session, actor.name, "token.revoke", token)


def _account(request: Request, status: int = 200, wrong: str = "", value: str = "") -> Response:
    actor = actor_of(request)
    with portal_of(request).database.reading() as session:
        user = session.get_one(User, actor.id)
        shown = {"user": user, "grants": list(user.grants), "tokens": tokens.tokens_of(session, actor.id)}
    return page(request, "account.html", status, **shown, roles=list(Role), wrong=wrong, value=value, now=now())
