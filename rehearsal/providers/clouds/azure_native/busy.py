"""One operation on the pools of an AKS cluster at a time, over all threads and processes of a rehearsal.

Azure refuses the second with 409 OperationNotAllowed (Azure/terraform-azurerm-avm-ptn-aks-production#25 (March 2024);
cilium/cilium#25944 has the words).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.store import Resource, rehearsal_directory


class Busy:
    """Who operates on the pools of which cluster, as far as this process began it."""

    def __init__(self) -> None:
        self._held: dict[str, IO[bytes]] = {}

    def begin(self, cluster: Resource, by: Resource) -> None:
        """Let the operation of `by` begin; Refused while another one is under way."""
        if by.id in self._held:
            return
        lock = (rehearsal_directory() / f"pools-of-{cluster.outputs['name']}.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Refused("busy") from None
        self._held[by.id] = lock

    @contextmanager
    def during(self, cluster: Resource, by: Resource) -> Iterator[None]:
        """The operation of `by`, from its beginning on; it ends with the block."""
        self.begin(cluster, by)
        try:
            yield
        finally:
            self._held.pop(by.id).close()
