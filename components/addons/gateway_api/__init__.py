"""The Gateway API's definitions, for the add-ons that depend on them; a stack file does not name them.

Upstream: gateway-api.sigs.k8s.io 1.6, as of November 2026.
"""

from collections.abc import Collection, Mapping

from components.addons.addon import CLUSTER, AddOn, InstallContext
from components.addons.gateway_api.spec import KUBERNETES, VERSION, GatewayApiSpec
from components.contract import BuiltIn
from components.platform.place import Place


class GatewayApi(AddOn[GatewayApiSpec]):
    """The definitions of the Gateway API."""

    name = "gateway-api"
    version = VERSION
    kubernetes = KUBERNETES
    spec_type = GatewayApiSpec
    superseded_by = (BuiltIn.GATEWAY_API,)

    def bundles(self) -> Collection[str]:
        return ("gateway-api",)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.gateway_api.resources import create_resources

        create_resources(places[CLUSTER])
