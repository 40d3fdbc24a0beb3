"""descheduler: pods that are evicted so that the scheduler finds them a better node.

It evicts as anybody does, by the API that asks disruption budgets. Left out: eviction by measured use, for requests are
what the scheduler goes by. Upstream: kubernetes-sigs/descheduler 0.36, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.descheduler.spec import KUBERNETES, NAMESPACE, PODS, VERSION, DeschedulerSpec
from components.addons.exempt import api_server_address
from components.addons.health import Check, deployments
from components.addons.namespaces import quota
from components.contract import BuiltIn, Namespace, PodSecurity
from components.platform.flows import Flow, to_api_server
from components.platform.place import Place


class Descheduler(AddOn[DeschedulerSpec]):
    """descheduler: pods move away from nodes that are busy, or that they should no longer be on."""

    name = "descheduler"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.SCALE
    spec_type = DeschedulerSpec
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=1, gibibytes=2)),)
    exemptions = (api_server_address("descheduler"),)

    def bundles(self) -> Collection[str]:
        return ("descheduler",)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, self.name)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "descheduler")

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.descheduler.resources import create_resources

        create_resources(self.spec, places[NAMESPACE])
