"""external-dns: names of load balancers as records in the cloud's DNS.

It sees Services that ask for a name by the annotation `external-dns.alpha.kubernetes.io/hostname`, which that of
ingress does for its hosts; and it changes only records that it made. Left out: other sources of names, and zones that
the cluster's cloud does not have. Upstream: kubernetes-sigs/external-dns 0.23, November 2026.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site, bounded, credential_flows
from components.addons.dns import Zones
from components.addons.exempt import api_server_address
from components.addons.monitoring import Monitoring
from components.contract import Capability, Cluster, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import Flow
from spec.holes import solid
from spec.model import same_twice
from spec.problems import Code, Finding, quoted

NAMESPACE: Final = "external-dns"
METRICS: Final = 7979


class ExternalDnsSpec(AddOnSpec):
    """Names of load balancers in the cloud's DNS."""

    zones: Zones = Field(description="The zones in which it keeps records; on Azure, all of one resource group.")
    policy: Literal["sync", "upsert-only"] = Field(
        default="sync",
        description="What becomes of a record when its load balancer is gone: sync deletes it, upsert-only leaves it.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("zone", "zones", self.zones)
        groups = [(index, zone.id.partition("/providers/")[0]) for index, zone in solid(self.zones) if zone.is_whole]
        for index, group in groups:
            if group.startswith("/subscriptions/") and group != groups[0][1]:
                allowed = f"zones of {groups[0][1]}: on Azure, external-dns looks in one resource group"
                remedy = "Move the zone there, or leave it out."
                yield Finding(Code.NOT_ALLOWED, quoted(group), allowed, remedy, at=("zones", index, "id"))


class ExternalDns(AddOnBase):
    """external-dns: names of load balancers as records in the cloud's DNS."""

    name = "external-dns"
    version = "0.23.0"
    spec_type = ExternalDnsSpec
    requires = frozenset({Capability.WORKLOAD_IDENTITY})
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, bounded(pods=5, cpu=1, gibibytes=2)),)
    exemptions = (api_server_address("external-dns"),)

    PODS: ClassVar = flows.Pods(NAMESPACE, selector("external-dns"))

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield flows.to_api_server(cls.PODS, "external-dns")  # and to the cloud, at the same port
        yield Flow("external-dns.metrics", Monitoring.PROMETHEUS, cls.PODS, (METRICS,))

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterator[Flow]:
        del spec
        yield from credential_flows("external-dns", cls.PODS, cluster)

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.external_dns.parts import make_parts

        assert isinstance(spec, ExternalDnsSpec)
        make_parts(spec, site.cluster, self.places[NAMESPACE])


def names(hosts: Sequence[str]) -> Mapping[str, str]:
    """The annotation by which a Service asks for the names `hosts`."""
    return {"external-dns.alpha.kubernetes.io/hostname": ",".join(hosts)} if hosts else {}
