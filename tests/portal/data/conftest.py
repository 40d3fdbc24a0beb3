"""Each test of data runs on both databases."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.data.database import Database, open_database
from tests.support.postgres import new_database, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server of PostgreSQL's, for all of them."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database is to be, which is empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'portal.db'}"
    return new_database(request.getfixturevalue("server"), f"portal_{secrets.token_hex(4)}")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database of the test's own."""
    opened = open_database(url)
    yield opened
    opened.close()
