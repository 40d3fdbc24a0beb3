"""The API of stacks and tenants."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from portal.access.guard import actor_of
from portal.access.policy import Action, may
from portal.web.api import models
from portal.web.editing import check
from portal.web.pages import portal_of
from portal.web.resources import as_data, told
from portal.web.stack_files import NAME
from portal.web.stacks import StackCard, cards
from portal.web.tenants import told as tenant_told
from portal.web.tenants import visible

router = APIRouter(prefix="/api/v1", tags=["stacks"])


@router.get("/stacks")
async def stacks(request: Request) -> list[models.StackOut]:
    """The stacks that you may look at."""
    portal, actor = portal_of(request), actor_of(request)
    return [models.StackOut(**_fields(request, each)) for each in await cards(portal, actor)]


@router.get("/stacks/{stack}")
async def stack(request: Request, stack: str) -> models.StackDetail:
    """One of them."""
    portal, actor = portal_of(request), actor_of(request)
    found = next((each for each in await cards(portal, actor) if each.summary.name == stack), None)
    if found is None:
        raise HTTPException(404, f"There is no stack {stack}.")
    known = await portal.service.stack(stack)
    drift = known.drift if may(actor, Action.READ, stack) else ()
    return models.StackDetail(
        **_fields(request, found), lives_until=known.lives_until, looked_at=known.looked_at, drift=drift
    )


@router.get("/stacks/{stack}/file")
def file(request: Request, stack: str) -> models.FileOut:
    """The text of its file."""
    try:
        return models.FileOut(text=portal_of(request).files.text(stack))
    except LookupError:
        raise HTTPException(404, f"There is no stack {stack}.") from None


@router.get("/stacks/{stack}/resources")
async def resources(request: Request, stack: str) -> dict[str, Any]:
    """What stands of it, as its state says."""
    return dict(as_data(await run_in_threadpool(told, portal_of(request), stack)))


@router.post("/stacks/{stack}/check")
def check_file(request: Request, stack: str, file: models.FileIn) -> models.CheckOut:
    """What is wrong with a text as the file of this stack, which need not be there yet."""
    if NAME.fullmatch(stack) is None and not portal_of(request).files.has(stack):
        raise HTTPException(422, "A stack cannot be called so.")
    found = check(file.text, stack, portal_of(request).files.directory)
    problems, warnings = ([models.ProblemOut(**asdict(it)) for it in each] for each in (found.problems, found.warnings))
    return models.CheckOut(accepted=found.spec is not None, problems=problems, warnings=warnings)


@router.get("/tenants")
def tenants(request: Request) -> list[models.TenantOut]:
    """The tenants that you may look at."""
    return [models.TenantOut(**asdict(each)) for each in visible(request)]


@router.get("/stacks/{stack}/tenants/{tenant}")
def tenant(request: Request, stack: str, tenant: str) -> models.TenantDetail:
    """One of them, with what it uses."""
    view, usage = tenant_told(portal_of(request), stack, tenant)
    bars = [models.BarOut(what=each.what, used=each.used, hard=each.hard) for each in usage.bars]
    return models.TenantDetail(**asdict(view), quota=bars, silent=usage.silent)


def _fields(request: Request, card: StackCard) -> dict[str, Any]:
    """A stack for somebody who may look at all of it, or at some tenants alone."""
    it, actor = card.summary, actor_of(request)
    whole = may(actor, Action.READ, it.name)
    return {
        "name": it.name,
        "problems": [models.ProblemOut(**asdict(each)) for each in it.problems] if whole else [],
        "kind": it.kind,
        "cloud": it.cloud,
        "stage": it.stage,
        "version": it.version,
        "tenants": [each for each in it.tenants if may(actor, Action.READ, it.name, each)],
        "last_run": models.RunOut.model_validate(card.last) if card.last and whole else None,
    }
