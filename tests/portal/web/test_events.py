"""Streams of events, over a real connection: no gap, no duplicate, from wherever a reader left off."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import httpx2
import pytest
import uvicorn

from portal.access.accounts import disable, user_named
from portal.access.tokens import issue, limit_of
from portal.client import Client, RefusedByPortal
from portal.data.roles import Role
from portal.runs.store import NewEvent
from portal.runs.views import RunState
from portal.web import runs as web_runs
from tests.portal.web.played import PlayedPortal, portal

_MANY = 2_000  # lines of a stream that goes on


@contextmanager
def _listening(played: PlayedPortal, at: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(played.app, log_level="error", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([at],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


@pytest.fixture
def socket_() -> Iterator[socket.socket]:
    """Where the portal listens."""
    with socket.create_server(("127.0.0.1", 0)) as at:
        yield at


@pytest.fixture
def served(tmp_path: Path, project: Path, socket_: socket.socket) -> Iterator[PlayedPortal]:
    """A portal that really listens."""
    made = portal(tmp_path, project, _url(socket_))
    made.add("viewer", Role.VIEWER)
    with _listening(made, socket_):
        yield made


def _url(at: socket.socket) -> str:
    return f"http://127.0.0.1:{at.getsockname()[1]}"


def _token(played: PlayedPortal, role: Role = Role.VIEWER, user: str = "viewer") -> str:
    with played.database.writing() as session:
        _, value = issue(session, played.ids[user], "test", limit_of(role), 1)
    return value


def _messages(*numbers: int) -> list[NewEvent]:
    return [
        NewEvent(f"m{each}", "message", {"severity": "info", "urn": "", "text": f"number {each}"}) for each in numbers
    ]


def test_a_reader_gets_what_was_and_what_comes_until_the_end(served: PlayedPortal, socket_: socket.socket) -> None:
    run = served.run("dev")
    served.tell(run, *_messages(1, 2))
    seen: list[int] = []
    with Client(_url(socket_), _token(served)) as client:
        for event in client.events(run.id):
            seen.append(event.sequence)
            if event.sequence == 3:
                served.tell(run, *_messages(3, 4))
            if event.sequence == 5:
                served.cancel(run)
    assert seen == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("last", [0, 1, 3, 5, 6])
def test_a_reader_that_comes_back_goes_on_after_what_it_saw_last(
    last: int, served: PlayedPortal, socket_: socket.socket
) -> None:
    run = served.run("dev")
    served.tell(run, *_messages(1, 2, 3, 4))
    served.cancel(run)
    headers = {"Authorization": f"Bearer {_token(served)}", "Last-Event-ID": str(last)}
    for path in (f"/runs/{run.id}/events?after=2", f"/api/v1/runs/{run.id}/events"):
        text = httpx2.get(_url(socket_) + path, headers=headers).text
        ids = [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]
        assert ids == list(range(last + 1, 7))
        assert text.count("event: end") == 1


def test_a_reader_is_cut_off_after_each_event_and_misses_none(served: PlayedPortal, socket_: socket.socket) -> None:
    run = served.run("dev")
    headers = {"Authorization": f"Bearer {_token(served)}"}
    seen: list[int] = []
    for number in range(1, 12):
        served.tell(run, *_messages(number, number + 100))
        after = {"Last-Event-ID": str(seen[-1])} if seen else {}
        with httpx2.stream("GET", f"{_url(socket_)}/runs/{run.id}/events", headers={**headers, **after}) as answer:
            line = next(line for line in answer.iter_lines() if line.startswith("id: "))
        seen.append(int(line[4:]))
    assert seen == list(range(1, 12))


def test_a_client_goes_on_when_the_portal_was_killed_in_between(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.client._AGAIN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    played = portal(tmp_path, project, f"http://127.0.0.1:{address[1]}")
    played.add("viewer", Role.VIEWER)
    run, seen, stop = played.run("dev"), [], threading.Event()

    def read() -> None:
        with Client(f"http://127.0.0.1:{address[1]}", _token(played)) as client:
            for sequence in (event.sequence for event in client.events(run.id)):
                seen.append(sequence)  # noqa: PERF402 - it is looked at meanwhile
        stop.set()

    reader = threading.Thread(target=read)
    for number in range(4):
        with socket.create_server(address) as at, _listening(played, at):
            if not number:
                reader.start()
            played.tell(run, *_messages(number * 2, number * 2 + 1))
            _until(lambda: len(seen) >= 3 + 2 * number)  # noqa: B023
    played.cancel(run)
    with socket.create_server(address) as at, _listening(played, at):
        reader.join(30)
    assert stop.is_set()
    assert seen == list(range(1, 11))


def _until(true: object) -> None:
    assert callable(true)
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_silent_stream_shows_that_it_lives(
    served: PlayedPortal, socket_: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_runs, "PULSE", 0.05)
    run = served.run("dev")
    headers = {"Authorization": f"Bearer {_token(served)}"}
    with httpx2.stream("GET", f"{_url(socket_)}/api/v1/runs/{run.id}/events", headers=headers) as answer:
        assert ":" in answer.iter_lines()


def test_a_stream_ends_for_who_may_no_longer_watch(
    served: PlayedPortal, socket_: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_runs, "PULSE", 0.05)
    run = served.run("dev")
    headers = {"Authorization": f"Bearer {_token(served)}"}
    with httpx2.stream("GET", f"{_url(socket_)}/api/v1/runs/{run.id}/events", headers=headers) as answer:
        lines = answer.iter_lines()
        next(lines)
        with served.database.writing() as session, suppress(StopIteration):
            user = user_named(session, "viewer")
            assert user
            disable(session, user, "test", disabled=True)
        rest = list(islice(lines, _MANY))
    assert len(rest) < _MANY
    assert "event: end" not in rest


def test_events_of_the_api_are_json(served: PlayedPortal, socket_: socket.socket) -> None:
    run = served.run("dev")
    served.tell(run, NewEvent("x", "message", {"severity": "info", "urn": "", "text": "one\ntwo"}))
    served.cancel(run)
    with Client(_url(socket_), _token(served)) as client:
        found = list(client.events(run.id))
    assert [each.kind for each in found] == ["state", "message", "state"]
    assert found[1].payload["text"] == "one\ntwo"
    assert json.dumps(dict(found[2].payload))


def test_the_client_does_what_pages_do(served: PlayedPortal, socket_: socket.socket) -> None:
    served.add("planner", Role.PLANNER)
    served.add("approver", Role.APPROVER)
    with Client(_url(socket_), _token(served, Role.PLANNER, "planner")) as client:
        assert client.me().name == "planner"
        assert {each.name for each in client.stacks()} == {"dev", "eks-dev"}
        text = client.stack_file("dev")
        assert client.check("dev", text).accepted
        wrong = client.check("dev", text.replace('version: "1.36"', 'version: "1.1"'))
        assert [each.where for each in wrong.problems] == ["polykube:cluster.version"]
        run = client.start("dev", "apply", "more nodes", text)
        assert (run.author, run.state, run.reason) == ("planner", RunState.QUEUED, "more nodes")
        assert [each.id for each in client.runs("dev")] == [run.id]
        with pytest.raises(RefusedByPortal, match="403"):
            client.approve(run.id, "f" * 64)
        with pytest.raises(RefusedByPortal, match="404"):
            client.run("0" * 32)
    served.planned(served.runs.store.get(run.id), {})
    with Client(_url(socket_), _token(served, Role.APPROVER, "approver")) as client:
        assert client.approve(run.id, "f" * 64).state is RunState.APPROVED
        assert client.cancel(run.id).state is RunState.CANCELLED
        last = client.stack("dev").last_run
        assert last
        assert last.id == run.id
    with Client(_url(socket_), "pk_wrong") as client, pytest.raises(RefusedByPortal, match="401"):
        client.me()
