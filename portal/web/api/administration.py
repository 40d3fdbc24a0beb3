"""The API of accounts, tokens and the audit log."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request

from portal.access import accounts, tokens
from portal.access.accounts import AccountError
from portal.access.guard import actor_of
from portal.data.models import User
from portal.web.account import end_token, new_token
from portal.web.admin import all_users, audit_page, check_other, found_user, take_grant
from portal.web.api import models
from portal.web.pages import portal_of
from portal.web.texts import Number

router = APIRouter(prefix="/api/v1", tags=["administration"])


@router.get("/me")
def me(request: Request) -> models.Me:
    """Who you are here."""
    return models.Me.model_validate(actor_of(request))


@router.get("/tokens")
def own_tokens(request: Request) -> list[models.TokenOut]:
    """Your tokens."""
    with portal_of(request).database.reading() as session:
        return [models.TokenOut.model_validate(each) for each in tokens.tokens_of(session, actor_of(request).id)]


@router.post("/tokens", status_code=201)
def issue(request: Request, token: models.TokenIn) -> models.NewToken:
    """A new token of yours; no token makes one."""
    made, value = new_token(request, token.name, token.role, token.stack, token.days)
    return models.NewToken(**models.TokenOut.model_validate(made).model_dump(), value=value)


@router.delete("/tokens/{token}", status_code=204)
def revoke(request: Request, token: str) -> None:
    """Revoke a token of yours."""
    end_token(request, token)


@router.get("/users")
def users(request: Request) -> list[models.UserOut]:
    """Everybody who can sign in."""
    with portal_of(request).database.reading() as session:
        return [models.UserOut.model_validate(each) for each in all_users(session)]


@router.post("/users", status_code=201)
def add(request: Request, user: models.UserIn) -> models.UserOut:
    """A new local account, without any role."""
    try:
        with portal_of(request).database.writing() as session:
            made = accounts.add_user(session, user.name, user.password, actor_of(request).name, user.email)
            return models.UserOut.model_validate(made)
    except AccountError as error:
        raise HTTPException(422, f"{error}.") from None


@router.patch("/users/{user}")
def change(request: Request, user: str, change: models.UserChange) -> models.UserOut:
    """Let somebody in no longer, or again."""
    with portal_of(request).database.writing() as session:
        found: User = found_user(session, user)
        check_other(request, found)
        accounts.disable(session, found, actor_of(request).name, disabled=change.disabled)
        return models.UserOut.model_validate(found)


@router.post("/users/{user}/grants", status_code=201)
def give(request: Request, user: str, grant: models.GrantIn) -> models.GrantOut:
    """Give somebody a role."""
    with portal_of(request).database.writing() as session:
        found, by = found_user(session, user), actor_of(request).name
        made = accounts.give(session, found, grant.role, by, grant.stack, grant.tenant)
        return models.GrantOut.model_validate(made)


@router.delete("/users/{user}/grants/{grant}", status_code=204)
def take(request: Request, user: str, grant: str) -> None:
    """Take a role away."""
    take_grant(request, user, grant)


@router.get("/audit")
def audit(
    request: Request, before: Number = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[models.AuditOut]:
    """The audit log, the newest entries first."""
    with portal_of(request).database.reading() as session:
        return [models.AuditOut.model_validate(each) for each in audit_page(session, before, limit)]
