"""Mistakes that a program can make and Azure does not take: places, ranges, keys, roles, and what goes with what."""

from typing import Any

import pytest

from rehearsal.providers.base import ProviderError
from rehearsal.providers.clouds.azure_native import subnets
from tests.rehearsal.clouds.test_azure import (
    CLUSTER,
    GENERAL,
    GROUP,
    NETWORK,
    ONE,
    POOL,
    ROLE,
    SHOP,
    SOMEBODY,
    SYSTEM,
    Azure,
    azure,
)
from tests.rehearsal.clouds.test_needs_of_azure import HERE, KEY, NAT, PROPERTIES, VAULT, network_of, subnet
from tests.support.refusals import refused

__all__ = ["azure"]  # a fixture

ASSIGNED = {"principalId": SOMEBODY, "roleDefinitionId": "/r", "scope": "/s", "roleAssignmentName": ONE}
RSA = {"kty": "RSA", "keyOps": ["encrypt", "decrypt"]}


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        (
            {"networkProfile": {"networkDataplane": "cilium", "networkPolicy": "calico"}},
            "requires network policy cilium",
        ),
        (
            {"networkProfile": {"networkPlugin": "kubenet", "networkPluginMode": "overlay"}},
            "requires networkPlugin azure",
        ),
        (
            {"networkProfile": {"outboundType": "userAssignedNATGateway", "loadBalancerSku": "basic"}},
            "requires the load balancer SKU standard",
        ),
        ({"networkProfile": {"podCidr": "10.244.0.0/16", "serviceCidr": "10.244.0.0/20"}}, "overlaps with serviceCidr"),
        ({"networkProfile": {"serviceCidr": "10.1.0.0/16", "dnsServiceIP": "10.1.0.1"}}, "is the first address of"),
        (
            {"apiServerAccessProfile": {"privateDNSZone": "none", "enablePrivateClusterPublicFQDN": False}},
            "must have a public FQDN",
        ),
        ({"nodeResourceGroup": "shop"}, "node resource group shop exists already"),
        ({"nodeResourceGroup": "shop-nodes"}, ""),
    ],
    ids=str,
)
def test_settings_that_go_with_others_alone(azure: Azure, inputs: dict[str, Any], says: str) -> None:
    refused(azure, CLUSTER, says, **{**SHOP, "resourceName": "more", **inputs})


def test_a_subnet_of_the_api_server_goes_with_vnet_integration_alone(azure: Azure) -> None:
    azure.make(NETWORK, resourceGroupName="shop", virtualNetworkName="shop", location="westeurope")
    subnet = azure.make(subnets.SUBNET, resourceGroupName="shop", virtualNetworkName="shop", subnetName="api")
    access = {"apiServerAccessProfile": {"subnetId": subnet.id}}
    says = "with VNet integration of the API server alone"
    refused(azure, CLUSTER, says, **{**SHOP, "resourceName": "more", **access})


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        (RSA, ""),
        (RSA | {"keyOps": ["sign"]}, "is no RSA key that may encrypt and decrypt"),
        ({"kty": "EC"}, "is no RSA key that may encrypt and decrypt"),
    ],
    ids=str,
)
def test_the_key_of_secrets_is_of_rsa_and_encrypts(azure: Azure, properties: dict[str, Any], says: str) -> None:
    azure.make(VAULT, vaultName="shop", properties=PROPERTIES, **HERE)
    key = azure.make(KEY, keyName="k", vaultName="shop", resourceGroupName="shop", properties=properties)
    kms = {"azureKeyVaultKms": {"enabled": True, "keyId": key.outputs["keyUriWithVersion"]}}
    identity = {"type": "UserAssigned"}
    refused(azure, CLUSTER, says, **{**SHOP, "resourceName": "more", "securityProfile": kms, "identity": identity})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, ""),
        ({"principalId": f"/subscriptions/0/{SOMEBODY}"}, "InvalidPrincipalId"),
        ({"roleAssignmentName": "shop-network"}, "must be a GUID"),
        ({"scope": "vault"}, "InvalidScope"),
        ({"roleDefinitionId": "4d97b98b-1d4f-4787-a291-c67834d212e7"}, "InvalidRoleDefinitionId"),
    ],
    ids=str,
)
def test_a_role_is_given_by_ids_of_their_form(azure: Azure, wrong: dict[str, str], says: str) -> None:
    refused(azure, ROLE, says, **{**ASSIGNED, **wrong})


