"""What the API server answers, and when it does not answer as it should.

Guards against requests that give up on a server that only asked for patience, and against refusals that
reach people as HTTP status alone.
"""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rehearsal.providers.base import ProviderError
from rehearsal.providers.kubernetes import kubeconfig
from rehearsal.providers.kubernetes.api import ApiError, ApiServer
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from rehearsal.providers.kubernetes.rate_limit import RateLimiter
from tests.unit.rehearsal.tls_makers import DESK, authority_inputs, key_pem

PATIENCE = {"Retry-After": "0"}
DECODE_ERROR = bytes([21, 3, 3, 0, 2, 2, 50])  # an alert of TLS (RFC 8446, section 6)


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


class _Tls(_Server):
    """The same with TLS, but the first `broken` connections are broken off in the handshake."""

    broken = 0
    context: ssl.SSLContext

    @property
    def kubeconfig(self) -> str:
        return super().kubeconfig.replace('"server": "http:', '"insecure-skip-tls-verify": true, "server": "https:')

    def get_request(self) -> Any:
        connection, address = super().get_request()
        if self.broken:
            self.broken -= 1
            connection.sendall(DECODE_ERROR)
            connection.close()
            raise OSError("broken off")
        return self.context.wrap_socket(connection, server_side=True), address


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[_Tls]:
    """A server with TLS."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_text(str(DESK.outputs("SelfSignedCert", **authority_inputs())["certPem"]))
    key.write_text(key_pem())
    server = _Tls(("127.0.0.1", 0), _Handler)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate, key)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("broken", [1, 2])
def test_a_handshake_that_is_broken_off_is_begun_again(tls: _Tls, broken: int) -> None:
    tls.answers, tls.broken = [(200, '{"a": 1}', {})], broken
    assert _ask(tls) == {"a": 1}


def test_one_that_is_always_broken_off_is_told(tls: _Tls) -> None:
    tls.answers, tls.broken = [(200, "{}", {})], 10
    with pytest.raises(ProviderError, match="did not answer"):
        _ask(tls)


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
