"""What takes its time in the clouds: what others do not see yet, what lingers, names that stay taken, calls in turn.

Guards against a program that works because a stand-in is faster and tidier than any cloud.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.paths import REHEARSAL
from common.wire import Properties
from rehearsal.providers.base import ProviderError, Request, ResourceState
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.faults import FILE
from rehearsal.providers.clouds.gcp.project import SERVICE
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.store import Resource

LONG = 3600  # seconds
NAMED = {"name": "a", "assumeRolePolicy": "{}"}
INSIDE = {
    "aws:ec2/vpc:Vpc": ("aws:ec2/subnet:Subnet", "vpcId"),
    "gcp:compute/network:Network": ("gcp:compute/subnetwork:Subnetwork", "network"),
    "azure-native:resources:ResourceGroup": ("azure-native:network:VirtualNetwork", "resourceGroupName"),
}
"""A type of each cloud, and what is in it by which property."""
RING, VAULT = "gcp:kms/keyRing:KeyRing", "azure-native:keyvault:Vault"
GIVEN: dict[str, Properties] = {
    "aws:ec2/vpc:Vpc": {"cidrBlock": "10.0.0.0/16"},
    "aws:ec2/subnet:Subnet": {"cidrBlock": "10.0.0.0/24"},
    "gcp:compute/subnetwork:Subnetwork": {"ipCidrRange": "10.0.0.0/24", "region": "europe-west3"},
    RING: {"location": "europe-west3"},
    VAULT: {
        "resourceGroupName": "group",
        "properties": {"tenantId": "t", "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True},
    },
    "azure-native:resources:ResourceGroup": {"location": "westeurope"},
    "azure-native:network:VirtualNetwork": {"location": "westeurope"},
}
CLOUDS: dict[str, type[CloudStandIn]] = {"aws": AwsStandIn, "gcp": GcpStandIn, "azure-native": AzureNativeStandIn}
PATIENCE = [
    pytest.param(LONG, 0.0, True, id="hasty"),
    pytest.param(LONG, 0.2, True, id="not for ever"),
    pytest.param(0.3, 60.0, False, id="patient"),
]


class Account:
    """An account in a cloud, by the stand-in alone; its provider is `patient` for some seconds."""

    def __init__(self, cloud: CloudStandIn, patient: float) -> None:
        self.cloud = cloud
        cloud.config = {"region": "europe-west3", "project": "p"}
        types = {token: replace(rules, patient=patient, patient_on="") for token, rules in cloud.book.types.items()}
        cloud.book = replace(cloud.book, types=types)

    def create(self, type_: str, more: Properties | None = None, timeout: float = 0) -> ResourceState:
        """Make a resource."""
        urn = f"urn:pulumi:s::p::{type_}::it"
        inputs, failures = self.cloud.check(Request(urn, inputs=GIVEN.get(type_, {}) | (more or {})))
        assert list(failures) == []
        return self.cloud.create(Request(urn, inputs=inputs, timeout=timeout))

    def delete(self, type_: str, state: ResourceState) -> None:
        """Delete it."""
        self.cloud.delete(Request(f"urn:pulumi:s::p::{type_}::it", id=state.id, state=state.outputs))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Account]:
    """What opens an account with a fault, in which nothing is, but for Google's APIs, which are on."""
    monkeypatch.setenv(REHEARSAL, str(tmp_path))

    def opened(type_: str, fault: Properties | None = None, patient: float = 0) -> Account:
        (tmp_path / FILE).write_text(yaml.safe_dump([fault] if fault else []))
        made = Account(CLOUDS[type_.partition(":")[0]](), patient)
        for api in ("compute", "cloudkms"):
            made.cloud.store.put(Resource(SERVICE, f"p/{api}.googleapis.com", api, {}))
        return made

    return opened


def refused(refuses: bool, words: str) -> AbstractContextManager[Any]:
    """That something is refused with these words, or goes well."""
    return pytest.raises(ProviderError, match=f"(?i){words}") if refuses else nullcontext()


@pytest.mark.parametrize(("seconds", "patient", "refuses"), PATIENCE)
@pytest.mark.parametrize("type_", INSIDE)
def test_what_was_just_made_is_not_found_by_what_refers_to_it(
    type_: str, seconds: float, patient: float, refuses: bool, account: Callable[..., Account]
) -> None:
    inner, by = INSIDE[type_]
    ours = account(type_, {"fault": "propagation", "type": type_, "seconds": seconds}, patient)
    outer = ours.create(type_)
    with refused(refuses, "does not exist|was not found"):
        ours.create(inner, {by: _name(outer)})


@pytest.mark.parametrize(("seconds", "patient", "refuses"), PATIENCE)
@pytest.mark.parametrize("type_", INSIDE)
def test_what_lingers_keeps_what_it_is_in_from_being_deleted(
    type_: str, seconds: float, patient: float, refuses: bool, account: Callable[..., Account]
) -> None:
    inner, by = INSIDE[type_]
    ours = account(type_, {"fault": "late-deletion", "on": "delete", "type": inner, "seconds": seconds}, patient)
    outer = ours.create(type_)
    ours.delete(inner, ours.create(inner, {by: _name(outer)}))
    with refused(refuses, "dependent object|is in use|being used"):
        ours.delete(type_, outer)


@pytest.mark.parametrize(("seconds", "patient", "refuses"), PATIENCE)
def test_what_lingers_keeps_its_name(
    seconds: float, patient: float, refuses: bool, account: Callable[..., Account]
) -> None:
    role = "aws:iam/role:Role"
    ours = account(role, {"fault": "late-deletion", "on": "delete", "seconds": seconds}, patient)
    ours.delete(role, ours.create(role, NAMED))
    with refused(refuses, "already exists"):
        ours.create(role, NAMED)


@pytest.mark.parametrize(("type_", "by"), [(RING, "name"), (VAULT, "vaultName")])
def test_a_name_that_stays_taken_cannot_be_had_again(type_: str, by: str, account: Callable[..., Account]) -> None:
    ours = account(type_)
    if type_ == VAULT:
        ours.create("azure-native:resources:ResourceGroup", {"resourceGroupName": "group"})
    ours.delete(type_, ours.create(type_, {by: "one"}))
    with refused(True, "already exist"):
        ours.create(type_, {by: "one"})
    ours.create(type_, {by: "two"})


@pytest.mark.parametrize("type_", INSIDE)
def test_calls_that_a_cloud_lets_through_one_by_one_wait_for_their_turn_or_are_too_many(
    type_: str, account: Callable[..., Account]
) -> None:
    ours = account(type_, {"fault": "rate-limit", "type": type_, "seconds": 0.3, "times": 9})
    named = {"gcp": "name", "azure-native": "resourceGroupName"}.get(type_.partition(":")[0])
    began = time.monotonic()
    for number in range(3):
        ours.create(type_, {named: f"n-{number}"} if named else {})
    assert time.monotonic() - began > 0.5
    with refused(True, "request limit|throttled|quota exceeded"):
        ours.create(type_, timeout=0.05)


def _name(state: ResourceState) -> str:
    return str(state.outputs.get("resourceGroupName", state.id))
