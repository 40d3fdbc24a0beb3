"""The database: SQLite in a file by default, PostgreSQL by its URL. It is brought to this version when it is opened."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from common.errors import PortalError, Problem
from common.locks import exclusive
from common.paths import state_dir

_PATIENCE: Final = 30  # seconds that a writer waits for another one
_WRITES: Final = "portal_writes"
_MIGRATING: Final = 0x706F6C79  # the advisory lock of PostgreSQL that migrations take


def default_url() -> str:
    """SQLite in the state directory."""
    return f"sqlite:///{state_dir() / 'portal' / 'portal.db'}"


class Database:
    """Sessions on the database at `url`; PortalError (PK930) when it cannot be used."""

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        with self._told():
            self._engine = _engine(self.url)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; what it read stays usable afterwards."""
        with self._told(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are all there at its end, or none where an error is raised."""
        options = self._engine.execution_options(**{_WRITES: True})
        with self._told(), Session(options, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables to this version of polykube: all of it in one transaction, and by one process at a time."""
        with self._told(), self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            try:
                command.upgrade(configuration(connection), "head")
            except CommandError as error:
                raise PortalError(_newer(self.url, str(error))) from None

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if error.connection_invalidated or type(error.orig).__name__ in ("OperationalError", "InterfaceError"):
                raise PortalError(_unusable(self.url, str(error.orig))) from None
            raise
        except (OSError, sqlite3.Error) as error:
            raise PortalError(_unusable(self.url, str(error))) from None


def open_database(url: str = "") -> Database:
    """The database at `url`, or the default one, with the tables of this version; PortalError (PK930) if it cannot be
    used.
    """
    database = Database(url or default_url())
    database.migrate()
    return database


def configuration(connection: Connection) -> Config:
    """Alembic's, for the migrations of this package on a connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _with_driver(url: str) -> URL:
    try:
        found = make_url(url)
    except ArgumentError:
        raise PortalError(_unusable(None, "it is no URL")) from None
    if found.get_backend_name() not in ("sqlite", "postgresql"):
        raise PortalError(_unusable(found, f"a database of {found.get_backend_name()}"))
    return found.set(drivername="postgresql+pg8000") if found.get_backend_name() == "postgresql" else found


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)
        _log_ahead(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": _PATIENCE})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    """The driver begins no transactions by itself: it would do so too late, and not for definitions of tables."""
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _log_ahead(file: Path) -> None:
    """Have readers and a writer not wait for each other, which is kept in the file: two that begin that at once would
    find it locked, however long they wait.
    """
    lock = exclusive(file.with_name(f"{file.name}.lock"))
    with lock, closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _begin(connection: Connection) -> None:
    """Who will write says so at once: two that had begun by reading could not both go on."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _unusable(url: URL | None, found: str) -> Problem:
    return Problem(
        code="PK930",
        summary="the portal's database cannot be used",
        where=url.render_as_string(hide_password=True) if url else "--database",
        found=found,
        allowed="SQLite or PostgreSQL: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME",
        remedy="see that it runs, has room, and lets this user in",
    )


def _newer(url: URL, found: str) -> Problem:
    return Problem(
        code="PK931",
        summary="the portal's database is of another version of polykube",
        where=url.render_as_string(hide_password=True),
        found=found,
        allowed="the tables of this version, or of an older one",
        remedy="use the version that wrote it, or bring back a backup of before",
    )
