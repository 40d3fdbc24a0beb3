"""How pages are made: templates that escape everything, and what all of them show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from automation.preview.document import Block
from automation.preview.html import as_fragment
from automation.show import number_of
from portal.access.guard import CSRF_FIELD, AccessGuard
from portal.access.policy import Action, Actor, may, may_somewhere
from portal.access.sessions import csrf_token
from portal.data.database import Database
from portal.runs.service import RunService
from portal.runs.views import RunState
from portal.web.settings import PortalSettings
from portal.web.stack_files import StackFiles

_TONES: Final[Mapping[str, str]] = {
    RunState.APPLIED: "good",
    RunState.FAILED: "bad",
    RunState.INTERRUPTED: "bad",
    RunState.REJECTED: "bad",
    RunState.CANCELLED: "warn",
    RunState.PLANNED: "warn",
    RunState.QUEUED: "busy",
    RunState.PLANNING: "busy",
    RunState.APPROVED: "busy",
    RunState.APPLYING: "busy",
}
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_NEAR: Final = 10  # seconds that are now


class Notice(NamedTuple):
    """What a page tells of what was just done."""

    text: str
    tone: str = "good"


SAID: Final[Mapping[str, Notice]] = {
    "approved": Notice("You approved the plan."),
    "rejected": Notice("You said no to the plan.", "warn"),
    "cancelled": Notice("The run was asked to end. What is under way ends first.", "warn"),
    "password": Notice("The password is another one now, and all browsers are signed out."),
    "revoked": Notice("The token opens nothing any more."),
    "saved": Notice("It is saved."),
}
"""By what an address says (`?said=`), so that nobody can put words of theirs into a page by a link."""


@dataclass(frozen=True)
class Portal:
    """What routes work with."""

    settings: PortalSettings
    database: Database
    service: RunService
    guard: AccessGuard
    files: StackFiles


def portal_of(request: Request) -> Portal:
    """The portal that a request came to."""
    portal = request.app.state.portal
    assert isinstance(portal, Portal)
    return portal


def page(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page from a template; `shown` is what it shows, all of which is escaped."""
    return HTMLResponse(rendered(request, template, **shown), status)


def rendered(request: Request, template: str, **shown: Any) -> str:
    """The text of a template."""
    actor: Actor | None = getattr(request.state, "actor", None)
    cookie = request.cookies.get(portal_of(request).settings.cookie, "")
    common = {
        "actor": actor,
        "navigation": _navigation(actor),
        "here": "/" + request.url.path.split("/")[1],
        "said": SAID.get(request.query_params.get("said", "")),
        "csrf_field": lambda: Markup('<input type="hidden" name="{}" value="{}">').format(
            CSRF_FIELD, csrf_token(cookie)
        ),
        "version": _version(),
    }
    return _environment().get_template(template).render(**common, **shown)


def see(path: str, said: str = "") -> RedirectResponse:
    """Have the browser look at one of our pages, after something was done."""
    return RedirectResponse(f"{path}?said={said}" if said else path, 303)


def _navigation(actor: Actor | None) -> Sequence[tuple[str, str]]:
    if actor is None:
        return ()
    admin = [("/admin", "Administration")] if may(actor, Action.ADMINISTER) else []
    return [("/stacks", "Stacks"), ("/runs", "Runs"), ("/tenants", "Tenants"), *admin]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ago": ago,
        "iso": lambda time: time.astimezone(UTC).isoformat(timespec="seconds"),
        "counted": number_of,
        "document": _document,
        "prose": _prose,
    }
    environment.globals |= {"tone_of": lambda state: _TONES.get(state, ""), "may_somewhere": may_somewhere}
    return environment


def _document(blocks: Sequence[Block]) -> Markup:
    """Blocks of a report, which escape what stands in them themselves."""
    return Markup(as_fragment(blocks))  # noqa: S704 - each text was put in by ElementTree


def _prose(text: str) -> Markup:
    """A sentence with what stands between backticks as code."""
    code = Markup("<code>{}</code>")
    return Markup().join(code.format(part) if odd % 2 else part for odd, part in enumerate(text.split("`")))


def ago(time: datetime) -> str:
    """How long ago something was, as people say it; a time to come with «in»."""
    seconds = (datetime.now(UTC) - time).total_seconds()
    if abs(seconds) < _NEAR:
        return "now"
    for length, unit in _UNITS:
        if abs(seconds) >= length:
            amount = number_of(int(abs(seconds) // length), unit)
            return f"{amount} ago" if seconds > 0 else f"in {amount}"
    amount = f"{int(abs(seconds))} s"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


@cache
def _version() -> str:
    return version("polykube")
