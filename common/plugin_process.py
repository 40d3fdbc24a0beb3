"""What every plugin process of the engine does: serve gRPC on loopback, print the port, leave quietly."""

import os
import select
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc

CLOUD_VARIABLES: Final = ("AWS_", "ARM_", "AZURE_", "GOOGLE_", "CLOUDSDK_")
"""What variables begin with in which users keep credentials of clouds; a plugin gets them only if it needs them."""
_MAX_MESSAGE = 400 * 1024 * 1024  # bytes; the engine's own limit (sdk/go/common/util/rpcutil, v3.259)
_WORKERS = 128  # more than any `--parallel` we set, so that no operation queues behind a waiting one
_PARENT_POLL = 1.0  # seconds


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serve what `register` adds until the engine closes the process, is gone, or sends a signal.

    The port goes to stdout, where the engine reads it. SIGINT is how the engine closes a plugin that it
    no longer needs; a user's Ctrl-C does not reach plugins, as they live in process groups of their own.
    """
    engine = os.getppid()  # before the port is told: whoever is told it may be gone a moment later
    closed, close = os.pipe()  # a handler may not wait for a lock: it runs in whatever the main thread is doing
    for closing in (signal.SIGINT, signal.SIGTERM):
        signal.signal(closing, lambda *_: os.write(close, b"."))
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_WORKERS),
        options=[("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)],
    )
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not select.select([closed], [], [], _PARENT_POLL)[0] and os.getppid() == engine:
        pass
    server.stop(grace=None)
    os._exit(0)  # worker threads may still wait on an API server; the engine no longer listens
