"""Live copies of collections, shared by everything that waits for something in them.

One watch serves all waiters of a kind in a namespace. It lasts as long as the connection does, and is
taken up again only while somebody listens.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from rehearsal.providers.kubernetes.api import ApiError, ApiServer, NoAnswer, OperationCancelled
from rehearsal.providers.kubernetes.objects import Object, items_at, text_at

FULL: Final = "application/json"
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

_METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_WATCH_SECONDS: Final = 300  # then the server ends the watch, and a half-dead connection shows
_RETRY_AFTER: Final = 1.0  # seconds


class Collection:
    """The objects of one kind in one namespace (or in all), by uid, as of the latest event."""

    def __init__(self, api: ApiServer, path: str, accept: str) -> None:
        self._api = api
        self._path = path
        self._accept = accept
        self._objects: dict[str, Object] = {}
        self._listeners: list[threading.Event] = []
        self._lock = threading.Lock()
        self._running = False
        self.filled = threading.Event()

    def objects(self) -> list[Object]:
        """What is there now."""
        with self._lock:
            return list(self._objects.values())

    def find(self, uid: str) -> Object | None:
        """The object with this uid, if it is there."""
        return self._objects.get(uid)

    def listen(self, listener: threading.Event) -> None:
        """Set `listener` at every change from now on, and when the collection is first filled."""
        with self._lock:
            self._listeners.append(listener)
            if not self._running:
                self._running = True
                self.filled.clear()
                threading.Thread(target=self._follow, name=f"watch {self._path}", daemon=True).start()

    def ignore(self, listener: threading.Event) -> None:
        """Leave `listener` alone again."""
        with self._lock:
            self._listeners.remove(listener)

    def _follow(self) -> None:
        while self._wanted():
            try:
                self._watch(self._fill())
            except (ApiError, NoAnswer, ValueError):  # ValueError: the connection broke within a line
                self._api.cancelled.wait(_RETRY_AFTER)
            except OperationCancelled:
                return

    def _wanted(self) -> bool:
        with self._lock:
            self._running = bool(self._listeners) and not self._api.cancelled.is_set()
            return self._running

    def _fill(self) -> str:
        """List everything; the version from which to watch."""
        answer = self._api.get(self._path, FULL if self._accept == FULL else _METADATA_LIST)
        kind, version = text_at(answer, "kind").removesuffix("List"), text_at(answer, "apiVersion")
        listed = [{"apiVersion": version, "kind": kind, **item} for item in items_at(answer, "items")]
        with self._lock:
            self._objects = {text_at(item, "metadata", "uid"): item for item in listed}
        self.filled.set()
        self.tell()
        return text_at(answer, "metadata", "resourceVersion")

    def _watch(self, since: str) -> None:
        with self._api.watch(self._path, self._accept, since, _WATCH_SECONDS) as events:
            for event in events:
                if event["type"] == "ERROR":  # the version is too old: list again
                    return
                self._take(event["type"], event["object"])

    def _take(self, event: str, obj: Object) -> None:
        uid = text_at(obj, "metadata", "uid")
        with self._lock:
            if event == "DELETED":
                self._objects.pop(uid, None)
            else:
                self._objects[uid] = obj
        self.tell()

    def tell(self) -> None:
        """Set every listener."""
        with self._lock:
            for listener in self._listeners:
                listener.set()


class Watching:
    """All collections of one API server that somebody listens to, or did."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._collections: dict[tuple[str, str], Collection] = {}
        self._lock = threading.Lock()

    @contextmanager
    def collections(
        self, changed: threading.Event, paths: Iterable[str], accept: str = FULL
    ) -> Iterator[list[Collection]]:
        """The collections at `paths`, setting `changed` at every change."""
        with ExitStack() as stack:
            found = []
            for path in paths:
                collection = self._collection(path, accept)
                collection.listen(changed)
                stack.callback(collection.ignore, changed)
                found.append(collection)
            yield found

    def wake(self) -> None:
        """Set every listener, so that whoever waits notices that the engine asked to give up."""
        for collection in list(self._collections.values()):
            collection.tell()

    def _collection(self, path: str, accept: str) -> Collection:
        with self._lock:
            return self._collections.setdefault((path, accept), Collection(self._api, path, accept))
