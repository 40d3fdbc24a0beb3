"""Pages of tenants: what each may use, and what it does."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from portal.access.guard import actor_of
from portal.access.policy import Action, may
from portal.web.pages import Portal, page, portal_of
from portal.web.usage import Usage, usage_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class TenantView:
    """A tenant: the stack whose cluster it is in, and the group of its people."""

    stack: str
    name: str
    group: str


@router.get("/tenants")
async def tenants(request: Request) -> Response:
    """Those that somebody may look at."""
    found = await run_in_threadpool(visible, request)
    return page(request, "tenants.html", tenants=found)


@router.get("/stacks/{stack}/tenants/{tenant}")
async def tenant(request: Request, stack: str, tenant: str) -> Response:
    """One, with what it uses of its quota."""
    view, usage = await run_in_threadpool(told, portal_of(request), stack, tenant)
    return page(request, "tenant.html", tenant=view, usage=usage)


def visible(request: Request) -> list[TenantView]:
    """The tenants of all stacks that somebody may look at."""
    portal, actor = portal_of(request), actor_of(request)
    return [
        TenantView(stack, each, portal.files.group(stack, each))
        for stack in portal.files.names()
        for each in portal.files.summary(stack).tenants
        if may(actor, Action.READ, stack, each)
    ]


def told(portal: Portal, stack: str, tenant: str) -> tuple[TenantView, Usage]:
    """A tenant and what it uses; HTTPException 404 if there is none."""
    if not portal.files.has(stack) or tenant not in portal.files.summary(stack).tenants:
        raise HTTPException(404, "There is no such tenant.")
    view = TenantView(stack, tenant, portal.files.group(stack, tenant))
    return view, usage_of(portal.files, stack, tenant)
