"""AKS: a cluster is a real API server, an agent pool its nodes.

What a cluster makes (load balancers, disks) is in a resource group of its own, which goes with it: nothing is
left behind.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any, Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters, doors
from rehearsal.providers.clouds.azure_native import pools
from rehearsal.providers.clouds.azure_native.busy import Busy
from rehearsal.providers.clouds.azure_native.combinations import check_combination, check_vault
from rehearsal.providers.clouds.azure_native.pools import Pool
from rehearsal.providers.clouds.azure_native.roles import ASSIGNMENT, RoleAssignment, lets_in_by_roles
from rehearsal.providers.clouds.azure_native.storage_classes import CLASSES
from rehearsal.providers.clouds.azure_native.subnets import SUBNET, Subnet
from rehearsal.providers.clouds.azure_native.subscription import DIAGNOSTICS, DiagnosticSetting
from rehearsal.providers.clouds.azure_native.values import VALUES
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.definitions import define_snapshots
from rehearsal.providers.clouds.devices import offer_in
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.storage_classes import bring
from rehearsal.providers.clouds.store import Resource, Store
from rehearsal.providers.clouds.versions import check_control_plane

CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
AGENT_POOL: Final = "azure-native:containerservice:AgentPool"
DEPLOYMENT: Final = "azure-native:resources:Deployment"
_FIREWALL: Final = "azure-native:network:NetworkSecurityGroup"
_OFFERED: Final = ("1.33", "1.34", "1.35", "1.36")  # November 2026
_ENTRA_SERVER: Final = "6dae42f8-4368-4678-94ff-3960e28e3630"  # the application that every AKS API server is to Entra
_TEMPLATED: Final = "Microsoft.ContainerService/managedClusters/agentPools"
# learn.microsoft.com/azure/aks/concepts-network-cni-overview; Azure/AKS#731, #2234
_RESERVED: Final = tuple(ip_network(each) for each in ("169.254.0.0/16", "172.30.0.0/15", "192.0.2.0/24"))
_LARGEST_SERVICES: Final = 12
_HOST_INSIDE: Final = clusters.INSIDE.removeprefix("https://")
_busy: Final = Busy()


class AksClusterBehaviour(Behaviour):
    """`containerservice.ManagedCluster`, with the agent pools that it was made with."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        check_control_plane(str(old.outputs["currentKubernetesVersion"]) if old else None, _version(new), _OFFERED)
        _check_ranges(new.inputs.get("networkProfile") or {})
        check_combination(new, store)
        given = _given(new)
        if not any(pool.get("mode") == "System" and pools.counted(pool)["count"] for pool in given):
            raise Refused("refused", reason="Must define at least one system pool.")
        existing = {str(pool["name"]): pool for pool in _all(old, store)} if old else {}
        for pool in given:
            was = existing.get(pool["name"])
            if old and was is None:  # pulumi/pulumi-azure-native#579, #2719; Azure/AKS#4383
                raise Refused("refused", reason=_INTRODUCED)
            pools.check(pool, new.inputs, was)
            pools.check_version(pool, _version(new), was)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        name = str(resource.outputs["name"])
        check_vault(resource, store)
        host = clusters.start(name, admits=not lets_in_by_roles(resource)).endpoint.removeprefix("https://")
        made = self._own(resource, {}, store, fault)
        with clusters.api(name) as api:
            if api is not None:
                define_snapshots(api)
                bring(api, CLASSES)
        version = _version(resource)
        reached = _reached(resource, store, _HOST_INSIDE if _is_private(resource) else host)
        return {**reached, "currentKubernetesVersion": version, "agentPoolProfiles": made}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        """Pools that the call does not name stay as they are (pulumi/pulumi-azure-native#1686)."""
        before = {str(pool["name"]): pool for pool in old.outputs.get("agentPoolProfiles", ())}
        made = self._own(new, before, store, fault)
        kept = [pool for name, pool in before.items() if name not in {each["name"] for each in made}]
        for pool in _given(new):
            if separate := _separate(str(pool["name"]), new, store):
                change_separate(separate, pool, new, store)
        host = str(old.outputs.get("fqdn", ""))
        if host == _HOST_INSIDE:
            host = clusters.access(str(new.outputs["name"])).endpoint.removeprefix("https://")
        return {
            **_reached(new, store, host),
            "currentKubernetesVersion": _version(new),
            "agentPoolProfiles": [*made, *kept],
        }

    def observed(self, resource: Resource, store: Store) -> Properties:
        """All pools of the cluster, by name: those that have calls of their own are among them (azure-native#1532,
        terraform-provider-azurerm#4676)."""
        return {"agentPoolProfiles": sorted(_all(resource, store), key=lambda pool: str(pool["name"]))}

    def deleted(self, resource: Resource, store: Store) -> None:
        clusters.stop(str(resource.outputs["name"]))

    def _own(
        self, cluster: Resource, before: Mapping[str, Pool], store: Store, fault: Fault | None
    ) -> list[Mapping[str, Any]]:
        made: list[Mapping[str, Any]] = []
        for pool in _given(cluster):
            name = str(pool["name"])
            if _separate(name, cluster, store):
                continue
            made.append(pools.counted({**before.get(name, {}), **pool}, before.get(name)))
            pools.bring_up(name, made[-1], cluster, store, fault)
        return made


