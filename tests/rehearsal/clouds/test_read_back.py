"""What the clouds say of a resource that is not what they were told, and what each kind of provider makes of it.

Guards against a stand-in that echoes: with one, a program that a real cloud would change at every run looks finished.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from common.wire import Properties
from rehearsal.providers.base import Diff, Request, ResourceState
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.gcp.project import SERVICE
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.read_back import parsed
from rehearsal.providers.clouds.store import Resource, Store

SUBNET = "gcp:compute/subnetwork:Subnetwork"
ADDRESS = "azure-native:network:PublicIPAddress"
RANGES = [{"rangeName": "pods", "ipCidrRange": "10.2.0.0/16"}, {"rangeName": "alias", "ipCidrRange": "10.1.0.0/16"}]
GIVEN = {
    "name": "nodes",
    "network": "main",
    "ipCidrRange": "10.0.0.0/16",
    "secondaryIpRanges": RANGES,
    "description": "Of nodes",
}


@dataclass
class Life:
    """One resource of a stand-in, as a program gives it and the engine keeps it."""

    stand_in: CloudStandIn
    urn: str
    given: Properties
    inputs: Properties
    state: ResourceState

    def again(self, ignored: tuple[str, ...] = (), **changes: Any) -> Diff:
        """What another run finds to do, with these inputs changed."""
        new, failures = self.stand_in.check(Request(self.urn, inputs=self.given | changes, old_inputs=self.inputs))
        assert list(failures) == []
        request = Request(
            self.urn,
            inputs=new,
            old_inputs=self.inputs,
            state=self.state.outputs,
            id=self.state.id,
            ignore_changes=ignored,
        )
        return self.stand_in.diff(request)

    def refresh(self) -> None:
        """Take over what the cloud says now."""
        request = Request(self.urn, inputs=self.inputs, state=self.state.outputs, id=self.state.id)
        self.state = self.stand_in.read(request)
        assert self.state.inputs is not None
        self.inputs = self.state.inputs


def made(cloud: type[CloudStandIn], type_: str, given: Properties, rules: dict[str, Any]) -> Life:
    """A resource of a type with these rules of what is read back."""
    stand_in = cloud()
    types = dict(stand_in.book.types)
    stand_in.book = replace(
        stand_in.book, types=types | {type_: replace(types[type_], read_back=parsed(rules), inside={}, uses={})}
    )
    urn = f"urn:pulumi:s::p::{type_}::it"
    inputs, failures = stand_in.check(Request(urn, inputs=given))
    assert list(failures) == []
    return Life(stand_in, urn, given, inputs, stand_in.create(Request(urn, inputs=inputs)))


@pytest.fixture(autouse=True)
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """We are in a rehearsal of an empty cloud, in a project whose APIs are on."""
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    Store(tmp_path).put(Resource(SERVICE, f"{PLACE['_project']}/compute.googleapis.com", "compute", {}))
    monkeypatch.setattr("rehearsal.providers.clouds.gcp.provider.GcpStandIn.surroundings", lambda *_: PLACE)


PLACE = {"_project": "p", "_region": "europe-west3", "_zone": None, "_cluster": ""}


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        ({}, {}),
        ({"description": {"as": "absent"}}, {"description": "replace"}),
        ({"description": {"as": "absent", "tolerated": True}}, {}),
        ({"description": {"as": "absent", "when": "enableFlowLogs"}}, {}),
        ({"description": {"as": "absent", "unless": "enableFlowLogs"}}, {"description": "replace"}),
        ({"description": {"as": "lower"}}, {"description": "replace"}),
        ({"description": {"as": "lower", "tolerated": True}}, {}),
        ({"secondaryIpRanges": {"as": "sorted", "tolerated": True}}, {}),
        ({"secondaryIpRanges.rangeName": {"value": "pods"}}, {"secondaryIpRanges[1].rangeName": "update"}),
        ({"purpose": {"default": "PRIVATE"}}, {"purpose": "update"}),
        ({"purpose": {"default": "PRIVATE", "tolerated": True}}, {}),
    ],
    ids=str,
)
def test_a_bridged_provider_compares_with_what_it_has_read(rules: dict[str, Any], changes: dict[str, str]) -> None:
    life = made(GcpStandIn, SUBNET, GIVEN, rules)
    for _ in range(2):  # before a refresh and after one
        diff = life.again()
        assert diff.detailed.keys() == changes.keys()
        assert diff.replaces == [path for path, kind in changes.items() if kind == "replace"]
        assert life.again(ignored=tuple(changes)).detailed == {}
        life.refresh()


def test_a_set_that_comes_in_another_order_is_a_change_unless_the_provider_knows_that_it_is_one() -> None:
    life = made(GcpStandIn, SUBNET, GIVEN, {"secondaryIpRanges": {"as": "sorted"}})
    assert set(life.again().detailed) == {
        f"secondaryIpRanges[{index}].{name}" for index in (0, 1) for name in RANGES[0]
    }


def test_what_a_program_no_longer_gives_stays_where_the_cloud_has_its_own_value() -> None:
    life = made(GcpStandIn, SUBNET, {**GIVEN, "purpose": "PRIVATE"}, {"purpose": PURPOSE})
    assert life.again(purpose=None).detailed == {}
    assert life.again(purpose="INTERNAL").detailed.keys() == {"purpose"}


PURPOSE = {"default": "PRIVATE", "tolerated": True}


def test_azure_native_finds_nothing_in_what_azure_has_made_of_the_inputs_at_once() -> None:
    rules = {"tags": {"adds": {"managed": "yes"}}, "location": {"as": "lower"}, "sku": {"as": "absent"}}
    life = made(AzureNativeStandIn, ADDRESS, AZURE, rules)
    assert life.state.outputs["tags"] == {"team": "a", "managed": "yes"}
    assert "sku" not in life.state.outputs
    life.refresh()
    assert life.inputs["tags"] == {"team": "a"}
    assert life.again().detailed == {}


AZURE = {
    "resourceGroupName": "g",
    "location": "West Europe",
    "tags": {"team": "a"},
    "sku": {"name": "Standard"},
    "publicIPAllocationMethod": "Static",
}


def test_azure_native_takes_over_what_changed_in_azure_since() -> None:
    life = made(AzureNativeStandIn, ADDRESS, AZURE, {})
    (resource,) = life.stand_in.store.all(ADDRESS)
    changed = {**resource.outputs, "tags": {"team": "b"}, "zones": ["1"]}
    life.stand_in.store.put(replace(resource, outputs=changed))
    assert life.again().detailed == {}  # it compares inputs alone
    life.refresh()
    assert life.again().detailed.keys() == {"tags.team", "zones"}


def test_what_is_never_read_stays_in_the_state() -> None:
    life = made(GcpStandIn, SUBNET, GIVEN, {"description": {"as": "kept"}})
    (resource,) = life.stand_in.store.all(SUBNET)
    life.stand_in.store.put(replace(resource, outputs={**resource.outputs, "description": "somebody's"}))
    life.refresh()
    assert life.state.outputs["description"] == "Of nodes"
    assert life.again().detailed == {}


def test_a_rule_that_says_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="readBack of a says none of absent, lower"):
        parsed({"a": {"tolerated": True}})
