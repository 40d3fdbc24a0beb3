"""A sidecar as istiod sees one: a stream on which it asks for configuration (xDS), in the clear and without a pod."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import httpx2
from google.protobuf.struct_pb2 import Struct

from tests.support.istiod import Istiod

_METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
_ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"


@contextmanager
def asking_for(
    destination: str, istiod: Istiod, *, namespace: str, cluster: str, network: str, zone: str
) -> Iterator[str]:
    """A sidecar in `namespace` that asks for the pods of `destination`, as Envoy calls it; istiod's name of it."""
    name = f"caller.{namespace}"
    metadata = Struct()
    whose = {"CLUSTER_ID": cluster, "NETWORK": network, "NAMESPACE": namespace}
    metadata.update({**whose, "LABELS": {"app": "caller"}})
    itself = f"sidecar~10.255.0.1~{name}~{namespace}.svc.cluster.local"
    node = _field(1, itself) + _field(3, metadata.SerializeToString()) + _field(4, _field(2, zone))
    request = _field(2, node) + _field(3, destination) + _field(4, _ENDPOINTS)
    over = threading.Event()

    def requests() -> Iterator[bytes]:
        yield request
        over.wait()

    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{istiod.proxies}", options=options) as channel:
        answers = iter(channel.stream_stream(_METHOD, _as_it_is, _as_it_is)(requests()))
        next(answers)
        try:
            yield name
        finally:
            over.set()


def priorities(proxy: str, istiod: Istiod) -> dict[str, int]:
    """Where requests of `proxy` go, by address: first to those of priority 0."""
    page = f"http://127.0.0.1:{istiod.pages}/debug/edsz"
    told = httpx2.get(page, params={"proxyID": proxy}, trust_env=False).raise_for_status().json()
    return {
        each["endpoint"]["address"]["socketAddress"]["address"]: group.get("priority", 0)
        for destination in told["configs"]
        for group in destination.get("endpoints", ())
        for each in group["lbEndpoints"]
    }


def _as_it_is(message: bytes) -> bytes:
    return message


def _field(number: int, content: bytes | str) -> bytes:
    """A field of a protobuf message, by its number: a text or a message."""
    content = content.encode() if isinstance(content, str) else content
    return bytes([number << 3 | 2]) + _length(len(content)) + content


def _length(value: int) -> bytes:
    """A number as protobuf writes it: seven bits a byte, the lowest first."""
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + _length(value >> 7)
