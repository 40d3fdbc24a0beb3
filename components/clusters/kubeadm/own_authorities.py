"""Authorities of the user's own in the stack file, and what is wrong with them.

What Kubernetes wants of one: kubernetes.io/docs/setup/best-practices/certificates, 1.36. A key is looked at when there
is one: in the CLI, before an engine runs, nothing decrypts it.
"""

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from components.addons.key_pair import KeyPairSpec
from spec.invalid import is_invalid
from spec.model import StackModel
from spec.problems import Finding


class AuthoritySpec(KeyPairSpec):
    """An authority: its certificate, and the key with which it signs."""

    def findings(self) -> Iterator[Finding]:
        unreadable = list(super().findings())
        yield from unreadable
        if not unreadable and isinstance(self.certificate, str):
            from components.clusters.kubeadm.authority_checks import authority_findings

            yield from authority_findings(self.certificate, None if is_invalid(self.key) else self.key.text)

    @property
    def public_key(self) -> str:
        """Its public key as PEM (SubjectPublicKeyInfo)."""
        from components.clusters.kubeadm.authority_checks import public_key

        return public_key(self.certificate)

    def __str__(self) -> str:
        """As error messages have it: the fingerprint."""
        from components.clusters.kubeadm.authority_checks import fingerprint

        return f"sha256:{fingerprint(self.certificate)}"


class AuthoritiesSpec(StackModel):
    """Authorities of one's own; what is left out is made by the program."""

    cluster: AuthoritySpec | None = Field(
        default=None, description="Of API servers, kubelets and people (ca.crt, ca.key)."
    )
    front_proxy: AuthoritySpec | None = Field(
        default=None, description="Of API servers that ask aggregated APIs (front-proxy-ca.crt, front-proxy-ca.key)."
    )
    etcd: AuthoritySpec | None = Field(
        default=None, description="Of members of etcd and their clients (etcd/ca.crt, etcd/ca.key)."
    )

    def __str__(self) -> str:
        """As error messages have them."""
        given = {"cluster": self.cluster, "frontProxy": self.front_proxy, "etcd": self.etcd}
        return ", ".join(f"{name} {each}" for name, each in given.items() if each) or "made by the program"


NONE_OF_ONES_OWN: Final = AuthoritiesSpec()
