"""Runs of the API: events that a slow reader would lose, a cancel that would leave something running, an approval that
would hold for something else. A script plays the engine.
"""

import importlib.util
import json
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from automation import api
from automation.api import past, stacks
from automation.api.run import Cancelled, Run, State
from automation.outcome import Outcome
from automation.project import Project
from common.errors import ApprovalError, EngineError, PolicyError, ProgramError
from common.paths import CHECKOUT
from tests.support.events import GROUP, begun, ended, finding, step, updating, urn
from tests.support.polling import eventually
from tests.support.repository import Repository
from tests.support.scripted import Equipped, Played, play

PLANNED: Final = [step("update", GROUP, "dev-a", {"size": 1}, {"size": 2}, **updating("size"))]


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """An engine that has one change to make, and makes it."""
    it = play(tmp_path, monkeypatch, stacks)
    it.tell("preview", PLANNED)
    it.tell("events", [begun("dev-a"), ended("dev-a"), {"summaryEvent": {"resourceChanges": {"update": 1}}}])
    return it


def diagnostic(message: str) -> dict[str, Any]:
    """An error of the program."""
    stack = "urn:pulumi:dev::polykube::pulumi:pulumi:Stack::polykube-dev"
    return {"diagnosticEvent": {"severity": "error", "urn": stack, "message": message, "prefix": "", "color": "raw"}}


def test_what_was_planned_is_applied(played: Played) -> None:
    plan = api.plan("dev", played.project)
    assert [(each.operation, each.name) for each in plan.changes] == [("update", "dev-a")]
    run = api.apply(plan)
    assert run.result(60).changes == {"update": 1}
    assert run.state is State.SUCCEEDED
    assert run.progress == api.Progress(1, 1, ())


def moved(played: Played, what: str) -> None:
    """Change something after the plan was made."""
    match what:
        case "config":
            file = played.project / "Pulumi.dev.yaml"
            file.write_text(file.read_text().replace("pods: 10", "pods: 11"))
        case "state":
            played.state(a="urn:a", b="urn:b")
        case "changes":
            played.tell("preview", [*PLANNED, step("delete", GROUP, "dev-b", {})])
        case "values":
            played.tell("preview", [step("update", GROUP, "dev-a", {"size": 1}, {"size": 3}, **updating("size"))])


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("config", "Pulumi.dev.yaml"),
        ("state", "something has run since"),
        ("changes", f"delete {GROUP} dev-b"),
        ("values", "the same, with other values"),
    ],
)
def test_an_approval_holds_for_what_was_looked_at_alone(played: Played, what: str, told: str) -> None:
    plan = api.plan("dev", played.project)
    moved(played, what)
    run = api.apply(plan)
    with pytest.raises(ApprovalError, match=told) as refused:
        run.result(60)
    assert {each.code for each in refused.value.problems} == {"PK522"}
    assert list(api.events(run)) == [], "nothing was begun"
    assert run.state is State.FAILED


def test_an_approval_does_not_hold_for_other_code(played: Played) -> None:
    project = Repository(played.project)
    project.git("init", "--quiet", "--initial-branch", "main")
    project.commit()
    plan = api.plan("dev", played.project)
    (played.project / "__main__.py").write_text("print('something else')\n")
    with pytest.raises(ApprovalError, match=r"the code\n  found   .* edited"):
        api.apply(plan).result(60)
    project.git("clean", "--quiet", "--force")
    assert api.apply(plan).result(60).changes == {"update": 1}


def test_everything_that_moved_is_told_at_once(played: Played) -> None:
    plan = api.plan("dev", played.project)
    for what in ("config", "state", "changes"):
        moved(played, what)
    with pytest.raises(ApprovalError) as refused:
        api.apply(plan).result(60)
    assert len(refused.value.problems) == 3


def test_a_slow_reader_gets_every_event_once_in_order_and_may_begin_anywhere(played: Played) -> None:
    names = [f"dev-{index}" for index in range(500)]
    played.tell("events", [event for name in names for event in (begun(name), ended(name))])
    run = api.refresh("dev", played.project)
    run.result(60)
    told = list(api.events(run))
    assert [each.sequence for each in told] == list(range(1, 1001))
    done = [each.engine.res_outputs_event for each in told]
    assert [each.metadata.urn for each in done if each] == [urn(GROUP, name) for name in names]
    assert [each.sequence for each in api.events(run, after=998)] == [999, 1000]


