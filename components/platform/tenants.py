"""Tenants: a namespace each, with its people, limits, network and workload."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pydantic import Field

from components.contract import Cluster
from components.naming import TENANT_LABEL, component_type
from components.platform.access import make_access, restrict_default_service_account
from components.platform.flows import TENANTS, Flow, make_flow_policies
from components.platform.manifests import ManifestObject
from components.platform.namespaces import make_namespace
from components.platform.network import NetworkSpec, make_network_policies
from components.platform.place import Place
from components.platform.quotas import OWN_QUOTAS, LimitRangeSpec, QuotaSpec, make_limit_range, make_quotas, not_above
from spec.invalid import valid
from spec.manifests import check_manifests, read_manifests
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsName, PodSecurityVersion, RbacGroup, TenantName
from spec.values import HostPath


class PodSecuritySpec(StackModel):
    """The Pod Security Standard that the tenant's pods must meet."""

    enforce: Literal["restricted", "baseline", "privileged"] = Field(
        default="restricted", description="The level. restricted, because most workloads need nothing of the node."
    )
    version: PodSecurityVersion | None = Field(
        default=None,
        description="The version of the standard. The default is the cluster's, so that both move together.",
    )

    def pinned(self, cluster_version: str) -> str:
        """The version as the namespace's label says it: `v1.36` or `latest`."""
        return self.version or f"v{cluster_version}"


class TenantSpec(StackModel):
    """One group of people with a namespace of their own."""

    name: TenantName = Field(description="The namespace. Names of Kubernetes and of add-ons are reserved.")
    group: RbacGroup = Field(description="The people: a group of the cluster's users, who may edit in the namespace.")
    pod_security: PodSecuritySpec = Field(default=PodSecuritySpec(), description="The Pod Security Standard to meet.")
    quota: QuotaSpec = Field(description="What the tenant may use in all. Required: a cluster is shared by limits.")
    limit_range: LimitRangeSpec = Field(
        description="What a single container gets. Required, because the quota needs it."
    )
    network: NetworkSpec = Field(default=NetworkSpec(), description="The allowed flows. Without any, only DNS works.")
    image_pull_secrets: Many[DnsName] = Field(
        default=(),
        description="Secrets of the namespace that hold registry credentials, by name; they are not made here.",
    )
    manifests: Many[HostPath] = Field(
        default=(),
        description="The workload: files, or directories of files, of plain Kubernetes YAML. Relative paths start at "
        "the stack file.",
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("secret", "imagePullSecrets", self.image_pull_secrets, str, key="")
        for finding in not_above(self.limit_range.default, "default", self.quota.limits, "quota.limits"):
            yield finding.below("limitRange")
        for index, rule in enumerate(self.network.allow):
            for side, peer in (("from", rule.source), ("to", rule.destination)):
                if peer.namespace == self.name:
                    remedy = "Remove namespace: pods alone are this tenant's."
                    at = ("network", "allow", index, side, "namespace")
                    yield Finding(Code.NETWORK_RULE, "the tenant's own namespace", "another one", remedy, at=at)
        yield from check_manifests(self.manifests, self.name, set(self.guardrails()))

    def guardrails(self) -> Iterator[tuple[str, str]]:
        """Kind and name of what bounds the tenant in its namespace (tests/contract holds it to what is made)."""
        yield from (("ResourceQuota", name) for name in OWN_QUOTAS)
        yield ("LimitRange", "limits")
        yield from (("NetworkPolicy", name) for name in ("default-deny", "allow-dns"))
        yield from ((kind, "developer") for kind in ("Role", "RoleBinding"))
        yield from (("ResourceQuota", scoped.name) for _, scoped in valid(self.quota.scoped))
        for _, rule in valid(self.network.allow):
            yield from (("NetworkPolicy", f"{rule.name}-{way}") for way in ("ingress", "egress"))


@dataclass(frozen=True)
class TenantAdditions:
    """What add-ons add to a tenant: labels of its namespace, objects in it, and ports of tunnels between its pods, at
    which arrives what is meant for other ports."""

    labels: Mapping[str, str] = field(default_factory=dict)
    objects: Sequence[Mapping[str, Any]] = ()
    tunnel_ports: Sequence[int] = ()

    @classmethod
    def merged(cls, additions: "Iterable[TenantAdditions]") -> "TenantAdditions":
        """All of `additions` as one."""
        each = list(additions)
        return cls(
            {key: value for one in each for key, value in one.labels.items()},
            [body for one in each for body in one.objects],
            [port for one in each for port in one.tunnel_ports],
        )


class Tenant(pulumi.ComponentResource):
    """A tenant's namespace with its guardrails, then its workload.

    The namespace is deleted even when the cluster goes, because that takes away what the workload made outside of
    it: load balancers and volumes. All else in it goes with it.

    All of it depends on `dependencies` (the nodes that the workload runs on, and what it may ask for, such as storage
    classes), and the workload on the guardrails that bound it; so it is deleted before them. `flows` are those
    of add-ons, and `additions` what they add besides.
    """

    def __init__(
        self,
        spec: TenantSpec,
        cluster: Cluster,
        dependencies: Sequence[pulumi.Resource],
        flows: Sequence[Flow],
        additions: TenantAdditions,
    ) -> None:
        super().__init__(component_type("platform", "Tenant"), spec.name, opts=cluster.in_cluster(outside_effects=True))
        own = {TENANT_LABEL: spec.name}
        version = spec.pod_security.pinned(cluster.version)
        outside = Place(self, labels={**own, **additions.labels}, dependencies=dependencies)
        namespace = make_namespace(spec.name, spec.pod_security.enforce, version, outside)
        place = Place(self, spec.name, own, (namespace,), cluster.in_cluster().deleted_with)
        guardrails = [
            *make_quotas(spec.quota, place),
            make_limit_range(spec.limit_range, place),
            *make_network_policies(spec.network, place, additions.tunnel_ports),
            *make_flow_policies(flows, place, here=TENANTS),
            *make_access(spec.group, place),
            restrict_default_service_account(spec.image_pull_secrets, place),
        ]
        for body in additions.objects:
            ManifestObject(body, place.depends_on(*guardrails))
        manifests, _ = read_manifests(spec.manifests)
        for manifest in manifests:
            ManifestObject(manifest.body, place.depends_on(*guardrails))
        self.register_outputs({"namespace": spec.name, "group": spec.group})
