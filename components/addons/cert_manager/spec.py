"""What a stack file may say of certificates, and what others know of cert-manager."""

from collections.abc import Collection, Iterator
from typing import Final

from pydantic import Field

from components.addons.bundles import read_bundles
from components.addons.dns import ZoneSpec
from components.addons.key_pair import KeyPairSpec
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.platform.flows import Pods
from spec.invalid import valid
from spec.model import Many, StackModel, same_twice
from spec.problems import Code, Finding
from spec.text import DnsName, Email, HttpsUrl

VERSION: Final = read_bundles()["cert-manager"].version
KUBERNETES: Final = KubernetesVersions(
    oldest=33, newest=36, tested=36, source="cert-manager/website, content/docs/releases/README.md of 2026-08-22: 1.21"
)
NAMESPACE: Final = "cert-manager"
WEBHOOK: Final = 10250
METRICS: Final = 9402
PODS: Final = Pods(NAMESPACE)


class AcmeSpec(StackModel):
    """An authority that everybody trusts, and that asks for proof of who controls a name: in its DNS (DNS01), or where
    it leads (HTTP01)."""

    email: Email = Field(description="Whom the authority tells of what goes wrong.")
    server: HttpsUrl = Field(
        default="https://acme-v02.api.letsencrypt.org/directory",
        description="The authority. Let's Encrypt; for tries it has https://acme-staging-v02.api.letsencrypt.org/directory.",
    )
    zones: Many[ZoneSpec] = Field(
        default=(),
        description="Zones of the cluster's cloud in which names may be: the proof is a record (DNS01). Without any, "
        "names are those of ingress' hosts, and its gateway answers for them by plain HTTP (HTTP01).",
    )

    @property
    def by_http(self) -> bool:
        """Whether ingress gives the proof."""
        return not self.zones

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("zone", "zones", self.zones)


class IssuerSpec(StackModel):
    """Who signs certificates."""

    name: DnsName = Field(description="What certificates call it.")
    authority: KeyPairSpec | None = Field(
        default=None, description="An authority of one's own signs; clients have to trust its certificate."
    )
    acme: AcmeSpec | None = Field(default=None, description="An authority that everybody trusts signs.")
    self_signed: bool = Field(
        default=False, description="Each certificate signs itself: for tests, and for authorities."
    )

    def findings(self) -> Iterator[Finding]:
        given = sum((self.authority is not None, self.acme is not None, self.self_signed is True))
        if given != 1:
            found = "several" if given else "none"
            yield Finding(Code.EXACTLY_ONE, found, "authority, acme or selfSigned: true", "Write one of them.")


class CertManagerSpec(AddOnSpec):
    """Certificates that renew themselves."""

    issuers: Many[IssuerSpec] = Field(
        default=(), description="Issuers for everyone in the cluster. Tenants may make their own besides (Issuer)."
    )

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("issuer", "issuers", self.issuers)

    @property
    def zones(self) -> list[str]:
        """The ids of the zones of all issuers."""
        return list(dict.fromkeys(str(zone.id) for acme in self._acme.values() for _, zone in valid(acme.zones)))

    @property
    def by_http(self) -> Collection[str]:
        """The issuers to which ingress gives the proof."""
        return [name for name, acme in self._acme.items() if acme.by_http]

    @property
    def _acme(self) -> dict[str, AcmeSpec]:
        return {each.name: each.acme for _, each in valid(self.issuers) if isinstance(each.acme, AcmeSpec)}
