"""The API server over HTTP: one method per verb, plain dicts in and out, refusals as `ApiError`.

Every request waits for the client-side rate limit, and for the server when that asks to come back later.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import httpx2
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from common.loopback import is_loopback
from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes.objects import GroupVersionKind, Object, items_at, text_at
from rehearsal.providers.kubernetes.rate_limit import RateLimiter
from rehearsal.providers.kubernetes.sleeper import Sleeper

APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"

_JSON: Final = "application/json"
_CONNECT_TIMEOUT: Final = 30.0  # seconds, client-go's
_HANDSHAKES: Final = 3
_BROKEN: Final = ("TLSV1_ALERT_DECODE_ERROR", "TLSV1_ALERT_DECRYPT_ERROR", "TLSV1_ALERT_INTERNAL_ERROR")
_MOST_RETRIES: Final = 10  # client-go's, for answers that say when to come back
_TOO_MANY_REQUESTS: Final = 429
_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500
_REASONS: Final = {403: "Forbidden", 404: "NotFound"}  # for answers without a reason: no such group, no right to ask


class ApiResource(NamedTuple):
    """Where the objects of a kind live: `/apis/apps/v1`, `deployments`."""

    kind: GroupVersionKind
    prefix: str
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of one object, or of the collection in `namespace` (or everywhere) without a name."""
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.prefix}{scope}/{self.plural}" + (f"/{name}" if name else "")


class ApiError(ProviderError):
    """The server refused. `reason` is its word for why, `message` its sentence, `details` what it points at."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = text_at(answer, "reason") or _REASONS.get(status, "")
        self.details: Mapping[str, Any] = answer.get("details") or {}
        super().__init__(text_at(answer, "message") or f"the server answered {status}")

    @property
    def required_field(self) -> str:
        """The field that the refusal calls required, or empty."""
        causes = items_at(self.details, "causes")
        return next((text_at(cause, "field") for cause in causes if cause.get("reason") == "FieldValueRequired"), "")


class NoAnswer(ProviderError):
    """The server could not be reached, or did not answer in time."""


class OperationCancelled(ProviderError):
    """The engine asked to give up."""


class ApiServer:
    """A connection to one API server, shared by all threads. `cancelled` makes it give up waiting."""

    def __init__(self, config: SingleConfig, limiter: RateLimiter, timeout: float, cancelled: threading.Event) -> None:
        user = config.user or User()
        self.cancelled = cancelled
        self._sleeper = Sleeper.at(config.cluster.server)
        self._limiter = limiter
        self._http = httpx2.Client(
            base_url=config.cluster.server,
            verify=verify_cluster(config.cluster, user, config.abs_file),
            auth=user_auth(user),
            timeout=httpx2.Timeout(timeout or None, connect=_CONNECT_TIMEOUT),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
            trust_env=not is_loopback(config.cluster.server),
        )

    def get(self, path: str, accept: str = _JSON, **parameters: Any) -> Object:
        """The document at `path`."""
        if said := self._sleeper.said(path):
            return said  # type: ignore[no-any-return]  # the API answers with objects
        return self._answer("GET", path, parameters, headers={"Accept": accept})

    def create(self, path: str, obj: Object, **parameters: Any) -> Object:
        """Create `obj` in the collection at `path`; the object as the server made it."""
        return self._answer("POST", path, parameters, obj)

    def replace(self, path: str, obj: Object, **parameters: Any) -> Object:
        """Put `obj` in the place of the object at `path`."""
        return self._answer("PUT", path, parameters, obj)

    def patch(self, path: str, content_type: str, patch: Any, **parameters: Any) -> Object:
        """Patch the object at `path`; the object as it is afterwards."""
        return self._answer("PATCH", path, parameters, patch, {"Content-Type": content_type})

    def delete(self, path: str, propagation: str) -> None:
        """Ask for the object at `path` to be deleted."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        self._answer("DELETE", path, {}, options)

    @contextmanager
    def watch(self, path: str, accept: str, since: str, seconds: int) -> Iterator[Iterator[Object]]:
        """The changes of the collection at `path` after version `since`, for at most `seconds`."""
        self._take_turn()
        parameters: dict[str, Any] = {"watch": "true", "resourceVersion": since, "timeoutSeconds": seconds}
        with (
            _transport_errors(),
            self._http.stream(
                "GET", path, params=parameters, headers={"Accept": accept}, timeout=httpx2.Timeout(2 * seconds)
            ) as response,
        ):
            if response.status_code >= _FIRST_ERROR:
                response.read()
                raise _refusal(response)
            yield (json.loads(line) for line in response.iter_lines() if line)

    def wait(self, seconds: float) -> None:
        """Wait, unless the engine asks to give up: that raises `Cancelled`."""
        if self.cancelled.wait(seconds):
            raise OperationCancelled("the operation was cancelled")

    def _take_turn(self) -> None:
        self._sleeper.wake()
        self.wait(self._limiter.delay())

    def _answer(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Object:
        content = None if body is None else json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        request = self._http.build_request(
            method, path, params=parameters, content=content, headers={"Content-Type": _JSON, **(headers or {})}
        )
        for _ in range(_MOST_RETRIES):
            self._take_turn()
            with _transport_errors():
                response = self._send(request)
            if response.status_code < _FIRST_ERROR:
                return json.loads(response.content)  # type: ignore[no-any-return]  # the API answers with objects
            pause = _pause(response)
            if pause is None:
                break
            self.wait(pause)
        raise _refusal(response)

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        """The answer; asked again where the other side broke TLS off before it read anything."""
        for _ in range(_HANDSHAKES - 1):
            try:
                return self._http.send(request)
            except httpx2.TransportError as error:
                if not _broke_off(error):
                    raise
        return self._http.send(request)


def _broke_off(error: BaseException | None) -> bool:
    """Whether the server could not make sense of the handshake: under load, one of many at once fails now and then."""
    while error and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return isinstance(error, ssl.SSLError) and error.reason in _BROKEN


@contextmanager
def _transport_errors() -> Iterator[None]:
    try:
        yield
    except httpx2.HTTPError as error:
        raise NoAnswer(f"{error.request.url.host} did not answer: {error}") from error
    except (ConfigError, OSError) as error:
        raise NoAnswer(f"no credentials for the API server: {error}") from error


def _pause(response: httpx2.Response) -> float | None:
    """Seconds after which the server wants to be asked again; None if it does not want to."""
    overloaded = response.status_code == _TOO_MANY_REQUESTS or response.status_code >= _FIRST_SERVER_ERROR
    after = response.headers.get("Retry-After", "")
    return float(after) if overloaded and after.isdigit() else None


def _refusal(response: httpx2.Response) -> ApiError:
    try:
        answer = json.loads(response.content)
    except ValueError:
        answer = {"message": response.text.strip()}
    return ApiError(response.status_code, answer if isinstance(answer, dict) else {})
