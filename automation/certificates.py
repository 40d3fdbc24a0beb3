"""When certificates end that a stack has made: the authorities of a cluster of kubeadm, and what they vouch for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from automation.engine import Engine
from automation.show import number_of, out, table

_CERTIFICATES: Final = ("tls:index/locallySignedCert:LocallySignedCert", "tls:index/selfSignedCert:SelfSignedCert")
SOON: Final = timedelta(days=30)
"""Before the end of a certificate that nothing renews, in which somebody has to."""


@dataclass(frozen=True)
class Certificate:
    """A certificate of a stack; one that is `renewed` gets a successor by an `up` before it ends."""

    name: str
    until: datetime
    renewed: bool

    def left(self, now: datetime) -> str:
        """How long it holds from `now` on, as people are told."""
        days = (self.until - now).days
        if self.until <= now:
            return "[bold red]it has ended[/bold red]"
        shown = number_of(days, "day")
        if self.renewed or self.until - now > SOON:
            return shown
        return f"[bold yellow]{shown}[/bold yellow]"


def certificates(deployment: Mapping[str, Any]) -> Iterator[Certificate]:
    """The certificates in a stack's state, those that end first to begin with."""
    found = [
        Certificate(
            each["urn"].rpartition("::")[2],
            datetime.fromisoformat(each["outputs"]["validityEndTime"]),
            bool(each["inputs"].get("earlyRenewalHours")),
        )
        for each in deployment.get("resources") or ()
        if each["type"] in _CERTIFICATES and each.get("outputs", {}).get("validityEndTime")  # one half made has none
    ]
    yield from sorted(found, key=lambda each: (each.until, each.name))


def certificates_of(engine: Engine) -> list[Certificate]:
    """The certificates of the engine's stack; none where there is no stack yet."""
    return list(certificates(engine.export())) if engine.exists() else []


def show_certificates(engine: Engine) -> None:
    """A table of the stack's certificates; none where there is no stack yet."""
    now = datetime.now(UTC)
    if found := certificates_of(engine):
        rows = [
            (each.name, f"{each.until:%Y-%m-%d}", each.left(now), "an up" if each.renewed else "nothing")
            for each in found
        ]
        out.print(table("Certificates", ("name", "holds until", "left", "renewed by"), rows))
