"""Exemptions that several add-ons need, each said once."""

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


def reads_the_node(who: str) -> tuple[Exemption, ...]:
    """For agents that read files of the node they run on."""
    reason = f"{who} reads files of the node, as root, from host paths"
    return tuple(Exemption(rule, reason, _OWNER, _REVIEW) for rule in ("pss-baseline", "pss-restricted"))
