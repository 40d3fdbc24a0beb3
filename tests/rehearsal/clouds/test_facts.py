"""The stand-ins' schemas and rules are those of the official providers.

Guards against a stand-in that takes what the official provider refuses, or replaces what that updates. `facts/` holds,
for each type in use, its inputs, which are required, the paths whose change replaces the resource (`replaces`), and
those where that depends on values (`sometimes`), of which we model those that have a source. Each file names its
sources; a type that comes into use gets its row by hand.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from rehearsal.providers.clouds.compile_schema import CLOUDS, HERE, as_text, compiled
from rehearsal.providers.clouds.rules import RuleBook, read_rules
from rehearsal.providers.clouds.schema import Schema

FACTS: Final = Path(__file__).with_name("facts")
RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BEYOND: Final = {
    "aws:acm/certificate:Certificate",
    "aws:autoscaling/group:Group",
    "aws:ec2/instance:Instance",
    "aws:ec2/networkInterface:NetworkInterface",
    "aws:ec2/volumeAttachment:VolumeAttachment",
    "aws:lb/listener:Listener",
    "aws:lb/targetGroup:TargetGroup",
    "aws:secretsmanager/secret:Secret",
    "aws:secretsmanager/secretVersion:SecretVersion",
}
"""Types of which the facts tell nothing: what replaces them is as the documentation of the provider has it."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # an SDK warns of its own old names when it is imported
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_schema_is_what_the_installed_sdk_says(cloud: str) -> None:
    assert (HERE / cloud / "schema.json").read_text() == as_text(compiled(cloud)), (
        "write it anew: python -m rehearsal.providers.clouds.compile_schema"
    )


@cache
def facts(cloud: str) -> dict[str, Any]:
    """What is known of the types of a cloud."""
    types: dict[str, Any] = json.loads((FACTS / f"{cloud}.json").read_text())["types"]
    return types


@cache
def schema(cloud: str) -> dict[str, Any]:
    """Our resource types and their objects, as they are written down."""
    content: dict[str, Any] = json.loads((HERE / cloud / "schema.json").read_text())
    return content


def book(cloud: str) -> RuleBook:
    """Our rules."""
    return read_rules(HERE / cloud, Schema(HERE / cloud))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_facts_tell_of_every_type(cloud: str) -> None:
    assert facts(cloud).keys() == schema(cloud)["types"].keys() - BEYOND


@pytest.mark.parametrize("cloud", CLOUDS)
def test_inputs_and_what_is_required_are_those_of_the_facts(cloud: str) -> None:
    for token, known in facts(cloud).items():
        ours, theirs = schema(cloud)["types"][token], known["inputs"]
        assert ours["inputs"].keys() <= theirs.keys(), token
        assert set(ours.get("required", ())) == set(known.get("required", ())) & ours["inputs"].keys(), token
        for name, type_ in ours["inputs"].items():
            assert _kind(type_) in ("any", theirs[name]), f"{token} {name}: {type_} {theirs[name]}"


def _kind(type_: str) -> str:
    return {"[": "array", "{": "object", "@": "object", "=": "string"}.get(type_[0], type_)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_replaces_is_what_replaces_at_the_original(cloud: str) -> None:
    differences, types = [], book(cloud).types
    for token, known in facts(cloud).items():
        inputs = schema(cloud)["types"][token]["inputs"]
        for path in _paths(inputs, schema(cloud)["objects"], "", ()):
            theirs = path in known.get("replaces", ())
            if path not in known.get("sometimes", ()):
                ours = types[token].replaces(path.replace("[]", "[0]"), removed=False)
                if ours != theirs:
                    differences.append(f"{token} {path}: {'replaces' if theirs else 'does not replace'}")
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize(
    ("type_", "path", "old", "new", "replaces"),
    [
        ("gcp:compute/subnetwork:Subnetwork", "ipCidrRange", "10.0.0.0/20", "10.0.0.0/19", False),
        ("gcp:compute/subnetwork:Subnetwork", "ipCidrRange", "10.0.0.0/20", "10.0.0.0/21", True),
        ("gcp:compute/subnetwork:Subnetwork", "ipCidrRange", "10.0.0.0/20", "10.1.0.0/19", True),
        ("gcp:compute/disk:Disk", "size", 10, 20, False),
        ("gcp:compute/disk:Disk", "size", 20, 10, True),
        ("gcp:container/cluster:Cluster", "enableL4IlbSubsetting", False, True, False),
        ("gcp:container/cluster:Cluster", "enableL4IlbSubsetting", True, False, True),
        ("gcp:container/cluster:Cluster", "enableFqdnNetworkPolicy", True, None, False),
        ("gcp:storage/bucket:Bucket", "retentionPolicy.isLocked", True, False, True),
        ("gcp:storage/bucket:Bucket", "retentionPolicy.isLocked", False, True, False),
        ("aws:ec2/vpc:Vpc", "instanceTenancy", "dedicated", "default", False),
        ("aws:ec2/vpc:Vpc", "instanceTenancy", "default", "dedicated", True),
        (RULE, "cidrIpv4", "10.0.0.0/8", "10.0.0.0/9", False),
        (RULE, "cidrIpv4", "10.0.0.0/8", None, True),
        (RULE, "referencedSecurityGroupId", None, "sg-1", True),
    ],
)
def test_what_replaces_now_and_then_does_so_by_its_values(
    type_: str, path: str, old: Any, new: Any, replaces: bool
) -> None:
    cloud = type_.partition(":")[0]
    assert path in facts(cloud)[type_]["sometimes"]
    assert book(cloud).types[type_].changes_into_another(path, old, new) is replaces


def test_only_what_the_facts_call_dependent_on_values_is_modelled_so() -> None:
    for cloud in CLOUDS:
        for token, rules in book(cloud).types.items():
            assert set(rules.replace_if) <= set(facts(cloud).get(token, {}).get("sometimes", ())), token


def _paths(inputs: Mapping[str, str], objects: Mapping[str, Any], prefix: str, seen: tuple[str, ...]) -> Iterator[str]:
    """Every input with those inside it: `nodeConfig.taints[].key`."""
    for name, type_ in inputs.items():
        path = prefix + name
        yield path
        within = type_.removeprefix("[").removesuffix("]")
        target = within.removeprefix("@")
        if target != within and target not in seen:
            inner = f"{path}[]." if type_ != within else f"{path}."
            yield from _paths(objects[target]["inputs"], objects, inner, (*seen, target))
