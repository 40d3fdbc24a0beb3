"""What the API server answers, and when it does not answer as it should.

Guards against requests that give up on a server that only asked for patience, and against refusals that
reach people as HTTP status alone.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes import kubeconfig
from rehearsal.providers.kubernetes.api import ApiError, ApiServer
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from rehearsal.providers.kubernetes.rate_limit import RateLimiter

PATIENCE = {"Retry-After": "0"}


class _Server(ThreadingHTTPServer):
    """Answers with `answers` in turn, the last one for ever: status, body, headers."""

    answers: list[tuple[int, str, dict[str, str]]]

    @property
    def kubeconfig(self) -> str:
        cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.server_port}"}}
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        user = {"name": "u", "user": {"token": "t"}}
        return json.dumps({"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "c"})


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        answers = self.server.answers
        status, body, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server whose answers the test gives."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _ask(server: _Server) -> Any:
    connection = kubeconfig.of(server.kubeconfig, "", "")
    return ApiServer(connection, RateLimiter(-1, 1), 5, threading.Event()).get("/")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_asks_for_patience_gets_it(server: _Server, status: int) -> None:
    server.answers = [(status, "{}", PATIENCE), (status, "{}", PATIENCE), (200, '{"a": 1}', {})]
    assert _ask(server) == {"a": 1}


@pytest.mark.parametrize("answer", [(500, '{"message": "no"}', {}), (404, '{"message": "no"}', PATIENCE)])
def test_any_other_refusal_stands(server: _Server, answer: Any) -> None:
    server.answers = [answer, (200, "{}", {})]
    with pytest.raises(ApiError, match="no"):
        _ask(server)


def test_patience_ends(server: _Server) -> None:
    server.answers = [(429, '{"message": "too many requests"}', PATIENCE)]
    with pytest.raises(ApiError, match="too many requests"):
        _ask(server)


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        ('{"reason": "Invalid", "message": "bad port"}', "Invalid", "bad port"),
        ("upstream is away", "Forbidden", "upstream is away"),
        ("", "Forbidden", "the server answered 403"),
        ("[]", "Forbidden", "the server answered 403"),
    ],
)
def test_a_refusal_has_the_servers_reason_and_words(server: _Server, body: str, reason: str, words: str) -> None:
    server.answers = [(403, body, {})]
    with pytest.raises(ApiError) as refused:
        _ask(server)
    assert (refused.value.reason, str(refused.value)) == (reason, words)


def test_a_server_that_is_too_old_is_refused(server: _Server) -> None:
    server.answers = [(200, '{"major": "1", "minor": "25+"}', {})]
    with pytest.raises(ProviderError, match=r"Kubernetes 1\.25 is too old: 1\.26 is the oldest"):
        KubernetesStandIn().configure({"kubernetes:config:kubeconfig": server.kubeconfig})
