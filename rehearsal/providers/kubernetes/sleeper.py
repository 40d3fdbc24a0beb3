"""An API server that is started when something is asked of it that it has not said before (`rehearsal.asleep`)."""

import json
import os
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from common.paths import REHEARSAL

FILE: Final = "asleep.json"
"""In a site: of each API server's address its cluster's `name`, its `build`, and its `answers` by path."""


def read(site: Path) -> dict[str, Any]:
    """What is known of the API servers of a site that may be asleep; nothing where none is."""
    try:
        found: dict[str, Any] = json.loads((site / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found


def is_free(address: str) -> bool:
    """Whether nobody has the port of an address on this machine."""
    parts = urlsplit(address)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as an API server does
        try:
            probe.bind((parts.hostname, parts.port))
        except OSError:
            return False
    return True


class Sleeper:
    """The API server at an address, which answers for itself once it is awake; any thread may ask."""

    def __init__(self, clusters: Sequence[str] = (), answers: Mapping[str, Any] | None = None) -> None:
        self._clusters, self._answers = clusters, answers or {}
        self._lock = threading.Lock()

    @classmethod
    def at(cls, server: str) -> "Sleeper":
        """The one at an address. Where only others are known to sleep, it may be any of these by another name."""
        known = read(Path(os.environ[REHEARSAL])) if REHEARSAL in os.environ else {}
        asleep = {address: each for address, each in known.items() if is_free(address)}
        if found := asleep.get(server):
            return cls([found["name"]], found["answers"])
        return cls([each["name"] for each in asleep.values()])

    def said(self, path: str) -> Any:
        """What it has said to a question; None for what only it can say, now that it is awake or is to be."""
        return self._answers.get(path)

    def wake(self) -> None:
        """Have it running, with nothing of its control plane that would change what is in it by itself."""
        with self._lock:
            if self._clusters:
                # Few ever wake it, and what starts control planes takes as long to import as all else here.
                from rehearsal.providers.clouds import clusters  # noqa: PLC0415

                for name in self._clusters:
                    clusters.start(name, alone=True)
                self._clusters, self._answers = (), {}
