"""A stack from its plan to its end by the portal, with the real engine and a real API server."""

from pathlib import Path

import pytest

from portal.data.database import Database
from portal.runs.connection import TemporalCluster
from portal.runs.views import Action, RunState, RunView
from rehearsal.control_plane import ControlPlane
from tests.support.api import Api
from tests.support.cli import make_cli, one_tenant
from tests.support.polling import awaited
from tests.support.portal import House, open_house
from tests.support.scripted import Played

pytestmark = pytest.mark.needs("engine", "control plane")
NAMESPACE = "/api/v1/namespaces/solo"


def test_a_stack_comes_up_and_goes_by_plans_that_were_approved(
    temporal: TemporalCluster,
    inhabited: Database,
    control_plane: ControlPlane,
    api: Api,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cli = make_cli(tmp_path)
    cli.write(one_tenant(control_plane.name))
    for name, value in cli.environment.items():
        monkeypatch.setenv(name, value)

    async def through(house: House, action: Action) -> RunView:
        view = await house.runs.start("dev", action, "ann", "a test")
        planned = await house.until(view.id, RunState.PLANNED)
        assert planned.plan
        operation = "create" if action == "apply" else "delete"
        assert {each["operation"] for each in planned.plan["changes"]} == {operation}
        await house.runs.approve(view.id, "cid", planned.fingerprint)
        applied = await house.until(view.id, RunState.APPLIED)
        assert applied.changes[operation] >= len(planned.plan["changes"])
        events = [each async for each in house.runs.events(view.id)]
        done = {each.payload["name"] for each in events if each.kind == "resource" and each.payload["step"] == "done"}
        assert {each["name"] for each in planned.plan["changes"]} <= done
        return applied

    async def act() -> None:
        async with open_house(temporal, inhabited, Played(tmp_path)) as house:
            await through(house, "apply")
            assert api.get(NAMESPACE)["status"]["phase"] == "Active"
            await through(house, "destroy")
            assert api.find(NAMESPACE) is None

    awaited(act())
