"""Exemptions that several add-ons need, each said once."""

from datetime import date

from components.contract import Exemption

_REVIEW = date(2027, 11, 30)


def api_server_address(who: str) -> Exemption:
    """For pods that talk to the API server or to kubelets: no NetworkPolicy can name where those are."""
    return Exemption(
        rule="no-allow-all",
        reason=f"{who} need the API server or kubelets, whose addresses are the cloud's; only their ports are open",
        owner="platform",
        expires=_REVIEW,
    )