def test_a_network_is_where_its_cluster_is(azure: Azure) -> None:
    azure.make(GROUP, resourceGroupName="far", location="eastus")
    home = {"resourceGroupName": "far", "virtualNetworkName": "far"}
    azure.make(NETWORK, **home, addressSpace={"addressPrefixes": ["10.0.0.0/16"]}, location="eastus")
    nodes = azure.make(subnets.SUBNET, subnetName="nodes", addressPrefix="10.0.0.0/17", **home).id
    pools = [{**SYSTEM, "vnetSubnetID": nodes}]
    refused(
        azure, CLUSTER, "is in eastus, and the cluster in", **{**SHOP, "resourceName": "m", "agentPoolProfiles": pools}
    )


def test_what_a_subnet_has_is_where_its_network_is(azure: Azure) -> None:
    network_of(azure)
    far = azure.make(
        NAT, natGatewayName="far", sku={"name": "Standard"}, resourceGroupName="shop", location="eastus"
    ).id
    with pytest.raises(ProviderError, match="is in eastus, and the virtual network of subnet"):
        subnet(azure, "more", "10.0.129.0/24", natGateway={"id": far})


@pytest.mark.parametrize(("addresses", "says"), [("10.0.129.0/29", "InsufficientSubnetSize"), ("10.0.129.0/26", "")])
def test_nodes_have_room_in_their_subnet(azure: Azure, addresses: str, says: str) -> None:
    network_of(azure)
    place = subnet(azure, "small", addresses)
    inputs = {
        "agentPoolProfiles": [{**SYSTEM, "vnetSubnetID": place, "count": 4}],
        "networkProfile": {"networkPluginMode": "overlay"},
    }
    refused(azure, CLUSTER, says, **{**SHOP, "resourceName": "more", **inputs})


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"availabilityZones": ["1", "2"]}, ""),
        ({"availabilityZones": ["westeurope-1"]}, "The supported zones are '1,2,3'"),
        ({"scaleSetPriority": "Spot", "spotMaxPrice": 0.0, "upgradeSettings": None}, "is -1 or greater than zero"),
    ],
    ids=str,
)
def test_a_pool_is_in_zones_by_their_numbers(azure: Azure, inputs: dict[str, Any], says: str) -> None:
    refused(azure, POOL, says, **{**GENERAL, **inputs})


def test_an_account_has_skus_of_its_kind_and_one_policy(azure: Azure) -> None:
    account, policy = "azure-native:storage:StorageAccount", "azure-native:storage:ManagementPolicy"
    inputs = {"accountName": "backups", "kind": "StorageV2", **HERE}
    refused(azure, account, "goes with no account of the kind", sku={"name": "Premium_ZRS"}, **inputs)
    refused(azure, account, "", sku={"name": "Standard_ZRS"}, **inputs)
    rules = {"accountName": "backups", "resourceGroupName": "shop", "policy": {"rules": []}}
    refused(azure, policy, "there is one, called default", managementPolicyName="forget-old", **rules)
    refused(azure, policy, "", managementPolicyName="default", **rules)


def test_logs_go_to_a_workspace(azure: Azure) -> None:
    setting = {"name": "logs", "resourceUri": azure.shop.id, "logs": []}
    says = "is not a workspace's"
    refused(azure, "azure-native:monitor:DiagnosticSetting", says, workspaceId=SOMEBODY, **setting)
