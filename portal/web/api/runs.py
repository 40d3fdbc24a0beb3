"""The API of runs."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request
from starlette.responses import StreamingResponse

from portal.access.guard import actor_of
from portal.runs.views import EventView
from portal.web.api import models
from portal.web.pages import portal_of
from portal.web.runs import STREAM, UNBUFFERED, begin_of, sent, visible, watched
from portal.web.stack_files import NAME

router = APIRouter(prefix="/api/v1", tags=["runs"])


@router.post("/stacks/{stack}/runs", status_code=201)
async def ask(request: Request, stack: str, run: models.RunIn) -> models.RunOut:
    """Ask for a run: it is planned, and waits for an approval."""
    portal = portal_of(request)
    if not portal.files.has(stack):
        if run.stack_file is None:
            raise HTTPException(404, f"There is no stack {stack}.")
        if NAME.fullmatch(stack) is None:
            raise HTTPException(422, "A stack cannot be called so.")
    began = await portal.service.start(stack, run.action, actor_of(request).name, run.reason, run.stack_file)
    return models.RunOut.model_validate(began)


@router.get("/runs")
async def runs(request: Request, stack: str | None = None) -> list[models.RunOut]:
    """The newest runs of stacks that you may look at, without their plans."""
    found = await portal_of(request).service.list(stack=stack, limit=200)
    return [models.RunOut.model_validate(each) for each in visible(request, found)]


@router.get("/runs/{run}")
async def run(request: Request, run: str) -> models.RunOut:
    """One of them, with its plan."""
    return models.RunOut.model_validate(await portal_of(request).service.get(run))


@router.get("/runs/{run}/events", response_class=StreamingResponse)
async def events(
    request: Request, run: str, after: int = 0, last_event_id: Annotated[str, Header()] = ""
) -> StreamingResponse:
    """Server-sent events with JSON: `id` is the sequence, `Last-Event-ID` goes on after it, and `end` ends it."""
    stream = _stream(request, run, begin_of(last_event_id, after))
    return StreamingResponse(stream, media_type=STREAM, headers=UNBUFFERED)


@router.post("/runs/{run}/approve")
async def approve(request: Request, run: str, approval: models.ApprovalIn) -> models.RunOut:
    """Say yes to a plan."""
    name = actor_of(request).name
    return models.RunOut.model_validate(await portal_of(request).service.approve(run, name, approval.fingerprint))


@router.post("/runs/{run}/reject")
async def reject(request: Request, run: str, rejection: models.RejectionIn) -> models.RunOut:
    """Say no to a plan."""
    name = actor_of(request).name
    return models.RunOut.model_validate(await portal_of(request).service.reject(run, name, rejection.reason))


@router.post("/runs/{run}/cancel")
async def cancel(request: Request, run: str) -> models.RunOut:
    """Have a run end."""
    return models.RunOut.model_validate(await portal_of(request).service.cancel(run, actor_of(request).name))


async def _stream(request: Request, run: str, after: int) -> AsyncIterator[str]:
    service = portal_of(request).service
    async for event in watched(request, service.events(run, after)):
        yield ":\n\n" if event is None else sent(event.kind, _text(event), event.sequence)
    if (state := (await service.get(run)).state).is_final:
        yield sent("end", json.dumps({"state": state}))


def _text(event: EventView) -> str:
    return json.dumps({"sequence": event.sequence, "at": event.at.isoformat(), "payload": dict(event.payload)})
