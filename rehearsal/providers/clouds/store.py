"""What exists in the stand-in clouds: a SQLite file of the rehearsal, shared by its provider processes.

It is the witness of a rehearsal: what a destroy leaves here, it would have left in the cloud. `events` is
what happened, in order.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from common.paths import REHEARSAL

_BUSY: Final = 60.0  # seconds that a writer waits for the others
HIDDEN: Final = "hidden"
"""The mark of what others do not find yet."""
LINGERING: Final = "lingering"
"""The mark of what is deleted, and keeps its name and all that it is in."""
TAKEN: Final = "taken"
"""The mark of a name that stays taken after what had it is deleted."""
_TABLES: Final = """
create table if not exists resources(
  type text, id text, name text, inputs text, outputs text, primary key (type, id)) without rowid;
create table if not exists events(number integer primary key, operation text, type text, id text, name text);
create table if not exists used_faults(fault integer);
create table if not exists marks(
  mark text, until real, type text, id text, name text, inputs text, outputs text);
create table if not exists turns(queue text primary key, free real) without rowid;
create table if not exists calls(
  type text, operation text, action text, target text, primary key (type, operation, action, target)) without rowid;
"""


class NotRehearsing(Exception):
    """A stand-in cloud was started outside a rehearsal."""

    def __init__(self) -> None:
        super().__init__(f"{REHEARSAL} is not set: stand-in clouds are for `polykube rehearse` alone")


class Taken(Exception):
    """There is a resource of this type and id already."""


@dataclass(frozen=True)
class Resource:
    """Something that the cloud has; `name` is the logical name that the program gave it."""

    type: str
    id: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags or labels, whatever the cloud calls them."""
        found = [self.outputs.get(key) or self.inputs.get(key) for key in ("tagsAll", "tags", "labels")]
        return next((tags for tags in found if isinstance(tags, Mapping)), {})


@dataclass(frozen=True)
class MadeCall:
    """A call that a provider made for an operation on a type: `action` is the right that it took, on `target`."""

    type: str
    operation: str
    action: str
    target: str


@dataclass(frozen=True)
class LoggedOperation:
    """`operation` (create, update, delete, or what a cluster does by itself) on a resource."""

    operation: str
    type: str
    id: str
    name: str


def rehearsal_directory() -> Path:
    """Where the rehearsal that we are in keeps everything; NotRehearsing outside of one."""
    if not (directory := os.environ.get(REHEARSAL)):
        raise NotRehearsing
    return Path(directory)


class Store:
    """The resources of the rehearsal in `directory`. Methods may be called by any thread of any process."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "clouds.sqlite3"
        self.lock = directory / "clouds.lock"  # for who looks before it keeps
        with self._connection() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(_TABLES)

    def get(self, type_: str, id_: str) -> Resource | None:
        """The resource, if it exists."""
        return next(self._select("where type = ? and id = ?", type_, id_), None)

    def all(self, type_: str = "") -> list[Resource]:
        """Every resource (of a type), sorted by type and id."""
        return list(self._select("where type = ? order by id", type_) if type_ else self._select("order by type, id"))

    def add(self, resource: Resource) -> None:
        """Keep a new resource; Taken when there is one of its type and id."""
        try:
            with self._connection() as connection:
                connection.execute("insert into resources values (?, ?, ?, ?, ?)", _row(resource))
                _note(connection, "create", resource)
        except sqlite3.IntegrityError as error:
            raise Taken from error

    def put(self, resource: Resource, operation: str = "update") -> None:
        """Keep what became of a resource."""
        with self._connection() as connection:
            connection.execute("insert or replace into resources values (?, ?, ?, ?, ?)", _row(resource))
            _note(connection, operation, resource)

    def drop(self, resource: Resource) -> None:
        """Forget a resource; one that is gone already is no mistake."""
        with self._connection() as connection:
            connection.execute("delete from resources where type = ? and id = ?", (resource.type, resource.id))
            _note(connection, "delete", resource)

    def note(self, operation: str, type_: str, id_: str) -> None:
        """Add to the events what a cluster did by itself."""
        with self._connection() as connection:
            _note(connection, operation, Resource(type_, id_, id_, {}))

    def events(self) -> list[LoggedOperation]:
        """Everything that happened, in order."""
        with self._connection() as connection:
            rows = connection.execute("select operation, type, id, name from events order by number")
            return [LoggedOperation(*row) for row in rows]

    def note_calls(self, type_: str, operation: str, calls: Iterable[tuple[str, str]]) -> None:
        """Keep which rights an operation took: pairs of action and target."""
        with self._connection() as connection:
            rows = [(type_, operation, action, target) for action, target in calls]
            connection.executemany("insert or ignore into calls values (?, ?, ?, ?)", rows)

    def calls(self) -> list[MadeCall]:
        """Every call that was made, each once, in no particular order."""
        with self._connection() as connection:
            return [MadeCall(*row) for row in connection.execute("select type, operation, action, target from calls")]

    def use_fault(self, number: int, times: int) -> bool:
        """Whether fault `number` has not happened `times` times yet; it counts as having happened now."""
        with self._connection() as connection:
            connection.execute("begin immediate")
            (used,) = connection.execute("select count(*) from used_faults where fault = ?", (number,)).fetchone()
            if used < times:
                connection.execute("insert into used_faults values (?)", (number,))
            return bool(used < times)

    def mark(self, mark: str, resource: Resource, seconds: float) -> None:
        """Note something about a resource that holds for some seconds, whether the resource exists or not."""
        with self._connection() as connection:
            row = (mark, time.time() + seconds, *_row(resource))
            connection.execute("insert into marks values (?, ?, ?, ?, ?, ?, ?)", row)

    def marked(self, mark: str, type_: str = "") -> list[Resource]:
        """The resources (of a type) of which this is noted now, as they were then."""
        with self._connection() as connection:
            query = "select type, id, name, inputs, outputs from marks where mark = ? and until > ? and ? in ('', type)"
            rows = connection.execute(query, (mark, time.time(), type_)).fetchall()
        return [_resource(row) for row in rows]

    def turn(self, queue: str, seconds: float) -> float:
        """Take the next turn in a queue of one each so many seconds; how long it is until then comes back."""
        with self._connection() as connection:
            connection.execute("begin immediate")
            row = connection.execute("select free from turns where queue = ?", (queue,)).fetchone()
            now = time.time()
            begins = max(now, row[0] if row else now)
            connection.execute("insert or replace into turns values (?, ?)", (queue, begins + seconds))
        return begins - now

    def _select(self, condition: str, *values: str) -> Iterator[Resource]:
        with self._connection() as connection:
            query = f"select type, id, name, inputs, outputs from resources {condition}"  # noqa: S608 - our own text
            rows = connection.execute(query, values).fetchall()
        yield from map(_resource, rows)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_BUSY)) as connection, connection:
            connection.execute("pragma synchronous = off")  # survives the death of any process
            yield connection


def _resource(row: tuple[str, str, str, str, str]) -> Resource:
    type_, id_, name, inputs, outputs = row
    return Resource(type_, id_, name, json.loads(inputs), json.loads(outputs))


def _row(resource: Resource) -> tuple[str, ...]:
    inputs, outputs = json.dumps(resource.inputs), json.dumps(resource.outputs)
    return resource.type, resource.id, resource.name, inputs, outputs


def _note(connection: sqlite3.Connection, operation: str, resource: Resource) -> None:
    row = (operation, resource.type, resource.id, resource.name)
    connection.execute("insert into events (operation, type, id, name) values (?, ?, ?, ?)", row)
