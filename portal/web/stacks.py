"""Pages of stacks: all of them, one, a new one, and a change of one."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from common.errors import BusyError, StackFileError
from portal.access.guard import actor_of
from portal.access.policy import Action, Actor, may, may_see, may_somewhere
from portal.runs.views import Action as RunAction
from portal.runs.views import RunView
from portal.web import stack_files
from portal.web.editing import Checked, check, edited, fields_of
from portal.web.fields import Field
from portal.web.pages import Portal, page, portal_of, see
from portal.web.stack_files import StackSummary
from portal.web.texts import shortened

router = APIRouter(include_in_schema=False)
MANY: Final = 500
"""Runs that are looked through for the newest of each stack."""
ACTIONS: Final[Mapping[RunAction, str]] = {
    "apply": "Bring it to what its file says",
    "refresh": "Read anew what stands",
    "recover": "Make its state whole after a killed run",
    "destroy": "Destroy what it made",
}


@dataclass(frozen=True)
class StackCard:
    """A stack in a list: what its file says, and its newest run."""

    summary: StackSummary
    last: RunView | None


async def cards(portal: Portal, actor: Actor) -> list[StackCard]:
    """The stacks that somebody may look at."""
    newest: dict[str, RunView] = {}
    for run in await portal.service.list(limit=MANY):
        newest.setdefault(run.stack, run)
    names = [each for each in portal.files.names() if may_see(actor, each)]
    summaries = await run_in_threadpool(lambda: [portal.files.summary(each) for each in names])
    return [StackCard(each, newest.get(each.name)) for each in summaries]


@router.get("/")
def home() -> Response:
    """The stacks are what people come for."""
    return see("/stacks")


@router.get("/stacks")
async def stacks(request: Request) -> Response:
    """All that somebody may look at."""
    portal, actor = portal_of(request), actor_of(request)
    found = await cards(portal, actor)
    return page(request, "stacks.html", stacks=found, may_plan=may_somewhere(actor, Action.PLAN))


@router.get("/stacks/new")
def new(request: Request, name: str = "", kind: str = "") -> Response:
    """Where a stack gets its name and its kind; with both, where its file is written."""
    portal, wrong = portal_of(request), ""
    if name:
        if stack_files.NAME.fullmatch(name) is None:
            wrong = "A name has lower-case letters, digits and dashes, and at most 63 of them."
        elif portal.files.has(name):
            wrong = f"There is a stack {name} already."
        elif not may(actor_of(request), Action.PLAN, name):
            wrong = f"Your roles do not allow a stack {name}."
        elif kind in stack_files.kinds():
            return see(f"/stacks/{name}/edit?kind={kind}")
    return page(request, "new.html", name=name, kind=kind, kinds=stack_files.kinds(), wrong=wrong)


@router.get("/stacks/{stack}")
async def stack(request: Request, stack: str) -> Response:
    """One stack."""
    portal, actor = portal_of(request), actor_of(request)
    summary = await run_in_threadpool(_there, portal, stack)
    runs = await portal.service.list(stack=stack, limit=20) if may(actor, Action.READ, stack) else ()
    return page(
        request,
        "stack.html",
        stack=summary,
        tenants=[each for each in summary.tenants if may(actor, Action.READ, stack, each)],
        runs=runs,
        open_run=next((each for each in runs if not each.state.is_final), None),
        known=await portal.service.stack(stack),
        actions=ACTIONS,
        may_plan=may(actor, Action.PLAN, stack),
        sees_all=may(actor, Action.READ, stack),
    )


@router.post("/stacks/{stack}/runs")
async def ask(request: Request, stack: str) -> Response:
    """Ask for a run of what the stack's file says."""
    portal, form = portal_of(request), await request.form()
    _there(portal, stack)
    action = next((each for each in ACTIONS if each == form.get("action")), None)
    if action is None:
        raise HTTPException(422, f"A run is one of {', '.join(ACTIONS)}.")
    if action == "destroy" and form.get("name") != stack:
        raise HTTPException(422, f"To destroy it, write its name: {stack}.")
    reason = shortened(form.get("reason"))
    run = await portal.service.start(stack, action, actor_of(request).name, reason)
    return see(f"/runs/{run.id}")


