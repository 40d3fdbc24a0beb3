"""Who has certificates in a control plane, and what one has from whoever made it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CertificateIdentity:
    """Who a certificate speaks for, and under which names and addresses it serves (if it does)."""

    name: str
    authority: str
    common_name: str
    organization: str = ""
    serves_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """What a control plane has from whoever made it: the authority for the API (PEM), the address of this machine and
    the port at which its API server listens, and under which names it serves besides."""

    certificate: str
    key: str
    host: str
    port: int
    names: Sequence[str]
