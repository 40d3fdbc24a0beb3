"""A database that another version wrote, that a migration left half-made, or that cannot be used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from common.errors import PortalError
from portal.data.database import Database, open_database
from portal.data.models import StoredGrant, StoredRow, User
from portal.data.roles import ANY, Role, role_of_user


def tables(url: str) -> set[str]:
    """The tables that are there, but for Alembic's."""
    database = Database(url)
    with database.reading() as session:
        found = {*inspect(session.connection()).get_table_names()}
    database.close()
    return found - {"alembic_version"}


def test_an_empty_database_gets_the_tables_of_this_version(url: str) -> None:
    database = open_database(url)
    assert tables(url) == {*StoredRow.metadata.tables}
    with database.reading() as session:
        assert compare_metadata(MigrationContext.configure(session.connection()), StoredRow.metadata) == []


def test_a_migration_that_was_interrupted_leaves_nothing_and_is_made_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    create = op.create_table

    def dies_at_the_third(name: str, *columns: object, **options: object) -> object:
        made.append(name)
        if len(made) == 3:
            raise KeyboardInterrupt
        return create(name, *columns, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_table", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        open_database(url)
    assert tables(url) == set()
    monkeypatch.undo()
    open_database(url)
    assert tables(url) == {*StoredRow.metadata.tables}


def test_two_that_open_an_empty_database_at_once_both_get_it(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len([*pool.map(lambda _: open_database(url), range(4))]) == 4


def test_the_tables_of_a_newer_version_are_left_alone(url: str) -> None:
    database = open_database(url)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    with pytest.raises(PortalError, match="PK931"):
        open_database(url)


@pytest.mark.parametrize("url", ["nonsense", "mysql://root@localhost/portal", "sqlite:////proc/nothing/portal.db"])
def test_a_database_that_cannot_be_used_is_named(url: str) -> None:
    with pytest.raises(PortalError, match="PK930"):
        open_database(url)


def test_a_password_in_its_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.create_connection", refuse)
    with pytest.raises(PortalError) as refused:
        open_database("postgresql://portal:canary@127.0.0.1:1/portal")
    assert "PK930" in str(refused.value)
    assert "canary" not in str(refused.value)


def refuse(*_: object, **__: object) -> Iterator[None]:
    """No connection."""
    raise ConnectionRefusedError("nobody listens")


def test_its_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'portal.db'}")
    assert (tmp_path / "portal.db").stat().st_mode & 0o077 == 0


def test_a_role_counts_where_it_was_given(database: Database) -> None:
    with database.writing() as session:
        grants = [
            StoredGrant(role="planner", stack="dev"),
            StoredGrant(role="admin", stack="dev", tenant="shop"),
            StoredGrant(role="viewer"),
        ]
        session.add(User(name="ann", grants=grants))
        session.add(User(name="bob", disabled=True, grants=[StoredGrant(role="admin")]))
    with database.reading() as session:
        assert role_of_user(session, "ann", "dev") is Role.PLANNER
        assert role_of_user(session, "ann", "dev", "shop") is Role.ADMIN
        assert role_of_user(session, "ann", "prod") is Role.VIEWER
        assert role_of_user(session, "ann", ANY) is Role.VIEWER
        assert role_of_user(session, "bob", "dev") is None
        assert role_of_user(session, "eve", "dev") is None
