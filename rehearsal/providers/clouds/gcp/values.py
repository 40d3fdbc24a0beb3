"""Values that Google does not take, of what is around a cluster: cloud.google.com, November 2026, where not said."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.providers.clouds.behaviour import Behaviour, CheckedValues
from rehearsal.providers.clouds.store import Resource, Store

KEY: Final = "gcp:kms/cryptoKey:CryptoKey"
ROUTER: Final = "gcp:compute/router:Router"
NAT: Final = "gcp:compute/routerNat:RouterNat"
_DAY: Final = 86400  # seconds; terraform-provider-google-beta, resource_kms_crypto_key.go, 2026-08-21
_ZONE: Final = re.compile(r"[a-z]+-[a-z]+\d+-[a-z]")
_SOURCES: Final = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
_KINDS: Final = ("user", "group", "serviceAccount", "domain", "principal", "principalSet")
_POD: Final = re.compile(r"serviceAccount:[^.]+\.svc\.id\.goog\[[^/\]]+/[^/\]]+\]")
# Those that clusters and what is around them are given (iam/docs/roles-permissions).
_ROLES: Final = frozenset(
    [
        "owner",
        "editor",
        "viewer",
        "artifactregistry.reader",
        "cloudkms.cryptoKeyEncrypterDecrypter",
        "cloudkms.viewer",
        "container.admin",
        "container.clusterViewer",
        "container.defaultNodeServiceAccount",
        "container.developer",
        "container.nodeServiceAccount",
        "dns.admin",
        "dns.reader",
        "iam.serviceAccountTokenCreator",
        "iam.serviceAccountUser",
        "iam.workloadIdentityUser",
        "logging.logWriter",
        "monitoring.metricWriter",
        "monitoring.viewer",
        "stackdriver.resourceMetadata.writer",
        "storage.admin",
        "storage.objectAdmin",
        "storage.objectUser",
        "storage.objectViewer",
    ]
)


def wrong_grants(grant: Mapping[str, Any]) -> Iterator[str]:
    """Why IAM takes no member with a role (iam/docs/principal-identifiers)."""
    role, member = str(grant.get("role", "")), str(grant["member"])
    kind, colon, _ = member.partition(":")
    if member not in ("allUsers", "allAuthenticatedUsers") and not (colon and kind in _KINDS):
        yield f"Invalid member: {member}: the form is TYPE:IDENTIFIER, of {', '.join(_KINDS)}"
    if ".svc.id.goog[" in member and not _POD.fullmatch(member):
        yield f"Invalid member: {member}: pods are PROJECT.svc.id.goog[NAMESPACE/ACCOUNT]"
    own = re.fullmatch(r"(projects|organizations)/[^/]+/roles/[^/]+", role)
    if not own and role.removeprefix("roles/") not in (_ROLES if role.startswith("roles/") else ()):
        yield f"Role {role} is not supported for this resource."


def _of_firewall(firewall: Resource, _: Store) -> Iterator[str]:
    inputs, outwards = firewall.inputs, firewall.inputs.get("direction") == "EGRESS"
    given = [name for name in _SOURCES if inputs.get(name)]
    if outwards and given:
        yield f"Invalid value for field '{given[0]}': firewalls of the direction EGRESS cannot have sources"
    if not outwards and not given:
        yield "one of source_tags, source_ranges, or source_service_accounts must be defined"
    if inputs.get("targetServiceAccounts") and inputs.get("targetTags"):
        yield "target service accounts and target tags cannot be given together"


def _of_nat(nat: Resource, store: Store) -> Iterator[str]:
    inputs, region = nat.inputs, nat.outputs.get("region")
    if inputs.get("enableDynamicPortAllocation") and inputs.get("enableEndpointIndependentMapping"):
        # nat/docs/ports-and-addresses
        yield "Endpoint-Independent Mapping and dynamic port allocation exclude each other"
    listed = inputs.get("sourceSubnetworkIpRangesToNat") == "LIST_OF_SUBNETWORKS"
    if listed and not inputs.get("subnetworks"):
        yield "Invalid value for field 'nats[0].subnetworks': LIST_OF_SUBNETWORKS names one at least"
    routers = [each for each in store.all(ROUTER) if inputs["router"] in (each.id, each.outputs.get("name"))]
    if region and routers and all(each.outputs.get("region") not in (None, region) for each in routers):
        yield f"The resource 'regions/{region}/routers/{inputs['router']}' was not found"


def _of_bucket(bucket: Resource, _: Store) -> Iterator[str]:
    if _ZONE.fullmatch(str(bucket.inputs.get("location", "")).lower()):  # storage/docs/locations
        yield "The specified location constraint is not valid."


def wrong_keys(key: Resource) -> Iterator[str]:
    """Why there is no such key."""
    rotation, purpose = key.inputs.get("rotationPeriod"), key.inputs.get("purpose", "ENCRYPT_DECRYPT")
    if rotation and float(str(rotation).removesuffix("s")) < _DAY:
        yield f"expected rotation_period to be a duration of a day ({_DAY}s) or more, got {rotation}"
    if rotation and purpose != "ENCRYPT_DECRYPT":
        yield f"rotation_period can be given for ENCRYPT_DECRYPT alone, and not for {purpose}"


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "gcp:compute/firewall:Firewall": CheckedValues(_of_firewall),
    NAT: CheckedValues(_of_nat),
    "gcp:storage/bucket:Bucket": CheckedValues(_of_bucket),
}
