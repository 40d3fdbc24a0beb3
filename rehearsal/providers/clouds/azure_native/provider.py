"""The provider `azure-native`."""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from common.wire import UNKNOWN, Properties, has_unknown
from rehearsal.providers.base import NotModelled
from rehearsal.providers.clouds.azure_native.aks import BEHAVIOURS, user_credentials
from rehearsal.providers.clouds.native import Native
from rehearsal.providers.clouds.provider import CloudStandIn

_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_TENANT = "11111111-1111-1111-1111-111111111111"
_GROUP = "azure-native:resources:ResourceGroup"


class AzureNativeStandIn(CloudStandIn):
    """Plays pulumi-azure-native and, behind it, Azure."""

    name = "azure-native"
    version = metadata.version("pulumi-azure-native")
    directory = Path(__file__).parent
    behaviours = BEHAVIOURS
    kind = Native()

    def surroundings(self, inputs: Properties) -> Mapping[str, Any]:
        subscription = self.config.get("subscriptionId") or _SUBSCRIPTION
        group = f"/subscriptions/{subscription}/resourceGroups/{inputs.get('resourceGroupName')}"
        return {
            "_subscription": subscription,
            "_tenant": self.config.get("tenantId") or _TENANT,
            "_location": inputs.get("location") or self._location(group) or self.config.get("location"),
            "_group": f"{group}/providers",
        }

    def finished(self, type_: str, outputs: Properties) -> Properties:
        identity = outputs.get("identity")
        identities = identity.get("userAssignedIdentities") if isinstance(identity, Mapping) else None
        if not isinstance(identities, list):
            return outputs
        # A list of ids goes in, a map by id comes out.
        by_id: Any = UNKNOWN if has_unknown(identities) else {id_: {} for id_ in identities}
        return {**outputs, "identity": {**outputs["identity"], "userAssignedIdentities": by_id}}

    def invoke(self, token: str, arguments: Properties) -> Properties:
        match token:
            case "azure-native:containerservice:listManagedClusterUserCredentials":
                return user_credentials(arguments, self.store)
            case "azure-native:authorization:getClientConfig":
                return {
                    "clientId": _SUBSCRIPTION,
                    "objectId": _SUBSCRIPTION,
                    "subscriptionId": _SUBSCRIPTION,
                    "tenantId": self.config.get("tenantId") or _TENANT,
                }
        raise NotModelled(token, "functions")

    def _location(self, group: str) -> str | None:
        """Where the resource group is: what it holds is there as well unless it says otherwise."""
        found = self.store.get(_GROUP, group)
        return str(found.outputs["location"]) if found else None
