"""What stands before every route: who asks, whether they may, and whether it was they who asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.concurrency import run_in_threadpool

from portal.access import sessions, tokens
from portal.access.policy import Action, Actor, may, may_see, may_somewhere
from portal.access.routes import ROUTES, Need, Of
from portal.access.secrets import same
from portal.data.database import Database
from portal.runs.service import NoRunError, RunService

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET"})
_BEARER: Final = "bearer "


class NotSignedIn(Exception):
    """Nobody is signed in, and the route is not for everybody."""


@dataclass(frozen=True)
class AccessGuard:
    """The dependency of every route. `url` is where browsers find the portal, `cookie` what its cookie is called."""

    database: Database
    service: RunService
    url: str
    cookie: str

    async def __call__(self, request: Request) -> None:
        """Let a request in, or raise NotSignedIn or HTTPException: 403, and 404 for what somebody may not even see."""
        if "\0" in request.scope["path"] or any("\0" in each for each in request.query_params.values()):
            raise HTTPException(400, "There is a character in the address that no database keeps.")
        need = ROUTES.get((request.method, request.scope["route"].path))
        if need is None:
            raise HTTPException(403, "No permission is known for this.")
        actor = await run_in_threadpool(self._actor, request)
        request.state.actor = actor
        self._check_origin(request)
        if need.of is Of.NOTHING:
            return
        if actor is None:
            raise NotSignedIn
        await self._check_token(request)
        await self._check(actor, need, request)

    def cookie_of(self, request: Request) -> str:
        """What the browser's cookie holds."""
        return request.cookies.get(self.cookie, "")

    def _actor(self, request: Request) -> Actor | None:
        """Who asks. What a program says in its header counts, and its cookies do not."""
        if value := _bearer(request):
            with self.database.reading() as session:
                found = tokens.actor_of(session, value)
            if found:
                with self.database.writing() as session:
                    tokens.used(session, found[1])
            return found[0] if found else None
        if not self.cookie_of(request):
            return None
        with self.database.reading() as session:
            return sessions.actor_of(session, self.cookie_of(request))

    def _check_origin(self, request: Request) -> None:
        """What changes something comes from our own pages: browsers say so, and programs send neither header."""
        if request.method in _SAFE or _bearer(request):
            return
        origin = request.headers.get("Origin", "")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if (origin and not _same_origin(origin, self.url)) or site not in ("same-origin", "none"):
            raise HTTPException(403, "This came from another site than the portal.")

    async def _check_token(self, request: Request) -> None:
        """The token of the session stands in forms, and in a header of what scripts send."""
        if request.method in _SAFE or _bearer(request):
            return
        sent = request.headers.get(CSRF_HEADER, "")
        if not sent and "form" in request.headers.get("Content-Type", ""):
            sent = str((await request.form()).get(CSRF_FIELD, ""))
        if not same(sent, sessions.csrf_token(self.cookie_of(request))):
            raise HTTPException(403, "The form is of another session. Load the page again, and send it once more.")

    async def _check(self, actor: Actor, need: Need, request: Request) -> None:
        stack, tenant = request.path_params.get("stack", ""), request.path_params.get("tenant", "*")
        match need.of:
            case Of.ANY_STACK:
                _allow(allowed=may_somewhere(actor, need.action), seen=True)
            case Of.PART:
                _allow(allowed=True, seen=may_see(actor, stack))
            case Of.STACK:
                _allow(allowed=may(actor, need.action, stack), seen=may_see(actor, stack))
            case Of.TENANT:
                _allow(allowed=may(actor, need.action, stack, tenant), seen=may_see(actor, stack))
            case Of.RUN:
                stack = await self._stack_of(request.path_params["run"])
                _allow(allowed=may(actor, need.action, stack), seen=may(actor, Action.READ, stack))
            case Of.PORTAL:
                _allow(allowed=may(actor, need.action), seen=True)

    async def _stack_of(self, run: str) -> str:
        try:
            return (await self.service.get(run)).stack
        except NoRunError:
            raise HTTPException(404, "There is no such run.") from None


def _allow(*, allowed: bool, seen: bool) -> None:
    if not seen:
        raise HTTPException(404, "There is nothing here.")
    if not allowed:
        raise HTTPException(403, "Your roles do not allow this.")


def _bearer(request: Request) -> str:
    said = request.headers.get("Authorization", "")
    return said[len(_BEARER) :].strip() if said.lower().startswith(_BEARER) else ""


def _same_origin(origin: str, url: str) -> bool:
    return urlsplit(origin)[:2] == urlsplit(url)[:2]


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """The method and the path of every route; TypeError for one that the guard does not stand before."""
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute) or route.path is None:
            raise TypeError(f"{route} is no route that a dependency stands before")
        yield from ((method, route.path) for method in sorted(route.methods or ()))


def check_routes(app: FastAPI) -> None:
    """LookupError for a route without a permission, or a permission without a route."""
    routes = set(routes_of(app))
    if differing := routes ^ ROUTES.keys():
        raise LookupError(f"routes and portal.access.routes differ: {sorted(differing)}")


def actor_of(request: Request) -> Actor:
    """Who asks for a route that is not for everybody."""
    actor: Any = request.state.actor
    assert isinstance(actor, Actor)
    return actor
