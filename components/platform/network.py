"""Who may talk to whom. Everything that no rule allows is denied."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from components.platform.place import Place
from spec.invalid import valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsLabel, LabelKey, LabelValue
from spec.values import Cidr, Port


class Peer(StackModel):
    """One side of a rule: pods of the tenant, a namespace or pods in it, or an address range."""

    pods: Mapping[LabelKey, LabelValue] | None = Field(
        default=None,
        description="Pods with all of these labels, of this tenant unless `namespace` is given; {} is all.",
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Another namespace; all of its pods unless `pods` is given."
    )
    cidr: Cidr | None = Field(default=None, description="Addresses outside the cluster.")
    exceptions: Many[Cidr] = Field(default=(), alias="except", description="Parts of `cidr` that are left out.")

    @property
    def is_own(self) -> bool:
        """Whether this is pods of the tenant itself."""
        return self.pods is not None and self.namespace is None

    def findings(self) -> Iterator[Finding]:
        inside = [key for key, value in (("pods", self.pods), ("namespace", self.namespace)) if value is not None]
        if self.cidr is None and not inside:
            remedy = "Add pods, namespace or cidr."
            yield Finding(Code.NETWORK_RULE, "nobody", "pods, namespace or cidr", remedy)
        if self.cidr is not None and inside:
            remedy = f"Remove cidr, or {' and '.join(inside)}; two rules allow both."
            yield Finding(Code.NETWORK_RULE, f"cidr with {inside[0]}", "cidr alone", remedy, at=("cidr",))
        if self.cidr is None and self.exceptions:
            yield Finding(Code.MISSING_KEY, "except without cidr", remedy="Add cidr, or remove except.")
        if isinstance(self.cidr, IPv4Network | IPv6Network):
            for index, exception in valid(self.exceptions):
                if exception == self.cidr or not _is_part(exception, self.cidr):
                    remedy = "Write a part of cidr that is smaller than it."
                    yield Finding(Code.BAD_CIDR, str(exception), f"a part of {self.cidr}", remedy, at=("except", index))


def _is_part(part: IPv4Network | IPv6Network, whole: IPv4Network | IPv6Network) -> bool:
    if isinstance(part, IPv4Network):
        return isinstance(whole, IPv4Network) and part.subnet_of(whole)
    return isinstance(whole, IPv6Network) and part.subnet_of(whole)


class PortRule(StackModel):
    """A port of the receiving pods."""

    port: Port = Field(description="The number, or the name that the pods give it.")
    protocol: Literal["TCP", "UDP", "SCTP"] = Field(default="TCP", description="TCP, as Kubernetes has it.")


class AllowRule(StackModel):
    """One allowed flow. Between pods of the tenant it opens both ends."""

    name: DnsLabel = Field(description="Unique in the tenant; part of the NetworkPolicies' names.")
    source: Peer = Field(alias="from", description="Who opens the connection.")
    destination: Peer = Field(alias="to", description="Who accepts it.")
    ports: Annotated[Many[PortRule], Field(min_length=1)] = Field(
        description="Ports of the accepting side; at least one, because a rule for all ports is seldom meant."
    )

    def findings(self) -> Iterator[Finding]:
        if not self.source.is_own and not self.destination.is_own:
            remedy = "Describe this tenant's side with pods alone; leave its namespace out."
            yield Finding(Code.NETWORK_RULE, "no side is pods of this tenant", "one or both", remedy, at=("from",))
        yield from same_twice("port", "ports", self.ports, lambda rule: (rule.port, rule.protocol), "port")


class NetworkSpec(StackModel):
    """A tenant's traffic: denied in both directions, except for DNS and what is allowed here."""

    allow: Many[AllowRule] = Field(default=(), description="The allowed flows.")

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("rule", "allow", self.allow)


def make_network_policies(spec: NetworkSpec, place: Place, tunnels: Sequence[int] = ()) -> Iterator[pulumi.Resource]:
    """Deny all, allow DNS, and for each rule allow what the sending and the receiving side need.

    `tunnels` are TCP ports at which it may arrive instead.
    """
    yield make_network_policy("default-deny", {}, place, ingress=(), egress=())
    yield make_network_policy("allow-dns", {}, place, egress=(_dns(),))
    for rule in spec.allow:
        ports = [
            kubernetes.networking.v1.NetworkPolicyPortArgs(port=each.port, protocol=each.protocol)
            for each in (*rule.ports, *(PortRule(port=port) for port in tunnels))
        ]
        if rule.source.pods is not None and rule.source.is_own:
            egress = kubernetes.networking.v1.NetworkPolicyEgressRuleArgs(to=[_peer(rule.destination)], ports=ports)
            yield make_network_policy(f"{rule.name}-egress", rule.source.pods, place, egress=(egress,))
        if rule.destination.pods is not None and rule.destination.is_own:
            ingress = kubernetes.networking.v1.NetworkPolicyIngressRuleArgs(from_=[_peer(rule.source)], ports=ports)
            yield make_network_policy(f"{rule.name}-ingress", rule.destination.pods, place, ingress=(ingress,))


def make_network_policy(
    name: str,
    pods: Mapping[str, str],
    place: Place,
    *,
    ingress: "Sequence[kubernetes.networking.v1.NetworkPolicyIngressRuleArgs] | None" = None,
    egress: "Sequence[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs] | None" = None,
) -> pulumi.Resource:
    """A NetworkPolicy for `pods`; a direction without rules denies all, a direction that is None is left alone."""
    types = {"Ingress": ingress, "Egress": egress}
    spec = kubernetes.networking.v1.NetworkPolicySpecArgs(
        pod_selector=_selector(pods),
        policy_types=[direction for direction, rules in types.items() if rules is not None],
        ingress=list(ingress) if ingress else None,
        egress=list(egress) if egress else None,
    )
    return kubernetes.networking.v1.NetworkPolicy(
        place.logical(name), metadata=place.metadata(name), spec=spec, opts=place.options()
    )


def _peer(peer: Peer) -> "kubernetes.networking.v1.NetworkPolicyPeerArgs":
    if peer.cidr is not None:
        exceptions = [str(exception) for exception in peer.exceptions]
        block = kubernetes.networking.v1.IPBlockArgs(cidr=str(peer.cidr), except_=exceptions or None)
        return kubernetes.networking.v1.NetworkPolicyPeerArgs(ip_block=block)
    namespace = {"kubernetes.io/metadata.name": peer.namespace} if peer.namespace else None
    return kubernetes.networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=_selector(namespace) if namespace else None,
        pod_selector=_selector(peer.pods) if peer.pods is not None else None,
    )


def _selector(labels: Mapping[str, str]) -> "kubernetes.meta.v1.LabelSelectorArgs":
    return kubernetes.meta.v1.LabelSelectorArgs(match_labels=dict(labels) or None)


def _dns() -> "kubernetes.networking.v1.NetworkPolicyEgressRuleArgs":
    # The labels that kubeadm and the clouds give to their DNS (CoreDNS or kube-dns).
    return kubernetes.networking.v1.NetworkPolicyEgressRuleArgs(
        to=[_peer(Peer(namespace="kube-system", pods={"k8s-app": "kube-dns"}))],
        ports=[kubernetes.networking.v1.NetworkPolicyPortArgs(port=53, protocol=each) for each in ("UDP", "TCP")],
    )
