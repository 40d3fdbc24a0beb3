"""From where a rehearsal runs, and which of its clusters let in whoever runs it there."""

from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from rehearsal.providers.clouds import doors
from rehearsal.providers.clouds.aws import eks
from rehearsal.providers.clouds.azure_native import aks
from rehearsal.providers.clouds.gcp import gke
from rehearsal.providers.clouds.store import Resource, Store

_LETS_IN: Final[Mapping[str, Callable[[Resource, Store, IPv4Address], bool]]] = {
    eks.CLUSTER: eks.lets_in,
    gke.CLUSTER: gke.lets_in,
    aks.CLUSTER: aks.lets_in,
}


def go_on_from(directory: Path, address: IPv4Address) -> None:
    """Have the rehearsal in `directory` run from `address` from now on."""
    doors.run_from(directory, address)
    store = Store(directory)
    for type_, lets_in in _LETS_IN.items():
        for cluster in store.all(type_):
            name = str(cluster.outputs["name"])
            if doors.address(name):
                doors.judge(name, address, partial(lets_in, cluster, store))
