"""The functions of the provider that the program asks, answered by what there is."""

from collections.abc import Callable, Mapping
from typing import Final

from common.wire import Properties
from rehearsal.providers.base import NotModelled, ProviderError
from rehearsal.providers.clouds.aws.eks import CLUSTER, NODE_GROUP
from rehearsal.providers.clouds.aws.logs import log_groups
from rehearsal.providers.clouds.aws.network import NAT_GATEWAY
from rehearsal.providers.clouds.store import Store


def invoke(token: str, arguments: Properties, store: Store) -> Properties:
    """What the function called `token` answers; NotModelled for one that nobody asks."""
    if token not in _FUNCTIONS:
        raise NotModelled(token, "functions")
    return _FUNCTIONS[token](arguments, store)


def _clusters(arguments: Properties, store: Store) -> Properties:
    del arguments
    return {"names": [cluster.id for cluster in store.all(CLUSTER)]}


def _node_groups(arguments: Properties, store: Store) -> Properties:
    name = arguments["clusterName"]
    if store.get(CLUSTER, name) is None:
        raise ProviderError(f"listing EKS Node Groups: ResourceNotFoundException: No cluster found for name: {name}.")
    groups = (group for group in store.all(NODE_GROUP) if group.inputs["clusterName"] == name)
    return {"clusterName": name, "names": [str(group.outputs["nodeGroupName"]) for group in groups]}


def _node_group(arguments: Properties, store: Store) -> Properties:
    name = f"{arguments['clusterName']}:{arguments['nodeGroupName']}"
    group = store.get(NODE_GROUP, name)
    if group is None:
        raise ProviderError(f"reading EKS Node Group ({name}): ResourceNotFoundException: No node group found")
    return {**arguments, "id": name, "scalingConfigs": [group.inputs["scalingConfig"]]}


def _nat_gateways(arguments: Properties, store: Store) -> Properties:
    found = store.all(NAT_GATEWAY)
    for each in arguments.get("filters", ()):
        kind, _, tag = each["name"].partition(":")
        if kind == "tag":
            found = [gateway for gateway in found if gateway.tags.get(tag) in each["values"]]
        elif each["name"] != "state":  # what the stand-in has is available
            raise NotModelled("aws:ec2/getNatGateways:getNatGateways", f"the filter {each['name']}")
    return {"ids": [gateway.id for gateway in found]}


def _nat_gateway(arguments: Properties, store: Store) -> Properties:
    gateway = store.get(NAT_GATEWAY, arguments["id"])
    if gateway is None:
        raise ProviderError("reading EC2 NAT Gateway: no matching EC2 NAT Gateway found")
    return {**arguments, "tags": dict(gateway.tags), "state": "available", "subnetId": gateway.inputs["subnetId"]}


def _log_groups(arguments: Properties, store: Store) -> Properties:
    prefix = arguments.get("logGroupNamePrefix", "")
    return {"logGroupNames": [name for name in log_groups(store) if name.startswith(prefix)]}


_FUNCTIONS: Final[Mapping[str, Callable[[Properties, Store], Properties]]] = {
    "aws:cloudwatch/getLogGroups:getLogGroups": _log_groups,
    "aws:ec2/getNatGateway:getNatGateway": _nat_gateway,
    "aws:ec2/getNatGateways:getNatGateways": _nat_gateways,
    "aws:eks/getClusters:getClusters": _clusters,
    "aws:eks/getNodeGroups:getNodeGroups": _node_groups,
    "aws:eks/getNodeGroup:getNodeGroup": _node_group,
}
