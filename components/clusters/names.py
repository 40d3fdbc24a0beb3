"""How long the clouds' names may be: one home for the limits, and what they leave for what a stack file names.

A name that only polykube cares about is shortened (`naming.shortened`). Where people look for a name, it stays whole,
and a stack file whose names are too long for that is refused, with the sum.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.naming import HASH
from spec.problems import Code, Finding, quoted

AUTOMATIC: Final = 8
"""Characters that a bridged provider adds to make a name unique; it fails rather than shortens a name
(pulumi-terraform-bridge, AutoName in pkg/tfbridge/info/autonaming.go, 2026-08)."""


@dataclass(frozen=True)
class NameLimit:
    """Names (`what`) that have `longest` characters at most, of which the first may have to be a letter."""

    what: str
    longest: int
    letter_first: bool = False


# AWS's, as botocore 1.44 has them; of node groups, the API reference, November 2026.
IAM_ROLE: Final = NameLimit("names of IAM roles", 64)
EVENT_RULE: Final = NameLimit("names of EventBridge rules", 64)
NODE_GROUP: Final = NameLimit("names of EKS node groups", 63)
# Google's: iam v1 (accountId); for GKE the API's own errors (cloudnative-pg#8714, rancher#12720).
SERVICE_ACCOUNT: Final = NameLimit("names of service accounts", 30, letter_first=True)
GKE_CLUSTER: Final = NameLimit("names of GKE clusters", 40, letter_first=True)
GKE_POOL: Final = NameLimit("names of GKE node pools", 40, letter_first=True)
# Azure's: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, November 2026.
DNS_PREFIX: Final = NameLimit("DNS prefixes of AKS", 54)


@dataclass(frozen=True)
class Use:
    """What is made of a name: `{}-control-plane` for an IAM role, to which the provider adds `added` characters."""

    limit: NameLimit
    form: str = "{}"
    added: int = 0

    @property
    def room(self) -> int:
        """The most characters that the name itself may have."""
        return self.limit.longest - self.added - len(self.form.format(""))


POOL: Final = "{}-" + "x" * HASH
"""A pool's name with what tells it from the pool that replaces it."""


def name_findings(name: Any, uses: Sequence[Use]) -> Iterator[Finding]:
    """What is wrong with the name of a cluster or pool for what is made of it, relative to what it names."""
    if not uses or not isinstance(name, str):
        return
    tightest = min(uses, key=lambda use: use.room)
    if len(name) > tightest.room:
        allowed = f"{tightest.room} characters at most: {tightest.limit.what} have {tightest.limit.longest}"
        yield Finding(Code.BAD_NAME, _sum(name, tightest), allowed, "Shorten it.", at=("name",))
    lettered = [use.limit.what for use in uses if use.limit.letter_first]
    if lettered and re.match("[0-9]", name):
        allowed = f"a letter at the beginning, as {lettered[0]} have it"
        yield Finding(Code.BAD_NAME, quoted(name), allowed, f"Write k{name}, say.", at=("name",))


def _sum(name: str, use: Use) -> str:
    """`50 characters, with -control-plane and 8 more that make it unique 72`."""
    parts = [use.form.format("")] if use.form != "{}" else []
    parts += [f"{use.added} more that make it unique"] if use.added else []
    total = len(use.form.format(name)) + use.added
    return f"{len(name)} characters" + (f", with {' and '.join(parts)} {total}" if parts else "")
