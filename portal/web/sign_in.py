"""Signing in, by a password or by single sign-on, and out."""

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import RedirectResponse, Response

from portal.access import accounts, limits, sessions
from portal.access.oidc import PendingSignIn, Provider, SignInError
from portal.data import audit
from portal.data.models import User
from portal.web.headers import secure_cookie
from portal.web.pages import Portal, page, portal_of
from portal.web.texts import shortened

router = APIRouter(include_in_schema=False)
_HOME: Final = "/"
_AT_PROVIDER: Final = 600  # seconds that somebody may take at the provider
_HERE: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")
_WRONG: Final = "The name or the password is wrong."


@router.get("/login")
def sign_in_page(request: Request, next: str = _HOME) -> Response:  # noqa: A002 - as addresses have it
    """The form."""
    if getattr(request.state, "actor", None):
        return RedirectResponse(own_path(next), 303)
    return _form(request, next)


@router.post("/login")
def sign_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = _HOME,  # noqa: A002
) -> Response:
    """Let somebody in who shows their password."""
    portal, address = portal_of(request), request.client.host if request.client else ""
    name = shortened(name)
    with portal.database.writing() as session:
        wait = limits.attempt(session, name, address)
        if wait:
            audit.append(session, name, "login.refused", name, address=address)
    if wait:
        refused = _form(request, next, "There were too many tries. Wait for a quarter of an hour.", 429)
        refused.headers["Retry-After"] = str(wait)
        return refused
    with portal.database.writing() as session:
        user = accounts.with_password(session, name, password)
        if user is None:
            audit.append(session, name, "login.failed", name, address=address)
            return _form(request, next, _WRONG, 401)
        limits.forget(session, name, address)
        value = _begin(request, session, user, address)
    return _signed_in(portal, value, next)


@router.get("/login/oidc")
def to_provider(request: Request, next: str = _HOME) -> Response:  # noqa: A002
    """Send the browser to the provider of single sign-on."""
    portal = portal_of(request)
    if portal.settings.oidc is None:
        return _form(request, next, "There is no single sign-on here.", 404)
    try:
        url, flow = Provider(portal.settings.oidc).begin(_redirect(portal))
    except SignInError as error:
        return _form(request, next, str(error), 502)
    answer = RedirectResponse(url, 303)
    kept = _signer(portal).dumps([flow.state, flow.nonce, flow.verifier, own_path(next)])
    answer.set_cookie(_flow_cookie(portal), kept, max_age=_AT_PROVIDER, **secure_cookie(tls=portal.settings.tls))
    return answer


@router.get("/login/oidc/callback")
def from_provider(request: Request) -> Response:
    """Let somebody in whom the provider has sent back."""
    portal, oidc = portal_of(request), portal_of(request).settings.oidc
    try:
        kept = _signer(portal).loads(request.cookies.get(_flow_cookie(portal), ""), max_age=_AT_PROVIDER)
    except BadSignature:
        return _form(request, _HOME, "This did not begin here, or took too long. Begin again.", 400)
    if oidc is None:
        return _form(request, _HOME, "There is no single sign-on here.", 404)
    try:
        back = f"{_redirect(portal)}?{request.url.query}"
        identity = Provider(oidc).finish(PendingSignIn(*kept[:3]), _redirect(portal), back)
    except SignInError as error:
        return _form(request, kept[3], str(error), 403)
    address = request.client.host if request.client else ""
    with portal.database.writing() as session:
        user = accounts.from_provider(session, identity, oidc)
        value = _begin(request, session, user, address) if user else ""
    if not value:
        return _form(request, _HOME, "This account is disabled.", 403)
    answer = _signed_in(portal, value, kept[3])
    answer.delete_cookie(_flow_cookie(portal), **secure_cookie(tls=portal.settings.tls))
    return answer


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    portal = portal_of(request)
    with portal.database.writing() as session:
        sessions.end(session, portal.guard.cookie_of(request))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(portal.settings.cookie, **secure_cookie(tls=portal.settings.tls))
    return answer


def own_path(address: str) -> str:
    """An address of the portal's that somebody wanted, or its home: a link shall not lead elsewhere by way of us."""
    return address if _HERE.fullmatch(address) else _HOME


def _begin(request: Request, session: Any, user: User, address: str) -> str:
    audit.append(session, user.name, "login", user.name, address=address)
    return sessions.begin(session, user, portal_of(request).guard.cookie_of(request))


def _signed_in(portal: Portal, value: str, wanted: str) -> Response:
    answer = RedirectResponse(own_path(wanted), 303)
    lifetime = int(sessions.LIFETIME.total_seconds())
    answer.set_cookie(portal.settings.cookie, value, max_age=lifetime, **secure_cookie(tls=portal.settings.tls))
    return answer


def _form(request: Request, wanted: str, wrong: str = "", status: int = 200) -> Response:
    settings = portal_of(request).settings
    sso = settings.oidc.label if settings.oidc else ""
    return page(
        request, "login.html", status, next=own_path(wanted), wrong=wrong, single_sign_on=sso, demo=settings.demo
    )


def _signer(portal: Portal) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(portal.settings.secret, salt="oidc")


def _redirect(portal: Portal) -> str:
    return f"{portal.settings.url.rstrip('/')}/login/oidc/callback"


def _flow_cookie(portal: Portal) -> str:
    return f"{portal.settings.cookie}-flow"
