"""Zones of the cloud's DNS, as a stack file names them."""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from components.facilities import Dns
from spec.model import Many, StackModel
from spec.problems import Code
from spec.text import DnsName, TextRule

ZoneId: TypeAlias = Annotated[
    str, TextRule(Code.BAD_NAME, "the cloud's id of a zone", r"[-\w./]+", "Z0123456789ABCDEFGHIJ")
]


class ZoneSpec(StackModel):
    """A zone of the cloud's DNS."""

    name: DnsName = Field(description="The domain: example.com.")
    id: ZoneId = Field(
        description="What the cloud calls the zone: the id of a hosted zone of Route 53 (Z0123…), the name of a "
        "managed zone of Cloud DNS, or the resource id of a zone of Azure DNS (/subscriptions/…/dnszones/example.com)."
    )


Zones: TypeAlias = Annotated[Many[ZoneSpec], Field(min_length=1)]


def azure_part(zone: str, key: str) -> str:
    """What follows `key` in the resource id `zone`: the group after resourceGroups."""
    parts = zone.split("/")
    return parts[parts.index(key) + 1]


def solver(zone: ZoneSpec, dns: Dns) -> dict[str, Any]:
    """How cert-manager proves that it controls the zone (cert-manager.io/docs/configuration/acme/dns01)."""
    account = dns.account
    match dns.service:
        case "aws":
            provider: dict[str, Any] = {"route53": {"region": account["region"], "hostedZoneID": zone.id}}
        case "google":
            provider = {"cloudDNS": {"project": account["project"], "hostedZoneName": zone.id}}
        case _:
            group = azure_part(zone.id, "resourceGroups")
            where = {"subscriptionID": azure_part(zone.id, "subscriptions"), "resourceGroupName": group}
            provider = {"azureDNS": {**where, "hostedZoneName": zone.name, "environment": "AzurePublicCloud"}}
    return {"selector": {"dnsZones": [zone.name]}, "dns01": provider}
