"""Stacks that would live for ever, and drift that nobody would see."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from temporalio.client import ScheduleOverlapPolicy

from automation import api
from automation.preview.drifted import Drifted
from portal import cli
from portal.data.database import Database
from portal.data.models import Webhook, now
from portal.data.sealing import sealed
from portal.runs.connection import TemporalCluster, connect
from portal.runs.views import RunState, RunView
from portal.runs.webhooks import NETWORKS
from tests.portal.runs.conftest import Play
from tests.support.events import GROUP, step
from tests.support.json_server import Answer, Request, serving
from tests.support.polling import eventually
from tests.support.portal import House
from tests.support.scripted import Played


async def only_run(house: House, *states: RunState) -> RunView:
    """The one run that there is, when it is in one of the states."""
    while not (runs := await house.runs.list()):
        await asyncio.sleep(0.1)
    (run,) = runs
    return await house.until(run.id, *states)


@pytest.fixture
def hooked(inhabited: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a webhook is told, by the kind of event."""
    told: list[str] = []

    def answer(request: Request) -> Answer:
        told.append(request.body["event"])
        return Answer(200, {})

    monkeypatch.setenv(NETWORKS, "127.0.0.0/8")
    with serving(answer) as port:
        with inhabited.writing() as session:
            events = ["expires", "drifted"]
            session.add(Webhook(url=f"http://127.0.0.1:{port}/", secret=sealed("x"), stack="*", events=events))
        yield told


def test_at_the_end_of_its_life_a_stacks_destruction_is_planned(visit: Play, played: Played, hooked: list[str]) -> None:
    played.tell("events", [step("delete", GROUP, "dev-a", {"size": 1})])

    async def act(house: House) -> None:
        until = now() + timedelta(seconds=1)
        assert (await house.runs.live_until("dev", until, "ann")).lives_until == until
        planned = await only_run(house, RunState.PLANNED)
        assert (planned.action, planned.author, planned.reason) == ("destroy", "ann", "its time to live is over")
        assert planned.needs, "nothing is destroyed without an approval"
        await asyncio.to_thread(eventually, lambda: hooked == ["expires"])

    visit(act)


def test_a_stack_that_is_to_live_on_is_left_alone(visit: Play, temporal: TemporalCluster) -> None:
    async def act(house: House) -> None:
        await house.runs.live_until("dev", now() + timedelta(days=30), "ann")
        await house.runs.live_until("dev", now() + timedelta(days=60), "ann")
        assert (await house.runs.live_until("dev", None, "ann")).lives_until is None
        await house.runs.live_until("dev", None, "ann")
        client = await connect(temporal)
        assert [each.id async for each in client.list_workflows("ExecutionStatus = 'Running'")] == []

    visit(act)


def test_drift_is_looked_for_again_and_again_and_told_once(
    visit: Play, temporal: TemporalCluster, hooked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Drifted("urn:x", GROUP, "dev-a", gone=True, differences=[])
    looks: list[str] = []

    def drift(stack: str, _: object) -> api.Drift:
        looks.append(stack)
        return api.Drift(stack, [gone])

    monkeypatch.setattr(api, "drift", drift)

    async def act(house: House) -> None:
        await house.runs.watch_drift("dev", timedelta(seconds=1), "ann")
        await asyncio.to_thread(eventually, lambda: len(looks) > 2)
        client = await connect(temporal)
        schedule = (await client.get_schedule_handle("drift/dev").describe()).schedule
        assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
        await house.runs.watch_drift("dev", timedelta(hours=1), "ann")
        await house.runs.watch_drift("dev", None, "ann")
        await house.runs.watch_drift("dev", None, "ann")
        assert [each.id async for each in await client.list_schedules()] == []
        found = await house.runs.stack("dev")
        assert found.looked_at
        assert [(each["name"], each["gone"]) for each in found.drift] == [("dev-a", True)]
        assert hooked == ["drifted"]

    visit(act)


def test_a_command_says_how_long_a_stack_lives(
    temporal: TemporalCluster, inhabited: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--database", str(inhabited.url), "--temporal", temporal.address]
    for arguments, told in (
        (["--lives-until", "2099-01-31T18:00", "--drift-every", "6"], "2099-01-31 18:00:00+00:00"),
        (["--lives-on", "--drift-every", "0"], "anybody destroys it"),
    ):
        cli.app(["stack", "dev", *where, *arguments], standalone_mode=False)
        assert told in capsys.readouterr().out
