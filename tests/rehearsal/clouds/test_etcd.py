"""A control plane that comes up though its etcd would not answer it, and is never told of in a rehearsal."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from components.clusters.kubeadm.documents import ClusterFacts, cluster_configuration
from components.clusters.kubeadm.etcd import EtcdMember, endpoints
from rehearsal.providers.clouds.etcd import PEERS, PlayedMember, check_client
from rehearsal.providers.clouds.kubeadm import NeverJoins
from tests.support.etcd_members import Given, given

MEMBERS: Final = [EtcdMember(f"etcd-{number}", f"10.0.{number}.4") for number in range(3)]
ADDRESSES: Final = {each.address: each.name for each in MEMBERS}
TOLD: Final = " ".join(endpoints(MEMBERS))


@pytest.fixture(scope="module")
def own() -> Given:
    return given(MEMBERS)


@pytest.fixture(scope="module")
def foreign() -> Given:
    """What another cluster gives members at the same addresses."""
    return given(MEMBERS)


def documents(etcd: list[str] | None = None) -> list[dict[str, Any]]:
    facts = ClusterFacts("shop", "1.36", "api", [], "10.244.0.0/16", "10.96.0.0/16", 60, etcd=etcd or TOLD.split())
    return [cluster_configuration(facts).plain()]


def ask(
    members: Mapping[str, Mapping[str, str]],
    files: Mapping[str, str],
    *,
    told: str = TOLD,
    begins: list[dict[str, Any]] | None = None,
    closed: tuple[int, ...] = (),
) -> str:
    """Why a control plane does not find its etcd; empty if it does."""

    def reach(host: str, port: int) -> PlayedMember | None:
        name = ADDRESSES.get(host, "")
        return PlayedMember(host, members[name]) if name in members and port not in closed else None

    try:
        check_client(documents() if begins is None else begins, told, files, reach)
    except NeverJoins as never:
        return str(never)
    return ""


def test_members_that_are_told_of_each_other_answer_whom_their_authority_vouches_for(own: Given) -> None:
    assert ask(own.members, own.control_plane) == ""


def test_a_wrong_endpoint_is_a_control_plane_that_never_begins_and_one_that_joins_takes_what_it_is_told(
    own: Given,
) -> None:
    wrong = ["https://10.0.9.9:2379", *TOLD.split()[1:]]
    says = "no etcd within its deadline: curl: (7) Failed to connect to 10.0.9.9 port 2379"
    assert ask(own.members, own.control_plane, begins=documents(wrong)) == says
    assert ask(own.members, own.control_plane, told=" ".join(wrong)) == says
    assert ask(own.members, own.control_plane, told=" ".join(wrong), begins=[]) == ""  # the others answer
    assert ask(own.members, own.control_plane, told=wrong[0], begins=[]) == says


def test_nobody_answers_whom_another_authority_vouches_for(own: Given, foreign: Given) -> None:
    assert "unable to get local issuer certificate (10.0.0.4)" in ask(own.members, foreign.control_plane)
    stolen = dict(own.control_plane) | {
        path: text for path, text in foreign.control_plane.items() if "etcd-client" in path
    }
    assert "tls: bad certificate, 10.0.0.4 says: unable" in ask(own.members, stolen)


def test_files_that_the_documents_name_are_there(own: Given) -> None:
    without = {path: text for path, text in own.control_plane.items() if not path.endswith("etcd-client.key")}
    assert "etcd-client.key doesn't exist" in ask(own.members, without)


def test_one_of_three_may_be_lost_and_two_may_not(own: Given) -> None:
    two = {name: own.members[name] for name in ("etcd-0", "etcd-1")}
    one = {"etcd-0": own.members["etcd-0"]}
    assert "Failed to connect to 10.0.2.4" in ask(two, own.control_plane)  # kubeadm asks all when it begins
    assert ask(two, own.control_plane, begins=[]) == ""
    assert ask(one, own.control_plane, begins=[]) != ""
    assert "10.0.0.4 has no leader" in ask(one, own.control_plane, told=TOLD.split()[0], begins=[])


def test_members_that_do_not_reach_or_trust_each_other_have_no_leader(own: Given, foreign: Given) -> None:
    assert "has no leader" in ask(own.members, own.control_plane, closed=(PEERS,))
    mixed = {"etcd-0": own.members["etcd-0"], "etcd-1": foreign.members["etcd-1"], "etcd-2": foreign.members["etcd-2"]}
    assert "10.0.0.4 has no leader" in ask(mixed, own.control_plane)


def test_a_certificate_is_for_the_address_that_it_names(own: Given) -> None:
    swapped = {**own.members, "etcd-0": own.members["etcd-1"]}
    assert "Failed to connect" in ask(swapped, own.control_plane)  # it listens elsewhere
    pki = {path: text for path, text in own.members["etcd-1"].items() if "/pki/" in path}
    assert "matches target ip address '10.0.0.4'" in ask(
        {**own.members, "etcd-0": {**own.members["etcd-0"], **pki}}, own.control_plane
    )
