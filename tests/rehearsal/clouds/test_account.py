"""An account without limits, where rights count at once: as no cloud is."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any, Final

import pytest
import yaml

from automation.diagnosis import remedy
from common.errors import RehearsalError
from common.paths import CHECKOUT
from rehearsal.providers.clouds.account import Account, read_numbers
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.faults import FILE, Conditions, read_conditions
from rehearsal.providers.clouds.store import HIDDEN, Resource, Store
from tests.rehearsal.clouds.conftest import Cloud
from tests.rehearsal.clouds.test_faults import NETWORK, VPC

CLOUDS: Final = CHECKOUT / "rehearsal" / "providers" / "clouds"
ROLE: Final = "arn:aws:iam::123456789012:role/node"
GROUP: Final = {
    "clusterName": "shop",
    "nodeRoleArn": ROLE,
    "subnetIds": ["subnet-1"],
    "instanceTypes": ["m7i.xlarge"],
    "capacityType": "ON_DEMAND",
    "scalingConfig": {"desiredSize": 1},
}
POOL: Final = {"nodeConfig": {"machineType": "n2-standard-4"}, "nodeCount": 2}
PROFILE: Final = {"vmSize": "Standard_D4s_v5", "count": 3}
AKS: Final = {"agentPoolProfiles": [PROFILE]}
GKES: Final = "serviceAccount:service-1@container-engine-robot.iam.gserviceaccount.com"
KEY: Final = "projects/shop/locations/x/keyRings/shop/cryptoKeys/shop"
NETWORKS: Final = "/subscriptions/1/providers/x/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7"
KEY_USER: Final = "/subscriptions/1/providers/x/roleDefinitions/12338af0-0e69-4776-bea7-57ae8d297424"
IDENTITY: Final = "/subscriptions/1/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop"
NEEDS: Final[Mapping[str, tuple[Resource, list[Resource], str]]] = {
    "aws": (
        Resource("aws:eks/nodeGroup:NodeGroup", "shop:general", "general", GROUP),
        [Resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", "a", {"role": "node"})],
        "doesn't have the Amazon EKS Managed Policies",
    ),
    "gcp": (
        Resource("gcp:container/cluster:Cluster", "shop", "shop", {"databaseEncryption": {"keyName": KEY}}),
        [
            Resource(
                "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
                "m",
                "m",
                {"cryptoKeyId": KEY, "member": GKES, "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter"},
            )
        ],
        "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource",
    ),
    "azure_native": (
        Resource(
            "azure-native:containerservice:ManagedCluster",
            "shop",
            "shop",
            {"identity": {"userAssignedIdentities": [IDENTITY]}},
        ),
        [
            Resource("azure-native:managedidentity:UserAssignedIdentity", IDENTITY, "shop", {}, {"principalId": "7f"}),
            Resource(
                "azure-native:authorization:RoleAssignment",
                "r",
                "r",
                {"principalId": "7f", "roleDefinitionId": NETWORKS},
            ),
        ],
        "ResourceMissingPermissionError",
    ),
}


def account(cloud: str, store: Store, **conditions: Any) -> Account:
    return Account(CLOUDS / cloud, Conditions.model_validate(conditions), store)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty account."""
    return Store(tmp_path)


# Limits ------------------------------------------------------------------------------------------


def test_a_sixth_network_is_refused_in_the_clouds_words_and_a_higher_limit_lets_it_be(cloud: Cloud) -> None:
    subnets = NETWORK.index("for index")
    vpcs = "\n".join(f'ec2.Vpc("vpc-{each}", cidr_block="10.{each}.0.0/16", opts=aws)' for each in range(6))
    cloud.engine.write_program(NETWORK[:subnets].replace("vpc = ec2.Vpc", "# ") + vpcs)
    said = cloud.failing_up()
    (error, *_) = (line for line in said.splitlines() if "VpcLimitExceeded" in line)
    assert "The maximum number of VPCs has been reached" in error
    assert "higher quota" in remedy(error)
    assert len(cloud.store.all(VPC)) == 5
    (cloud.directory / FILE).write_text(yaml.safe_dump({"limits": {"vpcs": 6}}))
    cloud.up()
    assert len(cloud.store.all(VPC)) == 6


@pytest.mark.parametrize("cloud_name", ["aws", "gcp", "azure_native"])
def test_every_limit_is_enforced_at_its_number_and_says_what_to_ask_for(cloud_name: str, store: Store) -> None:
    for limit in read_numbers(CLOUDS / cloud_name).limits:
        if limit.counts:
            continue
        inputs = {**_at(limit.per, "x"), **limit.when}
        new = Resource(limit.of[0], "new", "new", inputs)
        account(cloud_name, store, limits={limit.name: 1}).admit(new)
        store.add(replace(new, id="old"))
        with pytest.raises(Refused) as refused:
            account(cloud_name, store, limits={limit.name: 1}).admit(new)
        assert re.search("quota|higher", remedy(refused.value.words["text"])), limit.name
        account(cloud_name, store, limits={limit.name: 2}).admit(new)
        if limit.per:
            elsewhere = replace(new, inputs=inputs | _at(limit.per, "y"))
            account(cloud_name, store, limits={limit.name: 1}).admit(elsewhere)


