"""A server in front of a store, which fails when it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

CUT, ERROR = "cut", "500"
_ERROR: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Front:
    """A port of loopback that leads to the one `behind`; `fault` is how it fails, if it does, `failed` how often it
    did."""

    port: int
    behind: int
    fault: str = ""
    failed: int = 0


@contextmanager
def in_front_of(behind: int) -> Iterator[Front]:
    """A server in front of the port `behind`, on which nobody has to listen yet."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        front = Front(server.getsockname()[1], behind)
        threading.Thread(target=_serve, args=(server, front), daemon=True).start()
        yield front


def _serve(server: socket.socket, front: Front) -> None:
    with suppress(OSError):  # the server is closed
        while True:
            client, _ = server.accept()
            if front.fault == ERROR:
                client.recv(1 << 16)
                client.sendall(_ERROR)
            if front.fault:
                front.failed += 1
                client.close()
                continue
            behind = socket.create_connection(("127.0.0.1", front.behind))
            for source, target in ((client, behind), (behind, client)):
                threading.Thread(target=_copy, args=(source, target, front), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket, front: Front) -> None:
    with suppress(OSError):
        while (content := source.recv(1 << 16)) and not front.fault:
            target.sendall(content)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