@router.get("/stacks/{stack}/edit")
def edit(request: Request, stack: str, kind: str = "") -> Response:
    """Where a stack's file is changed, or written for a new one."""
    portal = portal_of(request)
    is_new = not portal.files.has(stack)
    if is_new and (kind not in stack_files.kinds() or stack_files.NAME.fullmatch(stack) is None):
        return see("/stacks/new")
    text = stack_files.template(kind, stack) if is_new else portal.files.text(stack)
    return _editor(request, "edit.html", stack, text, kind=kind, fields_too=True)


@router.post("/stacks/{stack}/form")
async def live(request: Request, stack: str) -> Response:
    """What a form says as it is filled in: the YAML, the fields where they changed, and what is wrong."""
    form = _texts(await request.form())
    text = await run_in_threadpool(_edited, form)
    fields_too = form.get("edited") != "fields"
    added = form.get("add", "")
    return await run_in_threadpool(
        lambda: _editor(request, "editor.html", stack, text, fields_too=fields_too, added=added)
    )


@router.post("/stacks/{stack}/edit")
async def change(request: Request, stack: str) -> Response:
    """Ask for a run of a changed file, or show what is wrong with it."""
    portal, form = portal_of(request), _texts(await request.form())
    if not portal.files.has(stack) and stack_files.NAME.fullmatch(stack) is None:
        raise HTTPException(422, "A stack cannot be called so.")
    text = await run_in_threadpool(_edited, form)
    reason = shortened(form.get("reason"))
    checked = await run_in_threadpool(check, text, stack, portal.files.directory)
    shown: dict[str, Any] = {
        "reason": reason,
        "kind": form.get("kind", ""),
        "fields_too": True,
        "added": form.get("add", ""),
    }
    if "plan" not in form or checked.problems:
        status = 422 if "plan" in form else 200
        return await run_in_threadpool(lambda: _editor(request, "edit.html", stack, text, status, **shown))
    try:
        run = await portal.service.start(stack, "apply", actor_of(request).name, reason, text)
    except (BusyError, StackFileError) as error:
        wrong = [each.summary for each in error.problems]
        return await run_in_threadpool(lambda: _editor(request, "edit.html", stack, text, 409, wrong=wrong, **shown))
    return see(f"/runs/{run.id}")


def _there(portal: Portal, stack: str) -> StackSummary:
    if not portal.files.has(stack):
        raise HTTPException(404, f"There is no stack {stack}.")
    return portal.files.summary(stack)


def _texts(form: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


def _edited(form: Mapping[str, str]) -> str:
    text = form.get("yaml", "")
    return edited(text, form.get("base", text), form, form.get("add", ""), form.get("remove", ""))


def _editor(  # noqa: PLR0913 - what its page shows
    request: Request,
    template: str,
    stack: str,
    text: str,
    status: int = 200,
    *,
    fields_too: bool,
    reason: str = "",
    kind: str = "",
    added: str = "",
    wrong: list[str] | None = None,
) -> Response:
    portal, fields = portal_of(request), fields_of(text)
    checked = check(text, stack, portal.files.directory)
    places = list(_places(checked, fields))
    return page(
        request,
        template,
        status,
        stack=stack,
        is_new=not portal.files.has(stack),
        questions=stack_files.questions(kind) if kind in stack_files.kinds() else (),
        text=text,
        form=fields,
        checked=checked,
        places=[each and f"field:{each}" for each in places],
        opened=_opened(fields, places, added),
        fields_too=fields_too,
        reason=reason,
        kind=kind,
        wrong=wrong or (),
    )


def _places(checked: Checked, fields: Field | None) -> Iterator[str]:
    """The name of the field that each problem is about, or of the nearest one around it; nothing if there is none."""
    known = {each.name for each in fields.all()} if fields else set()
    for problem in checked.problems:
        at = problem.where
        while at and at not in known:
            at = at[: max(at.rfind("."), at.rfind("["), 0)]
        yield at


def _opened(fields: Field | None, places: Collection[str], added: str) -> set[str]:
    """The groups that are shown open: those with a problem in them, and what was just added."""
    if fields is None:
        return set()
    wanted = {*places, *_newest(fields, added)}
    return {each.name for each in fields.all() if any(it.name in wanted for it in each.all())}


def _newest(fields: Field, added: str) -> Iterator[str]:
    """What was just added under a name: the group itself, or the last entry of the list, with all that is in it."""
    for each in fields.all():
        if added and each.name == added:
            yield from (
                it.name for it in (each.children[-1] if each.children and each.children[-1].is_item else each).all()
            )