@pytest.mark.parametrize(
    ("cloud_name", "type_", "inputs", "fits", "words"),
    [
        ("aws", "aws:eks/nodeGroup:NodeGroup", GROUP, 4, "current vCPU limit of 3 allows"),
        ("gcp", "gcp:container/nodePool:NodePool", POOL, 24, "request requires '24.0' and is short '1.0'"),
        ("azure_native", "azure-native:containerservice:ManagedCluster", AKS, 12, "requested 12, remaining 11 of 11"),
    ],
)
def test_machines_are_counted_by_their_vcpus(
    store: Store, cloud_name: str, type_: str, inputs: Mapping[str, Any], fits: int, words: str
) -> None:
    new = Resource(type_, "new", "new", inputs)
    account(cloud_name, store).admit(new)
    account(cloud_name, store, limits={"vcpus": fits}).admit(new)
    with pytest.raises(Refused) as refused:
        account(cloud_name, store, limits={"vcpus": fits - 1}).admit(new)
    assert words in refused.value.words["text"]
    assert "higher quota" in remedy(refused.value.words["text"])


def test_a_new_account_has_less(store: Store) -> None:
    group = Resource("aws:eks/nodeGroup:NodeGroup", "new", "new", GROUP | {"scalingConfig": {"desiredSize": 2}})
    account("aws", store).admit(group)
    with pytest.raises(Refused):
        account("aws", store, fresh=True).admit(group)


# Rights that are seen late -----------------------------------------------------------------------


@pytest.mark.parametrize("cloud_name", NEEDS)
def test_a_new_right_counts_after_a_while_and_a_rerun_converges(cloud_name: str, store: Store) -> None:
    new, grants, words = NEEDS[cloud_name]
    retried = read_numbers(CLOUDS / cloud_name).settling[0].retried
    for grant in grants:
        store.add(grant)
    here = account(cloud_name, store)
    store.mark(HIDDEN, grants[-1], 60)
    if retried:  # the provider tries again
        Timer(0.3, settle, [store]).start()
        here.admit(new)
        assert store.marked(HIDDEN) == [], "it would have been refused at once, had nobody tried again"
        return
    with pytest.raises(Refused) as refused:
        here.admit(new)
    assert words in refused.value.words["text"]
    assert "takes a while" in remedy(refused.value.words["text"])
    settle(store)
    here.admit(new)


def settle(store: Store) -> None:
    """Let all that was given be seen."""
    with store._connection() as connection:
        connection.execute("delete from marks")


def test_aks_asks_for_the_right_to_the_key_when_it_has_begun(store: Store) -> None:
    new, (identity, role), _ = NEEDS["azure_native"]
    on_key = replace(role, inputs={"principalId": "7f", "roleDefinitionId": KEY_USER})
    for each in (identity, on_key):
        store.add(each)
    store.mark(HIDDEN, on_key, 60)
    here = account("azure_native", store)
    here.admit(new)
    with pytest.raises(Refused) as refused:
        here.check_rights(new, begun=True)
    assert "AzureKeyVaultKmsValidateIdentityPermissionCustomerError" in refused.value.words["text"]


def test_the_rights_of_others_are_of_no_concern(store: Store) -> None:
    new, (grant,), _ = NEEDS["gcp"]
    store.mark(HIDDEN, replace(grant, inputs={**grant.inputs, "cryptoKeyId": f"{KEY}-other"}), 5)
    account("gcp", store).admit(new)


SUBNET: Final = "/subscriptions/1/resourceGroups/shop/providers/Microsoft.Network/virtualNetworks/shop/subnets/nodes"


@pytest.mark.parametrize(
    ("grant", "lacks"),
    [
        ({"scope": SUBNET.partition("/subnets/")[0]}, False),
        ({"scope": SUBNET}, False),
        ({"scope": f"{SUBNET}-others"}, True),
        ({"scope": SUBNET, "principalId": "another"}, True),
        ({"scope": SUBNET, "roleDefinitionId": KEY_USER}, True),
    ],
)
def test_a_right_has_to_be_given_on_what_it_is_needed_for(store: Store, grant: dict[str, str], lacks: bool) -> None:
    cluster, (identity, role), _ = NEEDS["azure_native"]
    inside = replace(cluster, inputs={**cluster.inputs, "agentPoolProfiles": [{**PROFILE, "vnetSubnetID": SUBNET}]})
    store.add(identity)
    store.add(replace(role, inputs={**role.inputs, **grant}))
    here = account("azure_native", store)
    here.admit(cluster)
    if not lacks:
        here.admit(inside)
        return
    with pytest.raises(Refused) as refused:
        here.admit(inside)
    assert "ResourceMissingPermissionError" in refused.value.words["text"]


@pytest.mark.parametrize(
    ("grant", "lacks"), [({}, False), ({"role": "roles/cloudkms.viewer"}, True), ({"member": "user:a@b.example"}, True)]
)
def test_gke_wants_the_right_to_the_key_for_its_own_account(store: Store, grant: dict[str, str], lacks: bool) -> None:
    cluster, (right,), words = NEEDS["gcp"]
    store.add(Resource("gcp:kms/cryptoKey:CryptoKey", KEY, "key", {}))
    store.add(replace(right, inputs={**right.inputs, **grant}))
    if not lacks:
        account("gcp", store).admit(cluster)
        return
    with pytest.raises(Refused) as refused:
        account("gcp", store).admit(cluster)
    assert words in refused.value.words["text"]


@pytest.mark.parametrize(
    ("text", "where"),
    [("limits: {vpcs: -1}", "limits.vpcs"), ("fresh: soon", "fresh"), ("limit: {}", "limit")],
)
def test_conditions_that_there_are_not_are_refused(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RehearsalError) as refused:
        read_conditions(tmp_path / FILE)
    assert [(problem.code, problem.where) for problem in refused.value.problems] == [("PK701", where)]


def _at(path: str, value: str) -> dict[str, Any]:
    return {path: value} if path else {}
