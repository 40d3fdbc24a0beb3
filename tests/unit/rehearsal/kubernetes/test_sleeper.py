"""API servers that are started when they are needed, which would answer from memory what has changed, be started for
nothing, or not at all.
"""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.clouds import clusters
from rehearsal.providers.kubernetes.sleeper import FILE, Sleeper

_ASLEEP = "https://127.0.0.1:20001"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The clusters whose API servers were started, at a site where that of `dev` is asleep."""
    known = {"name": "dev", "build": "1", "answers": {"/version": {"minor": "36"}}}
    (tmp_path / FILE).write_text(json.dumps({_ASLEEP: known}))
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    calls = list[Any]()
    monkeypatch.setattr(clusters, "start", lambda name, *, alone: calls.append((name, alone)))
    return calls


def test_what_was_said_before_wakes_nobody(started: list[Any]) -> None:
    sleeper = Sleeper.at(_ASLEEP)
    assert sleeper.said("/version") == {"minor": "36"}
    assert sleeper.said("/api/v1/namespaces") is None
    assert started == []


def test_one_that_is_woken_answers_for_itself_from_then_on(started: list[Any]) -> None:
    sleeper = Sleeper.at(_ASLEEP)
    sleeper.wake()
    sleeper.wake()
    assert started == [("dev", True)]
    assert sleeper.said("/version") is None


def test_another_name_of_a_sleeper_wakes_it_and_has_said_nothing(started: list[Any]) -> None:
    sleeper = Sleeper.at("https://api.example.test:443")
    assert sleeper.said("/version") is None
    sleeper.wake()
    assert started == [("dev", True)]


def test_whose_port_is_taken_is_awake(started: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 20001)):
        sleeper = Sleeper.at(_ASLEEP)
    assert sleeper.said("/version") is None
    sleeper.wake()
    assert started == []


@pytest.mark.parametrize("content", [None, "{half"])
def test_where_nobody_sleeps_nobody_is_woken(started: list[Any], tmp_path: Path, content: str | None) -> None:
    (tmp_path / FILE).unlink()
    if content:
        (tmp_path / FILE).write_text(content)
    Sleeper.at(_ASLEEP).wake()
    assert started == []


def test_outside_of_a_rehearsal_nobody_sleeps(started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REHEARSAL)
    Sleeper.at(_ASLEEP).wake()
    assert started == []
