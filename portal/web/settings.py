"""What whoever runs the portal says of its pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from portal.access.oidc import OidcSettings
from portal.access.secrets import made


@dataclass(frozen=True)
class Demo:
    """Users that a demonstration has, all with one password, which its page of sign-in shows."""

    users: Sequence[str]
    password: str


@dataclass(frozen=True)
class PortalSettings:
    """The project whose stacks the portal is for, and where browsers find the portal: `http://127.0.0.1:8460`.

    `oidc` lets people in by single sign-on besides. `secret` signs what browsers keep meanwhile; portals beside each
    other share it.
    """

    project: Path
    url: str
    oidc: OidcSettings | None = None
    demo: Demo | None = None
    secret: str = field(default_factory=made, repr=False)

    @property
    def tls(self) -> bool:
        """Whether browsers come by TLS, which may end before the portal."""
        return urlsplit(self.url).scheme == "https"

    @property
    def host(self) -> str:
        """The host that requests have to name; any other is refused, so that no name of somebody else's leads here."""
        return urlsplit(self.url).hostname or ""

    @property
    def cookie(self) -> str:
        """What the session's cookie is called; one with the prefix is for this host and TLS alone (RFC 6265bis)."""
        return "__Host-polykube" if self.tls else "polykube"
