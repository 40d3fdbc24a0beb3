"""Exemptions that several add-ons need, each said once."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from components.contract import Exemption

_OWNER: Final = "platform"
_REVIEW: Final = date(2027, 11, 30)


def api_server_address(who: str) -> Exemption:
    """For pods that talk to the API server or to kubelets: no NetworkPolicy can name where those are."""
    return Exemption(
        rule="no-allow-all",
        reason=f"{who} need the API server or kubelets, whose addresses are the cloud's; only their ports are open",
        owner=_OWNER,
        expires=_REVIEW,
    )


def open_to_all(reason: str) -> Exemption:
    """For pods that anybody may reach."""
    return Exemption("no-allow-all", reason, _OWNER, _REVIEW)


def reached_from_outside(reason: str) -> Exemption:
    """For load balancers besides that of the ingress."""
    return Exemption("no-public-svc", reason, _OWNER, _REVIEW)


def reads_the_node(who: str, what: str = "files of the node") -> tuple[Exemption, ...]:
    """For agents that read files, or something else, of the node they run on."""
    return _beyond_pod_security(f"{who} reads {what}, as root, from host paths")


def changes_the_node(who: str) -> tuple[Exemption, ...]:
    """For agents that set up the network of the node they run on."""
    return _beyond_pod_security(f"{who} writes files of the node and changes its pods' networks, as root")


def _beyond_pod_security(reason: str) -> tuple[Exemption, ...]:
    return _all(("pss-baseline", "pss-restricted"), reason)


def rights_as_upstream_has_them(reason: str) -> tuple[Exemption, ...]:
    """For operators with ClusterRoles of upstream's own."""
    return _all(("no-escalation", "no-rbac-wildcard"), reason)


def administers_the_cluster(reason: str) -> tuple[Exemption, ...]:
    """For what works on objects of every kind, whatever kinds there are."""
    return _all(("no-cluster-admin",), reason)


def _all(rules: Sequence[str], reason: str) -> tuple[Exemption, ...]:
    return tuple(Exemption(rule, reason, _OWNER, _REVIEW) for rule in rules)
