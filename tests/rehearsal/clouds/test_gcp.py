"""What Google refuses: whoever comes too early, and what it cannot have.

Guards against a program whose order only a project holds that has had a cluster before.
"""

from pathlib import Path
from typing import Any

import pytest

from automation.diagnosis import remedy
from common.paths import REHEARSAL
from rehearsal.providers.base import ProviderError, Request, State
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.store import Resource

PROJECT = "shop-dev"
CLUSTER = "gcp:container/cluster:Cluster"
SERVICE = "gcp:projects/service:Service"
RING = "gcp:kms/keyRing:KeyRing"
MEMBER = "gcp:projects/iAMMember:IAMMember"
IDENTITY = "gcp:projects/serviceIdentity:ServiceIdentity"


class Google:
    """A project in which nothing was done yet."""

    def __init__(self) -> None:
        self.stand_in = GcpStandIn()
        self.stand_in.configure({"gcp:project": PROJECT, "gcp:region": "europe-west3"})

    def make(self, type_: str, **inputs: Any) -> State:
        """Create a resource, as the engine would."""
        urn = f"urn:pulumi:s::p::{type_}::it"
        checked, failures = self.stand_in.check(Request(urn, inputs=inputs))
        assert list(failures) == []
        return self.stand_in.create(Request(urn, inputs=checked))

    def refused(self, type_: str, **inputs: Any) -> str:
        """Try to create a resource, which has to fail; what Google says comes back."""
        with pytest.raises(ProviderError) as caught:
            self.make(type_, **inputs)
        return str(caught.value)

    def enable(self, *apis: str, off: bool = False) -> list[State]:
        return [self.make(SERVICE, service=f"{api}.googleapis.com", disableOnDestroy=off) for api in apis]

    def delete(self, type_: str, state: State) -> None:
        self.stand_in.delete(Request(f"urn:pulumi:s::p::{type_}::it", id=state.id, state=state.outputs))


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Google:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    return Google()


@pytest.mark.parametrize(
    ("on", "type_", "inputs", "off"),
    [
        ([], SERVICE, {"service": "iam.googleapis.com"}, "cloudresourcemanager"),
        (["cloudresourcemanager"], "gcp:serviceaccount/account:Account", {"accountId": "account"}, "iam"),
        (["cloudresourcemanager", "iam"], RING, {"location": "europe-west3"}, "cloudkms"),
        (["cloudresourcemanager", "iam"], "gcp:compute/network:Network", {}, "compute"),
    ],
)
def test_an_api_that_is_off_answers_nothing(
    google: Google, on: list[str], type_: str, inputs: dict[str, Any], off: str
) -> None:
    google.enable(*on)
    said = google.refused(type_, **inputs)
    assert f"{off}.googleapis.com has not been used in project {PROJECT} before or it is disabled" in said
    assert "wait minutes" in remedy(said)
    google.enable(off)
    google.make(type_, **inputs)


@pytest.mark.parametrize("off", [False, True])
def test_an_api_stays_on_when_its_stack_goes_unless_that_says_otherwise(google: Google, off: bool) -> None:
    _, kms = google.enable("cloudresourcemanager", "cloudkms", off=off)
    google.delete(SERVICE, kms)
    if off:
        google.refused(RING, location="europe-west3")
    else:
        google.make(RING, location="europe-west3")


def test_pods_are_members_once_the_project_has_had_a_cluster(google: Google) -> None:
    google.enable("cloudresourcemanager")
    grant = {"project": PROJECT, "role": "roles/viewer", "member": f"serviceAccount:{PROJECT}.svc.id.goog[shop/web]"}
    assert f"Identity Pool does not exist ({PROJECT}.svc.id.goog)" in google.refused(MEMBER, **grant)
    id_ = f"projects/{PROJECT}/locations/europe-west3/clusters/shop"
    google.stand_in.store.put(Resource(CLUSTER, id_, "shop", {}), "complete")
    google.make(MEMBER, **grant)


def test_gkes_own_account_is_a_member_once_it_was_asked_for(google: Google) -> None:
    google.enable("cloudresourcemanager", "container")
    robot = "service-111122223333@container-engine-robot.iam.gserviceaccount.com"
    grant = {"project": PROJECT, "role": "roles/viewer", "member": f"serviceAccount:{robot}"}
    assert f"Service account {robot} does not exist" in google.refused(MEMBER, **grant)
    google.make(IDENTITY, service="container.googleapis.com")
    google.make(MEMBER, **grant)
