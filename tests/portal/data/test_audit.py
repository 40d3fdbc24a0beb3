"""Somebody who can write the database, and would rather not have done what the audit log says."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.errors import PortalError
from portal.data import audit
from portal.data.database import Database


@pytest.fixture
def written(database: Database) -> Database:
    """A log of five entries."""
    for number in range(5):
        with database.writing() as session:
            audit.append(session, "ann", "run.apply", "dev", run=f"r{number}")
    return database


def forge(database: Database, statement: str) -> None:
    """Change the log as somebody would who can drop its triggers."""
    triggers = {
        "sqlite": ("audit_entries_UPDATE", "audit_entries_DELETE"),
        "postgresql": ("audit_entries_append_only ON audit_entries",),
    }
    with database.writing() as session:
        for trigger in triggers[session.connection().dialect.name]:
            session.execute(text(f"DROP TRIGGER {trigger}"))
        session.execute(text(statement))


def verified(database: Database, expected: str = "") -> int:
    """How many entries are as they were written."""
    with database.reading() as session:
        return audit.verify(session, expected)


def test_a_log_that_nobody_touched_is_whole(written: Database) -> None:
    assert verified(written) == 5


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entries SET actor = 'bob' WHERE id = 3", "DELETE FROM audit_entries WHERE id = 3"]
)
def test_the_database_refuses_changes(written: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only appended to"), written.writing() as session:
        session.execute(text(statement))
    assert verified(written) == 5


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE audit_entries SET actor = 'bob' WHERE id = 3", "entry 3 of"),
        ("UPDATE audit_entries SET details = '{}' WHERE id = 1", "entry 1 of"),
        ("UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000' WHERE id = 5", "entry 5 of"),
        ("DELETE FROM audit_entries WHERE id = 3", "entry 3 is missing"),
        ("DELETE FROM audit_entries WHERE id = 1", "entry 1 is missing"),
    ],
)
def test_a_change_past_the_database_is_found(written: Database, statement: str, told: str) -> None:
    forge(written, statement)
    with pytest.raises(PortalError, match=f"PK932[\\s\\S]*{told}"):
        verified(written)


def test_a_cut_at_the_end_is_found_by_who_noted_the_newest_hash(written: Database) -> None:
    with written.reading() as session:
        newest = audit.head(session)
    assert newest
    assert verified(written, newest.hash) == 5
    forge(written, "DELETE FROM audit_entries WHERE id = 5")
    assert verified(written) == 4
    with pytest.raises(PortalError, match="none with the hash"):
        verified(written, newest.hash)


def test_entries_of_many_at_once_are_one_chain(written: Database) -> None:
    def append(number: int) -> None:
        with written.writing() as session:
            audit.append(session, "bob", "run.approve", "dev", run=f"b{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    assert verified(written) == 45


def test_what_was_not_done_is_not_told(written: Database) -> None:
    def fails() -> None:
        with written.writing() as session:
            audit.append(session, "bob", "run.approve", "dev")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert verified(written) == 5
