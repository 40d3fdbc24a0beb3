"""An API server that is asked for little: lists in pages, of each object only the fields that somebody reads."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import httpx2
import msgspec
from lightkube import KubeConfig
from lightkube.config.client_adapter import Client, ConnectionParams
from lightkube.core.exceptions import ConfigError

from common.errors import HealthError, Problem
from common.loopback import is_loopback

_JSON: Final = "application/json"
_TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PAGE: Final = 500  # objects; kubectl's own
_SECONDS: Final = 30.0

T = TypeVar("T")


class _Metadata(msgspec.Struct):
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    metadata: _Metadata
    items: msgspec.Raw = msgspec.Raw(b"[]")
    rows: msgspec.Raw = msgspec.Raw(b"[]")


class RequestRefused(Exception):
    """The API server did not give what was asked for: its status and its words."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class AskedApiServer:
    """The API server of a kubeconfig, for several threads at once."""

    def __init__(self, config: KubeConfig) -> None:
        cluster = config.get()
        assert cluster, "kubeconfigs of stacks have a current context"
        self.address = cluster.cluster.server
        self._asked: list[str] = []  # by several threads
        settings = ConnectionParams(timeout=httpx2.Timeout(_SECONDS), trust_env=not is_loopback(self.address))
        self._http = Client(cluster, settings)

    @property
    def requests(self) -> int:
        """How often it was asked."""
        return len(self._asked)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def read(self, path: str, accept: str = _JSON, seconds: float = _SECONDS, **parameters: str) -> bytes:
        """What is at a path; RequestRefused unless it is given, HealthError (PK941) when nobody answers."""
        self._asked.append(path)
        try:
            response = self._http.get(path, params=parameters, headers={"Accept": accept}, timeout=seconds)
        except httpx2.TimeoutException as late:
            raise RequestRefused(httpx2.codes.GATEWAY_TIMEOUT, f"no answer within {seconds:.0f} s") from late
        except (httpx2.TransportError, ConfigError, OSError) as error:
            raise HealthError(unreachable(self.address, str(error))) from error
        if not response.is_success:
            raise RequestRefused(response.status_code, _said(response))
        return response.content

    def get(self, path: str, kind: type[T]) -> T:
        """The object at a path."""
        return msgspec.json.decode(self.read(path), type=kind)

    def list(self, path: str, kind: type[T], **parameters: str) -> Iterator[T]:
        """The objects of a collection; `parameters` are selectors."""
        for page in self._pages(path, _JSON, parameters):
            yield from msgspec.json.decode(page.items, type=list[kind] | None) or ()  # type: ignore[valid-type]

    def rows(self, path: str, kind: type[T], **parameters: str) -> Iterator[T]:
        """The same as the rows of a table, with what `kubectl get` prints of each and its metadata."""
        for page in self._pages(path, _TABLE, parameters):
            yield from msgspec.json.decode(page.rows, type=list[kind] | None) or ()  # type: ignore[valid-type]

    def _pages(self, path: str, accept: str, parameters: dict[str, str]) -> Iterator[_Page]:
        asked: dict[str, Any] = {"limit": str(_PAGE), **parameters}
        while True:
            page = msgspec.json.decode(self.read(path, accept, **asked), type=_Page)
            yield page
            if not page.metadata.continue_:
                return
            asked["continue"] = page.metadata.continue_


def _said(response: httpx2.Response) -> str:
    """The server's words: of a Status its message, or else the text."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip()


def unreachable(address: str, why: str) -> Problem:
    """The problem of a cluster that cannot be asked."""
    return Problem(
        code="PK941",
        summary="the cluster does not answer",
        found=f"{address}: {why}",
        allowed="an API server that runs, is reached from here, and lets in whoever asks",
        remedy="see that it runs and that this machine is let in; a local one is started by `polykube start`",
    )