def test_events_come_while_it_runs_and_tell_what_is_under_way(played: Played) -> None:
    wait = f"until [ -e '{played.directory}/go' ]; do sleep 0.05; done"
    played.tell("events", [begun("dev-a"), begun("dev-b"), ended("dev-a")], wait)
    run = api.refresh("dev", played.project)
    first = next(api.events(run))
    assert first.engine.resource_pre_event
    eventually(lambda: run.progress.done == 1)
    assert run.state is State.RUNNING
    assert run.progress.slowest == urn(GROUP, "dev-b")
    (played.directory / "go").touch()
    run.result(60)


def test_a_cancel_is_one_interrupt_that_lets_the_engine_finish(played: Played) -> None:
    ready = played.directory / "ready"
    wait = f"trap 'echo finished >> \"{played.directory}/told\"; exit 1' INT\n: > {ready}\nwhile :; do sleep 0.05; done"
    played.tell("events", [begun("dev-a")], wait)
    run = api.destroy("dev", played.project)
    next(api.events(run))
    eventually(ready.exists)
    api.cancel(run)
    api.cancel(run)
    with pytest.raises(Cancelled):
        run.result(60)
    assert run.state is State.CANCELLED
    assert (played.directory / "told").read_text() == "finished\n"


def test_a_cancel_before_the_engine_runs_keeps_it_from_changing_anything(played: Played) -> None:
    run = Run[Outcome]("apply", "dev")
    run.cancel()
    played.tell("events", [begun("dev-a")], "exit 1")
    run.start(lambda it: it.carry_out(played.engine(), "up"))
    with pytest.raises(Cancelled):
        run.result(60)


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([finding("no-latest", "a is latest")], PolicyError),
        ([diagnostic("Program failed with an unhandled exception:\nKeyError: 'x'")], ProgramError),
        ([diagnostic("the backend is full")], EngineError),
    ],
)
def test_how_a_run_failed_is_told_by_its_kind_of_error(
    played: Played, events: list[dict[str, Any]], error: type[Exception]
) -> None:
    played.tell("events", events, "exit 1")
    with pytest.raises(error):
        api.refresh("dev", played.project).result(60)


def test_many_may_wait_for_one_run(played: Played) -> None:
    run = api.refresh("dev", played.project)
    told: list[int] = []
    readers = [threading.Thread(target=lambda: told.append(len(list(api.events(run))))) for _ in range(5)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert told == [3] * 5


def test_what_ran_before_is_told_without_its_configuration(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "kind": "update",
        "startTime": "2026-11-30T10:00:00.000Z",
        "endTime": "2026-11-30T10:01:30.000Z",
        "result": "succeeded",
        "version": 3,
        "resourceChanges": {"create": 2},
        "config": {"polykube:token": {"value": "canary"}},
    }
    (played.directory / "history").write_text(json.dumps([told]))
    monkeypatch.setattr(past, "equip", lambda *_: Equipped())
    monkeypatch.setattr(Project, "engine", lambda *_: played.engine())
    (before,) = api.history("dev", played.project)
    assert (before.version, before.what, before.result, before.changes) == (3, "update", "succeeded", {"create": 2})
    assert before.ended
    assert (before.ended - before.began).total_seconds() == 90
    assert "canary" not in str(before)


@pytest.fixture
def example() -> ModuleType:
    """The example of embedding, which would be the first thing that a reader runs in vain."""
    file = CHECKOUT / "examples" / "embed" / "plan_and_apply.py"
    spec = importlib.util.spec_from_file_location("plan_and_apply", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_applies_what_somebody_says_yes_to(
    played: Played, example: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert example.main("dev", str(played.project)) == 1
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert example.main("dev", str(played.project)) == 0
    said = capsys.readouterr().out.splitlines()
    planned = f"update   {GROUP} dev-a"
    assert said == [planned, planned, "    2  1 of 1  ", "done: {'update': 1}"]


def test_the_example_says_what_is_in_the_way(
    played: Played, example: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    played.tell("preview", [*PLANNED, finding("no-latest", "a is latest")], "exit 1")
    assert example.main("dev", str(played.project)) == 1
    assert "refused by no-latest: a is latest" in capsys.readouterr().out
    assert example.main("none", str(played.project)) == 2
    assert "PK101" in capsys.readouterr().err


def test_a_run_sees_no_token_of_whoever_embeds_it() -> None:
    given = {"PATH": "/bin", "AWS_PROFILE": "dev", "PULUMI_BACKEND_URL": "file:///x", "GITHUB_TOKEN": "canary"}
    assert api.inherited({**given, "DATABASE_URL": "canary"}) == {
        "PATH": "/bin",
        "AWS_PROFILE": "dev",
        "PULUMI_BACKEND_URL": "file:///x",
    }
