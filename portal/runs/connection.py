"""Which Temporal: the development server that `polykube portal` runs, or any cluster by its address."""

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from common.errors import PortalError, Problem
from common.paths import state_dir

API_KEY: Final = "POLYKUBE_TEMPORAL_API_KEY"
NAMESPACE: Final = "default"


@dataclass(frozen=True)
class TemporalCluster:
    """A cluster of Temporal: HOST:PORT, a namespace, and what TLS takes. The API key comes from the environment."""

    address: str
    namespace: str = NAMESPACE
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def tls(self) -> TLSConfig | bool:
        """TLS, if there is an authority, a certificate or an API key: none of these goes over a plain connection."""
        if self.authority or self.certificate:
            return TLSConfig(
                server_root_ca_cert=_content(self.authority),
                client_cert=_content(self.certificate),
                client_private_key=_content(self.key),
            )
        return bool(os.environ.get(API_KEY))


def _content(file: Path | None) -> bytes | None:
    return file.read_bytes() if file else None


def announced() -> Path:
    """Where the development server that runs here says its address."""
    return state_dir() / "portal" / "temporal.json"


def local_cluster() -> TemporalCluster:
    """The development server that runs here; PortalError (PK934) when none does."""
    try:
        return TemporalCluster(json.loads(announced().read_text())["address"])
    except (OSError, ValueError, KeyError):
        raise PortalError(silent("no development server", "none was started here")) from None


async def connect(cluster: TemporalCluster, *, lazy: bool = False) -> Client:
    """A client; PortalError (PK934) when nobody answers there, unless it connects only when it is used (`lazy`)."""
    try:
        return await Client.connect(
            cluster.address,
            namespace=cluster.namespace,
            tls=cluster.tls,
            api_key=os.environ.get(API_KEY) or None,
            lazy=lazy,
        )
    except (RuntimeError, RPCError, OSError) as error:
        raise PortalError(silent(cluster.address, str(error))) from None


def silent(address: str, found: str) -> Problem:
    """What is said when Temporal does not answer."""
    return Problem(
        code="PK934",
        summary="the engine of runs does not answer",
        where=address,
        found=found,
        allowed="a server of Temporal's",
        remedy="start it (polykube portal runs one), or name another one: --temporal HOST:PORT",
    )


PATIENCE: Final = timedelta(seconds=10)
"""How long an answer of Temporal is waited for."""
