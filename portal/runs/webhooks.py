"""Telling a webhook: a signed POST, to an address that is not one of ours.

    X-Polykube-Delivery   the same however often it is tried
    X-Polykube-Signature  t=SECONDS,v1=HEX: HMAC-SHA256, by the webhook's secret, over SECONDS.BODY

Whoever may name addresses could otherwise have the portal ask what only it reaches: the metadata service of its
machine, services on its loopback. So every address that a name has is looked at, and the one that is connected to is
one of those. `POLYKUBE_PORTAL_WEBHOOK_NETWORKS` allows private ones (CIDRs, separated by commas).
"""

import hashlib
import hmac
import ipaddress
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx2

from portal.data.models import Webhook
from portal.data.sealing import unsealed
from portal.runs.orders import Delivery

NETWORKS: Final = "POLYKUBE_PORTAL_WEBHOOK_NETWORKS"
_TIMEOUT: Final = 10.0  # seconds
_LATER: Final = frozenset({408, 425, 429})


class DeliveryError(Exception):
    """It was not told. `for_good` says that trying again would not help."""

    def __init__(self, why: str, *, for_good: bool) -> None:
        super().__init__(why)
        self.for_good = for_good


def deliver(hook: Webhook, delivery: Delivery) -> None:
    """Tell it; DeliveryError when it does not answer with a 2xx."""
    parts = urlsplit(hook.url)
    address = allowed_address(hook.url)
    body = json.dumps({**vars(delivery), "hook": hook.id}, sort_keys=True).encode()
    port = f":{parts.port}" if parts.port else ""
    url = parts._replace(netloc=f"[{address}]{port}" if ":" in address else f"{address}{port}").geturl()
    headers = {
        "Content-Type": "application/json",
        "Host": parts.netloc.rpartition("@")[2],
        "X-Polykube-Delivery": delivery.id,
        "X-Polykube-Signature": signature(unsealed(hook.secret), body, int(time.time())),
    }
    named = {"sni_hostname": parts.hostname}  # whose certificate it is to be
    try:
        with httpx2.Client(timeout=_TIMEOUT, trust_env=False) as client:
            answer = client.send(client.build_request("POST", url, content=body, headers=headers, extensions=named))
    except httpx2.HTTPError as error:
        raise DeliveryError(f"{parts.hostname} does not answer: {error}", for_good=False) from None
    if not answer.is_success:
        later = answer.status_code in _LATER or answer.is_server_error
        raise DeliveryError(f"{parts.hostname} answers {answer.status_code}", for_good=not later)


def signature(secret: str, body: bytes, at: int) -> str:
    """What a receiver compares with, of a body that is sent at a time (seconds since 1970)."""
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def allowed_address(url: str) -> str:
    """An address to connect to for a URL; DeliveryError where there is none that may be connected to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DeliveryError("it is no address of a web server", for_good=True)
    addresses = list(_addresses(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)))
    for address in addresses:
        if not (address.is_global or any(address in network for network in _networks())):
            raise DeliveryError(
                f"{parts.hostname} is {address}, which is in no network that may be told", for_good=True
            )
    return str(addresses[0])


def _addresses(host: str, port: int) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise DeliveryError(f"{host} is not known: {error}", for_good=False) from None
    for *_, place in found:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        yield getattr(address, "ipv4_mapped", None) or address


def _networks() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(each.strip()) for each in os.environ.get(NETWORKS, "").split(",") if each.strip()]
