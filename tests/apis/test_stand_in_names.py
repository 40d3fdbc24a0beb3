"""A name that a stand-in takes and its cloud refuses, or the other way round."""

from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.compile_schema import CLOUDS, HERE
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.names import NameRule, read_names
from rehearsal.providers.clouds.provider import CloudStandIn
from tests.apis.check import read_model
from tests.support.replacing import rule_book

STAND_INS: dict[str, type[CloudStandIn]] = {"aws": AwsStandIn, "gcp": GcpStandIn, "azure-native": AzureNativeStandIn}
NO_NAMES = {
    "azure-native:authorization:RoleAssignment",  # a UUID
    "azure-native:containerservice:MaintenanceConfiguration",  # of three names
    "azure-native:monitor:DiagnosticSetting",  # anything
    "azure-native:privatedns:PrivateZone",  # a domain
}
ODD = ("a", "1", "a1b", "1ab", "a--b", "Abc", "a_b", "a.b", "a b", "-ab", "ab-", "a/b", "äb", "")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_type_that_is_named_has_its_rule(cloud: str) -> None:
    named = {token: rules.named for token, rules in rule_book(cloud).types.items() if rules.named}
    rules = read_names(HERE / cloud).types
    assert named.keys() - NO_NAMES == rules.keys()
    assert all(named[token] in rows for token, rows in rules.items())


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_stand_in_takes_the_names_that_the_model_takes(cloud: str) -> None:
    model, names = read_model(cloud), read_names(HERE / cloud)
    differences = []
    for token, rows in names.types.items():
        for name, rule in rows.items():
            for tried in tries(rule):
                theirs = [each for each in model.problems(token, {name: tried}) if each.startswith(f"{name}: ")]
                if bool(theirs) != bool(rule.problem(tried)):
                    differences.append(f"{token} {name} {tried[:20]!r}… of {len(tried)}: {theirs or 'is right'}")
    assert not differences, "\n".join(differences)


def tries(rule: NameRule) -> set[str]:
    """Names at and beyond both ends, and odd ones."""
    lengths = (rule.shortest - 1, rule.shortest, rule.longest, rule.longest + 1)
    return {*ODD, *("a" * length for length in lengths)}


VAULT = {"tenantId": "t", "sku": {"family": "A", "name": "standard"}}
LONG = "must have 1 to {} characters, and has {}"
MADE_UP = "have {} characters, longer than the maximum length {}"
REFUSED = [  # type, logical name, inputs, and what is said of which
    ("aws:iam/role:Role", "r" * 56, {"assumeRolePolicy": "{}"}, {}),
    ("aws:iam/role:Role", "r" * 57, {"assumeRolePolicy": "{}"}, {"name": MADE_UP.format(65, 64)}),
    ("aws:iam/policy:Policy", "r" * 121, {"policy": "{}"}, {"name": LONG.format(128, 129)}),
    ("aws:cloudwatch/eventRule:EventRule", "r" * 57, {"eventPattern": "{}"}, {"name": MADE_UP.format(65, 64)}),
    ("gcp:compute/network:Network", "n" * 56, {}, {"name": MADE_UP.format(64, 63)}),
    ("gcp:container/cluster:Cluster", "c", {"name": "c" * 41}, {"name": LONG.format(40, 41)}),
    ("gcp:container/cluster:Cluster", "c", {"name": "1shop"}, {"name": "must be of the form"}),
    (
        "azure-native:keyvault:Vault",
        "my--shop",
        {"resourceGroupName": "g", "properties": VAULT},
        {"vaultName": "must be of the form"},
    ),
]


@pytest.mark.parametrize(("type_", "logical", "inputs", "reasons"), REFUSED)
def test_a_stand_in_refuses_what_its_cloud_does(
    type_: str,
    logical: str,
    inputs: dict[str, Any],
    reasons: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    stand_in = STAND_INS[type_.partition(":")[0]]()
    _, failures = stand_in.check(Request(f"urn:pulumi:s::p::{type_}::{logical}", inputs))
    found = {each.property: each.reason for each in failures}
    assert found.keys() == reasons.keys()
    assert all(reasons[name] in found[name] for name in found)
