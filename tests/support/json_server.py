"""A server on loopback that answers in JSON, as a script says: for the APIs of other people's services."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlparse


@dataclass(frozen=True)
class Request:
    """What was asked: the query by key, and a body that need not be JSON."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Message
    content: bytes

    @property
    def body(self) -> Any:
        """The body as JSON; an empty object without one."""
        return json.loads(self.content or b"{}")


@dataclass(frozen=True)
class Answer:
    """A status, a body to be written as JSON, and headers besides its own."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def serving(answer: Callable[[Request], Answer], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server until the end of the block, with TLS if it is given its side of that; its port is yielded."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            url, length = urlparse(self.path), int(self.headers.get("Content-Length", 0))
            asked = Request(self.command, url.path, parse_qs(url.query), self.headers, self.rfile.read(length))
            given = answer(asked)
            content = json.dumps(given.body).encode()
            self.send_response(given.status)
            about = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            for name, value in {**about, **given.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815 - the methods of HTTP

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
