"""What a person is told to do when a cloud refuses: «mend the cause» alone is no help.

Every refusal that the stand-in clouds know, by their tables and in their code, has a remedy of its own.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from automation.diagnosis import remedy
from common.paths import CHECKOUT

CLOUDS = CHECKOUT / "rehearsal" / "providers" / "clouds"
CAUSELESS = remedy("words that nobody knows")
TEMPLATES = ("wrapper", "refused", "said")


def in_tables() -> Iterator[str]:
    for file in CLOUDS.glob("*/rules.yaml"):
        errors = yaml.safe_load(file.read_text())["errors"]
        yield from (error[1] for name, error in errors.items() if name not in TEMPLATES)
    for file in CLOUDS.glob("*/account.yaml"):
        yield from _said(yaml.safe_load(file.read_text()))


def _said(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (value["says"][1],) if "says" in value else ()
        for each in value.values():
            yield from _said(each)
    elif isinstance(value, list):
        for each in value:
            yield from _said(each)


def in_code() -> Iterator[str]:
    for file in CLOUDS.glob("*/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if re.search("[a-z]{4}", text := _text(_reason(node))):
                yield text


def _reason(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.keyword) and node.arg == "reason":
        return node.value
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "reason":
        return node.value
    return node.value if isinstance(node, ast.Yield) else None


def _text(value: ast.expr | None) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value if " " in value.value else ""
    if isinstance(value, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "1" for each in value.values)
    return ""


KNOWN = sorted({*in_tables(), *in_code()})


def test_there_are_as_many_as_one_can_see() -> None:
    assert len(KNOWN) > 90


@pytest.mark.parametrize("words", KNOWN)
def test_every_known_refusal_has_a_remedy_of_its_own(words: str) -> None:
    assert remedy(words) != CAUSELESS


@pytest.mark.parametrize(
    ("words", "what_to_do"),
    [
        ("Cluster has deletion protection enabled", "deletionProtection"),
        ("System node pools cannot be spot pools.", "a pool for the system"),
        ("Label key kubernetes.azure.com/x is reserved for use by AKS.", "labels or taints"),
        ("unsupported Kubernetes minor version update from 1.33 to 1.35", "cluster.version"),
        ("OperationNotAllowed: Another agentpool operation is in progress, please wait", "when that has ended"),
        ("TooManyTagsException: The number of tags exceeds 50", "cluster.tags"),
        ("The specified Kubernetes network CIDR must be within 10.0.0.0/8", "cluster.network"),
        ("[t3.micro] is not a valid instance type for amiType AL2023_ARM_64_STANDARD", "machine type"),
        ("expected retention_in_days to be one of [1, 3], got 2", "number"),
        ("Autopilot clusters do not support mutating node pools", "leave it out"),
        ("NodeCreationFailure: Instances failed to join the kubernetes cluster", "reaches the API server"),
        ("InvalidParameterValue: the aws:ec2/vpc:Vpc vpc-0 does not exist", "pulumi refresh"),
        ("api error ExpiredToken: The security token included in the request is expired", "log in again"),
        ("RequestDisallowedByPolicy: Resource was disallowed by policy.", "organization"),
        ("resource x cannot be deleted\nbecause it is protected. To unprotect it", "undo what was changed"),
        ('Code="PrincipalNotFound" Message="Principal p does not exist in the directory d."', "object id of somebody"),
        ("Instances failed to join the kubernetes cluster (subnet subnet-0 has no way out)", "polykube drift"),
        ("unexpected state 'DEGRADED': InsufficientNumberOfReplicas, its role allows nothing", "polykube drift"),
        ("unexpected state 'DEGRADED': InsufficientNumberOfReplicas, there are no nodes", "has nodes"),
        ("Network policy cilium requires network dataplane cilium.", "a fault of polykube"),
        ("softDeleteRetentionInDays is 5, not between 7 and 90.", "a fault of polykube"),
        ("'RetentionInDays' property doesn't match the SKU limits.", "number"),
        ("InvalidParameter: durationHours is 2, not between 4 and 24.", "number"),
        ("ServiceCidrOverlapExistingSubnetsCidr: The specified serviceCidr 10.0.0.0/16", "cluster.network"),
        ("The kubernetes group name system:x is invalid, it cannot start with system:", "cluster.members"),
        ("AKSLongTermSupport is available with the tier Premium alone.", "cluster.tier"),
        ("InvalidLaunchTemplateId.NotFound: The specified launch template lt-0", "pulumi refresh"),
        ("InvalidParameterValue: what nobody thought of", "if the stack file has it"),
        ("dial tcp 10.0.0.1:443: i/o timeout", "can be reached"),
        ("Client request to https://x had a 503: ServiceUnavailable", "the cloud failed"),
    ],
)
def test_a_refusal_leads_to_what_helps(words: str, what_to_do: str) -> None:
    assert what_to_do in remedy(words)


@pytest.mark.parametrize("file", sorted(CLOUDS.glob("*/rules.yaml")), ids=lambda file: str(file.parent.name))
def test_the_generic_words_of_each_cloud_are_told_apart(file: Path) -> None:
    errors = yaml.safe_load(file.read_text())["errors"]
    wanted = {
        "denied": "polykube permissions",
        "exists": "pulumi import",
        "in-use": "delete what is named",
        "throttled": "too much at once",
        "internal": "the cloud failed",
        "quota": "higher quota",
        "capacity": "another machine type",
        "timeout": "may still become ready",
        "missing": "pulumi refresh",
        "taken": "another name",
    }
    assert [name for name, phrase in wanted.items() if phrase not in remedy(errors[name][1])] == []
