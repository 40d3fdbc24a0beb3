"""Pages of runs: all, one with its plan, and its events as they come."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Header, HTTPException, Request
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from automation.preview.document import Block, document
from automation.preview.findings import Compared
from automation.preview.report import PreviewReport, StackReport
from portal.access.guard import NotSignedIn, actor_of
from portal.access.policy import Action, may
from portal.data.models import RunEvent
from portal.runs.plans import plan_of
from portal.runs.store import event_view
from portal.runs.views import EventView, RunState, RunView
from portal.web.pages import Portal, page, portal_of, rendered, see
from portal.web.texts import MOST, shortened

router = APIRouter(include_in_schema=False)
_WAY: Final = (
    RunState.QUEUED,
    RunState.PLANNING,
    RunState.PLANNED,
    RunState.APPROVED,
    RunState.APPLYING,
    RunState.APPLIED,
)
_SHOWN: Final = 200  # events that a page has before any comes
STREAM: Final = "text/event-stream"
PULSE: Final = 15.0
"""Seconds after which a silent stream shows that it lives, and looks whether whoever watches still may."""
_MOVES: Final = frozenset({"state", "decision", "progress", "cancel"})


@router.get("/runs")
async def runs(request: Request) -> Response:
    """The newest runs of what somebody may look at."""
    found = await portal_of(request).service.list(limit=200)
    return page(request, "runs.html", runs=visible(request, found))


def visible(request: Request, found: Sequence[RunView]) -> list[RunView]:
    """Of runs, those of stacks that somebody may look at."""
    return [each for each in found if may(actor_of(request), Action.READ, each.stack)]


@router.get("/runs/{run}")
async def run(request: Request, run: str) -> Response:
    """A run: where it is, what it does, and what may be done about it."""
    portal = portal_of(request)
    found = await portal.service.get(run)
    log, progress = await run_in_threadpool(lambda: (_recent(portal, run), _progress(portal, run)))
    last = log[-1].sequence if log else 0
    return page(request, "run.html", **_shown(request, found), log=log, last=last, progress=progress)


@router.get("/runs/{run}/plan")
async def plan(request: Request, run: str) -> Response:
    """What a run would change."""
    found = await portal_of(request).service.get(run)
    return page(request, "plan.html", run=found, blocks=report_of(found), **_may(request, found))


@router.get("/runs/{run}/events")
async def events(
    request: Request,
    run: str,
    after: int = 0,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """The events of a run as server-sent events: each with its sequence as id, from the one after Last-Event-ID on."""
    stream = _stream(request, run, begin_of(last_event_id, after))
    return StreamingResponse(stream, media_type=STREAM, headers=UNBUFFERED)


def begin_of(last_event_id: str, after: int) -> int:
    """The number of the event that a stream goes on after: what the browser saw last, or what its page had."""
    seen = last_event_id if last_event_id.isascii() and last_event_id.isdecimal() else ""
    return min(int(seen[:18]) if seen else max(after, 0), MOST)


UNBUFFERED: Final = {"X-Accel-Buffering": "no"}
"""What has nginx hand on each event at once."""


@router.post("/runs/{run}/approve")
async def approve(request: Request, run: str, fingerprint: Annotated[str, Form()]) -> Response:
    """Say yes to the plan that was looked at."""
    await portal_of(request).service.approve(run, actor_of(request).name, fingerprint)
    return see(f"/runs/{run}", "approved")


@router.post("/runs/{run}/reject")
async def reject(request: Request, run: str, reason: Annotated[str, Form()] = "") -> Response:
    """Say no to a plan."""
    await portal_of(request).service.reject(run, actor_of(request).name, shortened(reason))
    return see(f"/runs/{run}", "rejected")


@router.post("/runs/{run}/cancel")
async def cancel(request: Request, run: str) -> Response:
    """Have a run end."""
    await portal_of(request).service.cancel(run, actor_of(request).name)
    return see(f"/runs/{run}", "cancelled")


async def _stream(request: Request, run: str, after: int) -> AsyncIterator[str]:
    """Events as HTML: a row for the log, and the state where it has changed."""
    portal = portal_of(request)
    async for event in watched(request, portal.service.events(run, after)):
        if event is None:
            yield ":\n\n"
            continue
        yield sent("row", rendered(request, "event.html", each=event), event.sequence)
        if event.kind in _MOVES:
            yield sent("state", await _state(request, run))
    if (await portal.service.get(run)).state.is_final:  # else whoever watched was cut off
        yield sent("end", await _state(request, run))


async def _state(request: Request, run: str) -> str:
    found = await portal_of(request).service.get(run)
    progress = await run_in_threadpool(_progress, portal_of(request), run)
    return rendered(request, "run_state.html", **_shown(request, found), progress=progress)


async def watched(request: Request, events: AsyncIterator[EventView]) -> AsyncIterator[EventView | None]:
    """Events, with None whenever none has come for a while, which keeps proxies from hanging up.

    It ends when whoever watches may no longer: because they signed out, say.
    """
    coming: asyncio.Future[EventView] | None = None
    seen = monotonic()
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({coming}, timeout=PULSE)
            if monotonic() - seen >= PULSE:
                await portal_of(request).guard(request)
                seen = monotonic()
            if not done:
                yield None
                continue
            try:
                event = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield event
    except (HTTPException, NotSignedIn):
        return
    finally:
        if coming:
            coming.cancel()


def sent(name: str, text: str, sequence: int = 0) -> str:
    """A server-sent event; with a sequence, a browser that comes back says how far it was."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    number = f"id: {sequence}\n" if sequence else ""
    return f"{number}event: {name}\n{lines}\n"


def _recent(portal: Portal, run: str) -> list[EventView]:
    """The newest events, which a page has at once."""
    asked = select(RunEvent).where(RunEvent.run_id == run).order_by(RunEvent.sequence.desc()).limit(_SHOWN)
    with portal.database.reading() as session:
        return [event_view(each) for each in session.scalars(asked)][::-1]


def _progress(portal: Portal, run: str) -> Mapping[str, Any] | None:
    """How far a run is, by its newest event about that."""
    asked = select(RunEvent.payload).where(RunEvent.run_id == run, RunEvent.kind == "progress")
    with portal.database.reading() as session:
        return session.scalars(asked.order_by(RunEvent.sequence.desc()).limit(1)).one_or_none()


def _shown(request: Request, found: RunView) -> dict[str, Any]:
    return {"run": found, "way": _WAY, **_may(request, found)}


def _may(request: Request, found: RunView) -> Mapping[str, bool]:
    actor = actor_of(request)
    return {
        "may_approve": may(actor, Action.APPROVE, found.stack),
        "may_cancel": may(actor, Action.PLAN, found.stack),
        "is_own": actor.name == found.author,
    }


def report_of(run: RunView) -> Sequence[Block]:
    """The report of a run's plan, as previews of pull requests have it; nothing before there is a plan."""
    if not run.plan:
        return ()
    found = plan_of(run.plan)
    stack = StackReport(found.stack, changes=found.changes, policies=Compared(new=found.findings))
    return document(PreviewReport("", "", found.fingerprint.revision, [stack], rehearsed=False))
