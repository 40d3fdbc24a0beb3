"""A store that speaks S3 (versitygw) on loopback, and a server in front of it that fails when it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rehearsal.toolchain import ensure
from tests.support.processes import answers_at_all, free_ports, running

BUCKET: Final = "states"
KEYS: Final = {"AWS_ACCESS_KEY_ID": "polykube", "AWS_SECRET_ACCESS_KEY": "hunter2hunter2"}
CUT, ERROR = "cut", "500"
_ERROR: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Store:
    """A store with one bucket, whose objects are the files in `bucket`; `fault` is how its server fails, if it does."""

    bucket: Path
    port: int
    fault: str = field(default="")

    def url(self, bucket: str = BUCKET, port: int = 0) -> str:
        """The backend that it is."""
        options = "disableSSL=true&s3ForcePathStyle=true&region=us-east-1"
        return f"s3://{bucket}?endpoint=127.0.0.1:{port or self.port}&{options}"

    def locks(self) -> list[Path]:
        """The locks of stacks in it."""
        return list((self.bucket / ".pulumi" / "locks").rglob("*.json"))


@contextmanager
def running_store(directory: Path) -> Iterator[Store]:
    """A store, reached through a server that can fail."""
    bucket, metadata = directory / "root" / BUCKET, directory / "metadata"
    for each in (bucket, metadata):
        each.mkdir(parents=True)
    (port,) = free_ports(1)
    program = ensure(["versitygw"])["versitygw"].path
    command: list[str | Path] = [
        program,
        "--port",
        f"127.0.0.1:{port}",
        "--quiet",
        "posix",
        "--sidecar",
        metadata,
        bucket.parent,
    ]
    owner = {"ROOT_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"]}
    with (
        running(command, directory, lambda: answers_at_all(port), owner),
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        store = Store(bucket, server.getsockname()[1])
        threading.Thread(target=_serve, args=(server, store, port), daemon=True).start()
        yield store


def _serve(server: socket.socket, store: Store, port: int) -> None:
    with suppress(OSError):  # the server is closed
        while True:
            client, _ = server.accept()
            if store.fault == ERROR:
                client.recv(1 << 16)
                client.sendall(_ERROR)
            if store.fault:
                client.close()
                continue
            behind = socket.create_connection(("127.0.0.1", port))
            for source, target in ((client, behind), (behind, client)):
                threading.Thread(target=_copy, args=(source, target, store), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket, store: Store) -> None:
    with suppress(OSError):
        while (content := source.recv(1 << 16)) and not store.fault:
            target.sendall(content)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
