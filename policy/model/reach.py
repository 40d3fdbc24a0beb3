"""Which pods a pod may reach at most, so that not every two of them have to be looked at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from common.reachability import Network, Openness, Pod, Ports
from policy.model.topology import POD_ADDRESSES

_ANYBODY: Final = Pod("", {}, addresses=POD_ADDRESSES)


class Destinations:
    """Pods by who is let in (the pods of one namespace, or None: those of all), by ports, and by their namespace.

    What is let in by blocks of addresses is let in from all namespaces: which address a pod has is not known.
    """

    def __init__(self, network: Network, pods: Iterable[Pod]) -> None:
        self._network = network
        self._by_peer: dict[str | None, dict[Ports, dict[str, list[Pod]]]] = {}
        for pod in pods:
            lets_in = network.openness(pod, "Ingress", _ANYBODY)
            of_some = ((name, ports) for ports, names in lets_in.to_some for name in names)
            for peer, ports in ((None, lets_in.to_all), *of_some):
                if ports:
                    self._by_peer.setdefault(peer, {}).setdefault(ports, {}).setdefault(pod.namespace, []).append(pod)

    def of(self, source: Pod, wanted: Callable[[str], bool]) -> Iterator[Pod]:
        """The pods that `source` may reach, in namespaces that are `wanted`; others it cannot reach."""
        lets_out = self._network.openness(source, "Egress", _ANYBODY)
        found: dict[Pod, None] = {}
        for peer in (source.namespace, None):
            for ports, places in self._by_peer.get(peer, {}).items():
                for namespace in self._chosen(ports, places, lets_out):
                    if wanted(namespace):
                        new = dict.fromkeys(pod for pod in places[namespace] if pod not in found)
                        found |= new
                        yield from new

    @staticmethod
    def _chosen(ports: Ports, places: Mapping[str, object], lets_out: Openness) -> Iterable[str]:
        """Of the namespaces with pods that let in on `ports`, those that a source may get to."""
        if ports & lets_out.to_all:
            return places
        chosen = (names & places.keys() for opened, names in lets_out.to_some if ports & opened)
        return sorted(frozenset().union(*chosen))
