"""A name or label in the stack file that the cloud or the kubelet refuses, after half of the cluster is made."""

import pytest

from components.clusters.names import NameLimit, Use, name_findings
from components.clusters.node_labels import label_findings
from components.naming import NODE_POOL_LABEL
from spec.problems import Code

ROLE = Use(NameLimit("names of roles", 20), "{}-control-plane", added=3)
LETTERED = Use(NameLimit("names of pools", 40, letter_first=True))


def test_a_name_has_the_room_that_the_tightest_use_leaves() -> None:
    assert ROLE.room == 3
    assert list(name_findings("abc", [LETTERED, ROLE])) == []
    (found,) = name_findings("abcd", [LETTERED, ROLE])
    assert (found.code, found.at) == (Code.BAD_NAME, ("name",))
    assert found.found == "4 characters, with -control-plane and 3 more that make it unique 21"
    assert found.allowed == "3 characters at most: names of roles have 20"
    (plain,) = name_findings("a" * 41, [LETTERED])
    assert plain.found == "41 characters"


def test_a_name_begins_with_a_letter_where_one_of_its_uses_does() -> None:
    (found,) = name_findings("1a", [LETTERED, ROLE])
    assert (found.found, found.remedy) == ('"1a"', "Write k1a, say.")
    assert list(name_findings("1a", [ROLE])) == list(name_findings("a1", [LETTERED])) == []
    assert list(name_findings("1", [])) == list(name_findings(None, [ROLE])) == []


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("example.com/team", ""),
        ("team", ""),
        ("node.kubernetes.io/team", ""),  # a kubelet may set anything in it
        ("a.kubelet.kubernetes.io/team", ""),
        ("kubernetes.io/team", "no node would join"),
        ("a.k8s.io/team", "no node would join"),
        ("notkubernetes.io/team", ""),
        ("kubernetes.io/hostname", "the cloud sets"),
        ("topology.kubernetes.io/zone", "the cloud sets"),
        ("cloud.example/a", "is the cloud's"),
        ("eu.cloud.example/a", "is the cloud's"),
        (NODE_POOL_LABEL, "says the pool"),
    ],
)
def test_a_label_is_ones_own_to_give_or_it_is_said_whose_it_is(key: str, why: str) -> None:
    found = list(label_findings({"example.com/fine": "", key: "x"}, ("cloud.example",)))
    assert [(each.code, each.at) for each in found] == ([(Code.RESERVED_NAME, ("labels", key))] if why else [])
    assert all(why in each.found for each in found)
