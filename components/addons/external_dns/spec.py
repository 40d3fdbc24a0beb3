"""What a stack file may say of names in the cloud's DNS, and what others know of external-dns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from pydantic import Field

from components.addons.dns import Zones
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods
from spec.invalid import valid
from spec.model import same_twice
from spec.problems import Code, Finding, quoted

VERSION: Final = "0.23.0"
KUBERNETES: Final = KubernetesVersions(oldest=21, newest=None, source="kubernetes-sigs/external-dns v0.23.0, README.md")
NAMESPACE: Final = "external-dns"
METRICS: Final = 7979
PODS: Final = Pods(NAMESPACE, selector("external-dns"))


class ExternalDnsSpec(AddOnSpec):
    """Names of load balancers in the cloud's DNS."""

    zones: Zones = Field(description="The zones in which it keeps records; on Azure, all of one resource group.")
    policy: Literal["sync", "upsert-only"] = Field(
        default="sync",
        description="What becomes of a record when its load balancer is gone: sync deletes it, upsert-only leaves it.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("zone", "zones", self.zones)
        groups = [(index, zone.id.partition("/providers/")[0]) for index, zone in valid(self.zones) if zone.is_whole]
        for index, group in groups:
            if group.startswith("/subscriptions/") and group != groups[0][1]:
                allowed = f"zones of {groups[0][1]}: on Azure, external-dns looks in one resource group"
                remedy = "Move the zone there, or leave it out."
                yield Finding(Code.NOT_ALLOWED, quoted(group), allowed, remedy, at=("zones", index, "id"))


def names(hosts: Sequence[str]) -> Mapping[str, str]:
    """The annotation by which a Service asks for the names `hosts`."""
    return {"external-dns.alpha.kubernetes.io/hostname": ",".join(hosts)} if hosts else {}
