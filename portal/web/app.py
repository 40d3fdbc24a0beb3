"""The portal's application: routes, each behind the guard, and what goes with every response."""

from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.middleware.trustedhost import TrustedHostMiddleware

from portal.access.guard import AccessGuard, check_routes
from portal.data.database import Database
from portal.runs.service import RunService
from portal.web import account, admin, pages, resources, runs, sign_in, stacks, static_files, tenants
from portal.web.api import administration
from portal.web.api import runs as api_runs
from portal.web.api import stacks as api_stacks
from portal.web.errors import add_handlers
from portal.web.headers import Headers
from portal.web.pages import Portal
from portal.web.settings import PortalSettings
from portal.web.stack_files import StackFiles

_LARGEST: Final = 4 << 20  # bytes of a request: a stack file has at most 1 MiB, and stands twice in its form
_system = APIRouter(include_in_schema=False)


def create_app(settings: PortalSettings, service: RunService, database: Database) -> FastAPI:
    """The portal of a project. LookupError for a route that no permission is known for (`portal.access.routes`)."""
    guard = AccessGuard(database, service, settings.url, settings.cookie)
    app = FastAPI(
        title="polykube",
        docs_url=None,  # its pages come from elsewhere
        redoc_url=None,
        openapi_url=None,  # it is a route of ours, behind the guard
        max_body_size=_LARGEST,
        dependencies=[Depends(guard)],
    )
    app.state.portal = Portal(settings, database, service, guard, StackFiles(settings.project))
    pages_ = (sign_in, stacks, resources, runs, tenants, account, admin, static_files)
    for module in (*pages_, api_stacks, api_runs, administration):
        app.include_router(module.router)
    app.include_router(_system)
    add_handlers(app)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[settings.host])
    app.add_middleware(Headers, tls=settings.tls)
    check_routes(app)
    return app


@_system.get("/healthz")
def health(request: Request) -> dict[str, str]:
    """Whether the portal can work: it asks the database."""
    with pages.portal_of(request).database.reading() as session:
        session.connection()
    return {"status": "ok"}


@_system.get("/api/v1/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    """The API as an OpenAPI document."""
    return get_openapi(title="polykube", version="1", routes=request.app.routes)
