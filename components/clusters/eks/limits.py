"""What AWS takes and what it refuses of a stack file's values, by its API references of November 2026."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from components.networks.aws_spec import PRIVATE, UNUSABLE
from spec.invalid import valid
from spec.model import Many
from spec.problems import Code, Finding, KeyPath, listed, quoted
from spec.values import Cidr

# VpcConfigRequest.publicAccessCidrs: no reserved addresses; 40 of them (eks/latest/userguide/service-quotas.html)
_NOT_PUBLIC: Final = (*PRIVATE, *UNUSABLE, IPv4Network("100.64.0.0/10"))
_PUBLIC_RANGES: Final = 40
# What IAM and KMS take, which are the strictest (IAM/latest/APIReference/API_Tag.html).
_TAG_TEXT: Final = re.compile(r"[\w\s.:/=+@-]*")
_TAG_KEY, _TAG_VALUE, _TAGS = 128, 256, 50
_OWN_TAGS: Final = 7  # at most: name, cluster and manager, the cluster autoscaler's two, a subnet's role, Karpenter's
SMALLEST_DISKS: Final[Mapping[str, int]] = {"al2023": 20, "bottlerocket": 20, "windows-2022": 50}
"""GiB by image: what EC2 makes a disk from is as large (cilium/cilium #43051; CreateNodegroup, diskSize)."""
LARGEST_DISK: Final = 65536
"""GiB of a gp3 volume (ebs/latest/userguide/general-purpose.html)."""
LABEL_LENGTH: Final = 63
"""Characters of a label's key and value, and of a taint's, with the domain (CreateNodegroup, labels and taints)."""


def public_range_findings(ranges: Many[Cidr]) -> Iterator[Finding]:
    """Findings for addresses that AWS does not take for the internet's, relative to the cluster."""
    at: KeyPath = ("apiEndpoint", "publicFrom")
    if (many := len(list(ranges))) > _PUBLIC_RANGES:
        remedy = "Join ranges that lie side by side, or come in through privateFrom."
        yield Finding(Code.OUT_OF_RANGE, f"{many} ranges", f"at most {_PUBLIC_RANGES}", remedy, at=at)
    for index, each in valid(ranges):
        if isinstance(each, IPv6Network):
            remedy = "Write the IPv4 addresses that it is seen with."
            allowed = "IPv4, which is all that this cluster has"
            yield Finding(Code.BAD_CIDR, str(each), allowed, remedy, at=(*at, index))
        elif any(each.subnet_of(block) for block in _NOT_PUBLIC):
            remedy = "Write it in privateFrom, or write the addresses that it is seen with on the internet."
            yield Finding(Code.BAD_CIDR, str(each), "addresses on the internet", remedy, at=(*at, index))


def tag_findings(tags: Mapping[str, str], own: frozenset[str]) -> Iterator[Finding]:
    """Findings for tags that AWS refuses on something of the cluster, relative to it; `own` are ours."""
    if (many := len(list(tags))) > _TAGS - _OWN_TAGS:
        allowed = f"at most {_TAGS - _OWN_TAGS}: a resource has {_TAGS}, and {_OWN_TAGS} of them are the cluster's"
        yield Finding(Code.OUT_OF_RANGE, f"{many} tags", allowed, "Leave some out.", at=("tags",))
    seen: dict[str, str] = {}
    for key, value in tags.items():
        problem = _tag_problem(key, value) or _key_problem(key, own, seen) if isinstance(value, str) else None
        if problem:
            code, found, allowed, remedy = problem
            yield Finding(code, found, allowed, remedy, at=("tags", key))
        seen.setdefault(key.lower(), key)


def _tag_problem(key: str, value: str) -> tuple[Code, str, str, str] | None:
    characters = "letters, digits, spaces and _ . : / = + - @"
    for what, text, longest in (("key", key, _TAG_KEY), ("value", value, _TAG_VALUE)):
        if not _TAG_TEXT.fullmatch(text):
            return Code.BAD_LABEL, f"the {what} {quoted(text)}", characters, "Leave out the other characters."
        if len(text) > longest:
            return Code.BAD_LABEL, f"a {what} of {len(text)} characters", f"at most {longest}", "Shorten it."
    return (Code.BAD_LABEL, "an empty key", "a key", "Give the tag a name.") if not key else None


def _key_problem(key: str, own: frozenset[str], seen: Mapping[str, str]) -> tuple[Code, str, str, str] | None:
    if key.lower().startswith("aws:"):
        return Code.RESERVED_NAME, quoted(key), "a key that does not begin with aws:", "Choose another key."
    if key in own:
        return Code.RESERVED_NAME, quoted(key), f"none of {listed(sorted(own))}", "Remove it: the cluster sets it."
    if key.lower() in seen:
        other = f"a key unlike {quoted(seen[key.lower()])}, to IAM the same"
        return Code.SAME_NAME_TWICE, quoted(key), other, "Keep one of them."
    return None
