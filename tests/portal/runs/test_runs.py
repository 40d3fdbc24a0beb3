"""Runs that would be lost, doubled, applied without an approval or against one. Temporal is real, a script plays the
engine.
"""

import asyncio
from collections.abc import Sequence

import pytest

from common.errors import ApprovalError, BusyError, PortalError, Problem, StackFileError
from portal.data import audit
from portal.runs import engine_work
from portal.runs.store import NewEvent, RunStore
from portal.runs.views import EventView, RunState
from tests.portal.runs.conftest import Play
from tests.support.events import GROUP, begun, finding, step, updating, urn
from tests.support.polling import eventually
from tests.support.portal import DONE, PLANNED, House
from tests.support.scripted import Played


async def events_of(house: House, run: str, after: int = 0) -> list[EventView]:
    """Everything that a run tells until its end."""
    return [event async for event in house.runs.events(run, after)]


def test_what_was_planned_and_approved_is_applied(visit: Play) -> None:
    async def act(house: House) -> None:
        planned = await house.planned()
        assert planned.needs == ["approval by 1 approver"]
        assert planned.plan
        assert [(each["operation"], each["name"]) for each in planned.plan["changes"]] == [("update", "dev-a")]
        await house.approved(planned)
        applied = await house.until(planned.id, RunState.APPLIED)
        assert applied.changes == {"update": 1}
        assert [(each.by, each.approved) for each in applied.decisions] == [("bob", True)]
        told = await events_of(house, planned.id)
        assert [each.sequence for each in told] == list(range(1, len(told) + 1))
        states = [each.payload["state"] for each in told if each.kind == "state"]
        assert states == ["queued", "planning", "planned", "approved", "applying", "applied"]
        resources = [(each.payload["step"], each.payload["urn"]) for each in told if each.kind == "resource"]
        assert resources == [("begun", urn(GROUP, "dev-a")), ("done", urn(GROUP, "dev-a"))]
        assert await events_of(house, planned.id, after=4) == told[4:]
        with house.database.reading() as session:
            assert audit.verify(session) == 3  # asked for, approved, applied

    visit(act)


def test_a_second_run_of_a_stack_is_refused_with_who_has_it(visit: Play) -> None:
    async def act(house: House) -> None:
        first = await house.planned()
        with pytest.raises(BusyError, match=f"PK604[\\s\\S]*apply of ann, run {first.id}"):
            await house.runs.start("dev", "destroy", "bob", "another")
        assert [each.id for each in await house.runs.list()] == [first.id]
        await house.runs.reject(first.id, "bob", "no")
        await house.until(first.id, RunState.REJECTED)
        await house.planned()

    visit(act)


@pytest.mark.parametrize(
    ("by", "fingerprint", "code"),
    [("bob", "0" * 64, "PK523"), ("ann", "", "PK524"), ("eve", "", "PK524"), ("nobody", "", "PK524")],
)
def test_an_approval_that_does_not_count_is_refused(visit: Play, by: str, fingerprint: str, code: str) -> None:
    async def act(house: House) -> None:
        planned = await house.planned()
        with pytest.raises(ApprovalError, match=code):
            await house.runs.approve(planned.id, by, fingerprint or planned.fingerprint)
        assert (await house.runs.get(planned.id)).state is RunState.PLANNED

    visit(act)


def test_what_moved_since_the_plan_is_not_applied(visit: Play, played: Played) -> None:
    async def act(house: House) -> None:
        planned = await house.planned()
        played.tell("preview", [*PLANNED, step("delete", GROUP, "dev-b", {})])
        await house.approved(planned)
        failed = await house.until(planned.id, RunState.FAILED)
        assert failed.error_code == "PK522"
        assert f"delete {GROUP} dev-b" in failed.error
        assert failed.began_at

    visit(act)


def test_a_plan_that_policies_refuse_is_not_to_be_approved(visit: Play, played: Played) -> None:
    played.tell("preview", [*PLANNED, finding("no-latest", "a is latest")], "exit 1")

    async def act(house: House) -> None:
        view = await house.runs.start("dev", "apply", "ann", "a test")
        failed = await house.until(view.id, RunState.FAILED)
        assert (failed.error_code, failed.error) == ("PK501", "a is latest")
        assert failed.plan
        with pytest.raises(ApprovalError, match="PK523"):
            await house.runs.approve(view.id, "bob", failed.fingerprint)

    visit(act)


def test_who_cancels_a_plan_that_waits_frees_the_stack(visit: Play) -> None:
    async def act(house: House) -> None:
        planned = await house.planned()
        await house.runs.cancel(planned.id, "ann")
        await house.until(planned.id, RunState.CANCELLED)
        with pytest.raises(ApprovalError, match="PK523"):
            await house.approved(planned)
        await house.planned()

    visit(act)