class AgentPool(Behaviour):
    """`containerservice.AgentPool`; one operation on a cluster's pools at a time."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        cluster = find(str(new.inputs["resourceName"]), store)
        was = old.outputs if old else None
        pools.check({**new.inputs, "name": new.outputs["name"]}, cluster.inputs, was)
        pools.check_version(new.inputs, _version(cluster), was)
        if old is None and any(pool["name"] == new.outputs["name"] for pool in _all(cluster, store)):
            raise Refused("exists")
        _busy.begin(cluster, new)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        return self._made(resource, None, store, fault)

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        return self._made(new, old.outputs, store, fault)

    def observed(self, resource: Resource, store: Store) -> Properties:
        offer_in(str(resource.inputs["resourceName"]))
        return {}

    def deleted(self, resource: Resource, store: Store) -> None:
        cluster = find(str(resource.inputs["resourceName"]), store)
        with _busy.during(cluster, resource):
            pools.take_down(str(resource.outputs["name"]), str(cluster.outputs["name"]), store)

    def _made(self, pool: Resource, was: Pool | None, store: Store, fault: Fault | None) -> Properties:
        cluster = find(str(pool.inputs["resourceName"]), store)
        with _busy.during(cluster, pool):
            counted = pools.counted(pool.inputs, was)
            pools.bring_up(str(pool.outputs["name"]), counted, cluster, store, fault)
        version = pool.inputs.get("orchestratorVersion") or _version(cluster)
        return {"count": counted["count"], "currentOrchestratorVersion": version}


class Deployment(Behaviour):
    """`resources.Deployment`, of a template that has agent pools of a cluster and nothing else."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        for cluster, pool in _templated(new, store):
            was = next((each for each in _all(cluster, store) if each["name"] == pool["name"]), None)
            pools.check(pool, cluster.inputs, was)
            pools.check_version(pool, _version(cluster), was)
            _busy.begin(cluster, new)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        for cluster, pool in _templated(resource, store):
            with _busy.during(cluster, resource):
                self._apply(cluster, pool, store, fault)
        return {"properties.provisioningState": "Succeeded"}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        return self.created(new, store, fault)

    def _apply(self, cluster: Resource, pool: Pool, store: Store, fault: Fault | None) -> None:
        own: Sequence[Pool] = cluster.outputs.get("agentPoolProfiles", ())
        was = next((each for each in own if each["name"] == pool["name"]), None)
        made = pools.counted({**(was or {}), **pool}, was)
        others = [each for each in own if each["name"] != pool["name"]]
        store.put(replace(cluster, outputs={**cluster.outputs, "agentPoolProfiles": [*others, made]}))
        pools.bring_up(str(pool["name"]), made, cluster, store, fault)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    **VALUES,
    CLUSTER: AksClusterBehaviour(),
    AGENT_POOL: AgentPool(),
    DEPLOYMENT: Deployment(),
    SUBNET: Subnet(),
    DIAGNOSTICS: DiagnosticSetting(),
    ASSIGNMENT: RoleAssignment(),
}
_INTRODUCED: Final = (
    "A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through managed cluster "
    "operations. For agent pool specific change, please use per agent pool operations: https://aka.ms/agent-pool-rest-api"
)


