"""Alerts as Prometheus has them, and what Alertmanager is told: who hears of what (Alertmanager 0.34)."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from spec.model import StackModel
from spec.values import SecretText

SECRETS: Final = "/etc/alertmanager/secrets"


class NotifySpec(StackModel):
    """Where alerts go: addresses that take Alertmanager's webhook, secrets because whoever knows one can write."""

    page: SecretText | None = Field(default=None, description="For what cannot wait: somebody is woken.")
    ticket: SecretText | None = Field(default=None, description="For what can wait until the morning.")

    def addresses(self) -> dict[str, str]:
        """The addresses that are given, by severity."""
        given = {"page": self.page, "ticket": self.ticket}
        return {severity: secret.text for severity, secret in given.items() if secret is not None and secret.text}


def alert(name: str, expression: str, lasting: str, severity: str, summary: str) -> dict[str, Any]:
    """An alert on an expression of PromQL that is true for as long as `lasting` (10m); severity is page or ticket."""
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def alertmanager_config(addresses: Mapping[str, str]) -> dict[str, Any]:
    """alertmanager.yml; the addresses themselves are in files of a Secret. Without any, alerts are only shown."""
    routes = [
        {"matchers": [f'severity="{severity}"'], "receiver": severity, "repeat_interval": _REPEAT[severity]}
        for severity in addresses
    ]
    receivers = [
        {"name": severity, "webhook_configs": [{"url_file": f"{SECRETS}/{severity}", "send_resolved": True}]}
        for severity in addresses
    ]
    return {
        "route": {
            "receiver": "shown",
            "group_by": ["alertname", "namespace", "slo"],
            "group_wait": "30s",
            "group_interval": "5m",
            "routes": routes,
        },
        "receivers": [{"name": "shown"}, *receivers],
        # Who is woken for a budget that burns in an hour needs no ticket for the same one.
        "inhibit_rules": [
            {
                "source_matchers": ['severity="page"'],
                "target_matchers": ['severity="ticket"'],
                "equal": ["alertname", "slo", "indicator"],
            }
        ],
    }


_REPEAT: Final = {"page": "1h", "ticket": "24h"}