def test_a_cancel_lets_the_engine_end_what_is_under_way(visit: Play, played: Played) -> None:
    told, ready = played.directory / "told", played.directory / "ready"
    wait = f"trap 'echo finished >> \"{told}\"; exit 1' INT\n: > {ready}\nwhile :; do sleep 0.05; done"
    played.tell("events", [begun("dev-a")], wait)

    async def act(house: House) -> None:
        planned = await house.planned()
        await house.approved(planned)
        await asyncio.to_thread(eventually, ready.exists)
        await house.runs.cancel(planned.id, "bob")
        cancelled = await house.until(planned.id, RunState.CANCELLED)
        assert cancelled.ended_at
        assert told.read_text() == "finished\n"
        kinds = [each.kind for each in await events_of(house, planned.id)]
        # What the engine tells, and that somebody wants it to end, are kept by two who do not wait for each other.
        assert (sorted(kinds[-3:-1]), kinds[-1]) == (["cancel", "resource"], "state")

    visit(act)


@pytest.mark.parametrize("action", ["refresh", "recover"])
def test_what_changes_the_state_alone_needs_no_approval(
    visit: Play, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automation import api  # noqa: PLC0415

    monkeypatch.setattr(api, "recover", lambda *_: api.Recovery())

    async def act(house: House) -> None:
        view = await house.runs.start("dev", action, "ann", "a test")  # type: ignore[arg-type]
        applied = await house.until(view.id, RunState.APPLIED)
        assert applied.planned_at is None

    visit(act)


def test_a_stack_file_is_in_the_project_for_its_run_and_for_good_when_it_is_applied(
    visit: Play, played: Played
) -> None:
    file = played.project / "Pulumi.dev.yaml"
    before = file.read_text()
    wanted = before.replace("pods: 10", "pods: 11")

    async def act(house: House) -> None:
        planned = await house.planned(stack_file=wanted)
        assert file.read_text() == wanted
        await house.runs.reject(planned.id, "bob", "too many")
        await asyncio.to_thread(eventually, lambda: file.read_text() == before)
        planned = await house.planned(stack_file=wanted)
        await house.approved(planned)
        await house.until(planned.id, RunState.APPLIED)
        assert file.read_text() == wanted

    visit(act)


def test_a_stack_file_that_somebody_edits_while_a_plan_waits_is_not_written_over(visit: Play, played: Played) -> None:
    file = played.project / "Pulumi.dev.yaml"
    before = file.read_text()

    async def act(house: House) -> None:
        planned = await house.planned(stack_file=before.replace("pods: 10", "pods: 11"))
        file.write_text(before.replace("pods: 10", "pods: 12"))
        await house.approved(planned)
        failed = await house.until(planned.id, RunState.FAILED)
        assert failed.error_code == "PK525"
        assert "pods: 12" in file.read_text()

    visit(act)


def test_a_stack_file_that_cannot_be_used_begins_no_run(visit: Play) -> None:
    async def act(house: House) -> None:
        with pytest.raises(StackFileError, match="PK1"):
            await house.runs.start("dev", "apply", "ann", "a test", "config: {}\nnonsense: 1\n")
        assert await house.runs.list() == []
        with pytest.raises(PortalError, match="PK933"):
            await house.runs.get("none")

    visit(act)


def test_a_destruction_is_planned_and_approved_too(visit: Play, played: Played) -> None:
    script = 'case " $* " in *" --preview-only "*) cp "$here/preview" "$log" ;; esac'
    played.tell("preview", [step("delete", GROUP, "dev-a", {"size": 1})])
    played.tell("events", DONE, script)

    async def act(house: House) -> None:
        view = await house.runs.start("dev", "destroy", "ann", "a test")
        planned = await house.until(view.id, RunState.PLANNED)
        assert planned.plan
        assert [(each["operation"], each["name"]) for each in planned.plan["changes"]] == [("delete", "dev-a")]
        await house.approved(planned)
        await house.until(view.id, RunState.APPLIED)

    visit(act)


def test_values_that_change_alone_are_no_secret_in_what_is_kept(visit: Play, played: Played) -> None:
    from tests.support.events import SECRET  # noqa: PLC0415

    secret = step("update", GROUP, "dev-a", {"size": SECRET}, {"size": SECRET}, **updating("size"))
    played.tell("preview", [secret])

    async def act(house: House) -> None:
        planned = await house.planned()
        assert "canary" not in str(planned)
        with house.database.reading() as session:
            pages = session.connection().connection.driver_connection.iterdump()  # type: ignore[union-attr]
            assert "canary" not in "\n".join(pages)

    visit(act)


def test_events_wait_for_a_database_that_is_away_and_none_is_there_twice(
    visit: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, attempts = RunStore.tell, list[str]()

    def away(store: RunStore, run: str, events: Sequence[NewEvent]) -> None:
        attempts.append(run)
        if len(attempts) == 1:
            raise PortalError(Problem("PK930", "it is away"))
        tell(store, run, events)
        if len(attempts) == 2:
            raise PortalError(Problem("PK930", "it took them, and was away before it could say so"))

    monkeypatch.setattr(RunStore, "tell", away)
    monkeypatch.setattr(engine_work, "_AGAIN", 0.01)

    async def act(house: House) -> None:
        planned = await house.planned()
        await house.approved(planned)
        await house.until(planned.id, RunState.APPLIED)
        told = await events_of(house, planned.id)
        assert len(attempts) >= 3
        assert [each.sequence for each in told] == list(range(1, len(told) + 1))
        steps = [each.payload["step"] for each in told if each.kind == "resource"]
        assert steps == ["begun", "done"]

    visit(act)