def user_credentials(arguments: Mapping[str, Any], store: Store) -> Properties:
    """What `listManagedClusterUserCredentials` answers: a kubeconfig that asks kubelogin for a token."""
    name = str(arguments["resourceName"])
    access = clusters.access(name)
    led_nowhere = find(name, store).outputs.get("fqdn") == _HOST_INSIDE
    server = doors.address(name) or (clusters.INSIDE if led_nowhere else access.endpoint)
    login = ["get-token", "--login", "devicecode", "--server-id", _ENTRA_SERVER]
    command = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": login}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": access.authority}}],
        "users": [{"name": name, "user": {"exec": {**command, "provideClusterInfo": False}}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    value = base64.b64encode(json.dumps(kubeconfig).encode()).decode()
    return {"kubeconfigs": [{"name": "clusterUser", "value": value}]}


def lets_in(cluster: Resource, store: Store, who: IPv4Address) -> bool:
    """Whether `who` reaches the API server: as one of the authorized ranges, or, where the cluster is private, from a
    connected network that the firewall of its subnet names (learn.microsoft.com/azure/aks: private-clusters,
    api-server-authorized-ip-ranges, api-server-vnet-integration, November 2026)."""
    profile = cluster.inputs.get("apiServerAccessProfile") or {}
    if not _is_private(cluster):
        ranges = profile.get("authorizedIPRanges")
        return not ranges or any(who in ip_network(each) for each in ranges)
    subnet = store.get(SUBNET, str(profile.get("subnetId")))
    firewall = store.get(_FIREWALL, str(value_at(subnet.inputs, "networkSecurityGroup.id"))) if subnet else None
    rules = firewall.inputs.get("securityRules", ()) if firewall else ()
    allowed = (each for each in rules if each["access"] == "Allow" and each["direction"] == "Inbound")
    return any(who in ip_network(source) for each in allowed for source in each.get("sourceAddressPrefixes", ()))


def _reached(cluster: Resource, store: Store, host: str) -> Properties:
    """Where a cluster is reached: at `host`, or at its door."""
    door = clusters.endpoint(str(cluster.outputs["name"]), host, partial(lets_in, cluster, store))
    reached = door.removeprefix("https://")
    return {"fqdn": reached, "privateFQDN": reached}


def _is_private(cluster: Resource) -> bool:
    return bool(value_at(cluster.inputs, "apiServerAccessProfile.enablePrivateCluster"))


def find(name: str, store: Store) -> Resource:
    """The cluster of this name."""
    for cluster in store.all(CLUSTER):
        if name == cluster.outputs["name"]:
            return cluster
    raise Refused("missing", target=f"cluster {name}")


def change_separate(separate: Resource, pool: Pool, cluster: Resource, store: Store) -> None:
    """Bring a pool that has calls of its own to what the cluster's call says of it."""
    made = pools.counted({**separate.outputs, **pool}, separate.outputs)
    store.put(replace(separate, outputs=made))
    pools.bring_up(str(pool["name"]), made, cluster, store)


def _version(cluster: Resource) -> str:
    return str(cluster.inputs.get("kubernetesVersion") or _OFFERED[-1])


def _given(cluster: Resource) -> Sequence[Pool]:
    given: Sequence[Pool] = cluster.inputs.get("agentPoolProfiles", ())
    return given


def _separate(name: str, cluster: Resource, store: Store) -> Resource | None:
    of_cluster = (each for each in store.all(AGENT_POOL) if each.inputs["resourceName"] == cluster.outputs["name"])
    return next((each for each in of_cluster if each.outputs["name"] == name), None)


def _all(cluster: Resource, store: Store) -> Iterator[Pool]:
    """Every pool that the cluster has now."""
    yield from cluster.outputs.get("agentPoolProfiles", ())
    for pool in store.all(AGENT_POOL):
        if pool.inputs["resourceName"] == cluster.outputs["name"]:
            ours = ("resourceGroupName", "resourceName", "agentPoolName", "id")
            yield {name: value for name, value in pool.outputs.items() if name not in ours}


def _templated(deployment: Resource, store: Store) -> Iterator[tuple[Resource, Pool]]:
    for item in deployment.inputs["properties"]["template"]["resources"]:
        if item["type"] != _TEMPLATED:
            raise Refused("refused", reason=f"the stand-in does not model templates with {item['type']}")
        cluster, _, name = item["name"].partition("/")
        yield find(cluster, store), {**item["properties"], "name": name}


def _check_ranges(network: Mapping[str, Any]) -> None:
    services, dns = network.get("serviceCidr"), network.get("dnsServiceIP")
    for name in ("serviceCidr", "podCidr"):
        if name in network and any(ip_network(network[name]).overlaps(taken) for taken in _RESERVED):
            raise Refused("refused", reason=f"InvalidParameter: {name} {network[name]} overlaps with a reserved range.")
    if services and ip_network(services).prefixlen < _LARGEST_SERVICES:
        raise Refused(
            "refused", reason=f"InvalidParameter: serviceCidr {services} is larger than /{_LARGEST_SERVICES}."
        )
    if services and dns and ip_address(dns) == ip_network(services)[1]:  # aks/configure-kubenet: the API server's
        raise Refused("refused", reason=f"InvalidParameter: dnsServiceIP {dns} is the first address of {services}.")
    if services and dns and ip_address(dns) not in ip_network(services):
        raise Refused("refused", reason=f"InvalidParameter: dnsServiceIP {dns} is not within serviceCidr {services}.")
