"""One development server of Temporal's for all, and a portal for each test."""

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from portal.data.database import Database
from portal.runs.connection import TemporalCluster, connect
from portal.runs.server import development_server
from tests.support.polling import awaited
from tests.support.portal import House, free_port, open_house, people, played_in
from tests.support.scripted import Played

Visit: TypeAlias = Callable[[House], Coroutine[Any, Any, None]]
Play: TypeAlias = Callable[[Visit], None]


@pytest.fixture(scope="session")
def temporal() -> Iterator[TemporalCluster]:
    """The development server."""
    with development_server(free_port()) as cluster:
        yield cluster


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """An engine that has one change to make, and makes it."""
    return played_in(tmp_path, monkeypatch)


@pytest.fixture
def inhabited(database: Database, temporal: TemporalCluster) -> Iterator[Database]:
    """A database with users; the run that a test leaves behind is ended."""
    people(database)
    yield database

    async def end() -> None:
        client = await connect(temporal)
        async for each in client.list_workflows("ExecutionStatus = 'Running'"):
            await client.get_workflow_handle(each.id).terminate()

    awaited(end())


@pytest.fixture
def visit(temporal: TemporalCluster, inhabited: Database, played: Played) -> Play:
    """Does something in a portal."""

    def visit(act: Visit) -> None:
        async def inside() -> None:
            async with open_house(temporal, inhabited, played) as house:
                await act(house)

        awaited(inside())

    return visit
