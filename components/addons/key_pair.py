"""A certificate with its key, as a stack file has them."""

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from spec.model import StackModel
from spec.problems import Code, Finding
from spec.values import SecretText

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"


class KeyPairSpec(StackModel):
    """A certificate and its key."""

    certificate: str = Field(description="The certificate as PEM, its own first and then those up to the authority's.")
    key: SecretText = Field(description="Its private key as PEM, encrypted.")

    def findings(self) -> Iterator[Finding]:
        if isinstance(self.certificate, str):
            yield from certificate_findings(self.certificate)


def certificate_findings(certificate: str) -> Iterator[Finding]:
    """A finding, at the key `certificate`, for what is not PEM."""
    if not certificate.startswith(_BEGIN):
        remedy = "Write the certificate as PEM, in a block (`certificate: |`)."
        yield Finding(Code.NOT_ALLOWED, "something else", f"text that begins {_BEGIN}", remedy, at=("certificate",))
