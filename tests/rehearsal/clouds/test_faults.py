"""What the clouds do to a program: faults, drift, refusals. The engine is real, the errors are the clouds' own words.

Guards against a stand-in that forgives, and against a rerun that leaves orphans or duplicates.
"""

import json

import pytest
import yaml

from automation.diagnosis import remedy
from common.paths import CHECKOUT
from rehearsal.providers.clouds.store import Resource
from tests.rehearsal.clouds.conftest import Cloud

NETWORK = """
import pulumi
from pulumi_aws import Provider, ec2

aws = pulumi.ResourceOptions(provider=Provider("aws", region="eu-central-1"))
vpc = ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={"Name": "shop"}, opts=aws)
for index in range(2):
    ec2.Subnet(f"subnet-{index}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", opts=aws)
"""
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"


@pytest.fixture
def network(cloud: Cloud) -> Cloud:
    """A cloud with a program that makes a network with two subnets."""
    cloud.engine.write_program(NETWORK)
    return cloud


@pytest.mark.parametrize(
    ("fault", "cause", "help_", "exists"),
    [
        ("throttled", "RequestLimitExceeded", "asked too much", 1),
        ("quota-exceeded", "LimitExceeded", "higher quota", 1),
        ("internal-error", "StatusCode: 500", "the cloud failed", 2),
    ],
)
def test_a_fault_names_resource_and_cause_and_a_rerun_converges(
    network: Cloud, fault: str, cause: str, help_: str, exists: int
) -> None:
    network.write_faults({"fault": fault, "type": SUBNET, "name": "subnet-1"})
    said = network.failing_up()
    (error,) = (line for line in said.splitlines() if "api error" in line and line.startswith("    "))
    assert "aws:ec2:Subnet (subnet-1)" in said
    assert cause in error
    assert help_ in remedy(error)
    assert len(network.store.all(SUBNET)) == exists
    network.up()
    assert len(network.store.all(SUBNET)) == 2
    network.engine.must("preview", "--expect-no-changes")
    network.engine.must("destroy", "--yes", "--skip-preview")
    assert network.store.all() == []


def test_a_bucket_whose_name_somebody_else_has_gets_another_one_on_a_rerun(cloud: Cloud) -> None:
    aws = 'opts=pulumi.ResourceOptions(provider=pulumi_aws.Provider("aws", region="eu-central-1"))'
    cloud.engine.write_program(f'import pulumi, pulumi_aws\npulumi_aws.s3.Bucket("logs", {aws})\n')
    cloud.write_faults({"fault": "name-taken", "type": "aws:s3/bucket:Bucket"})
    (error,) = (line for line in cloud.failing_up().splitlines() if line.startswith("    ") and "api error" in line)
    assert "another name" in remedy(error)
    cloud.up()
    assert f"({cloud.only('aws:s3/bucket:Bucket').id})" not in error


@pytest.mark.parametrize("provider", ["aws", "gcp", "azure_native"])
def test_each_clouds_words_for_a_taken_name_lead_to_another_one(provider: str) -> None:
    rules = yaml.safe_load((CHECKOUT / "rehearsal/providers/clouds" / provider / "rules.yaml").read_text())
    _, words = rules["errors"]["taken"]
    assert "another name" in remedy(words)


def test_a_slow_create_times_out_when_the_program_waits_for_less(network: Cloud) -> None:
    patient = NETWORK.replace("opts=aws)\nfor", "opts=pulumi.ResourceOptions.merge(aws, WAIT))\nfor")
    wait = 'WAIT = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1s"))\nvpc ='
    network.engine.write_program(patient.replace("vpc =", wait))
    network.write_faults({"fault": "slow", "type": VPC, "seconds": 1.5})
    assert "timeout while waiting for state" in network.failing_up()
    network.up()
    assert len(network.store.all(VPC)) == 1


def test_drift_is_shown_by_refresh_and_repaired_by_up(network: Cloud) -> None:
    network.up()
    network.edit(network.only(VPC), tags={"Name": "somebody's"})
    network.store.drop(network.store.all(SUBNET)[0])
    refreshed = network.engine.must("refresh", "--yes", "--skip-preview")
    assert "1 updated" in refreshed
    assert "1 deleted" in refreshed
    network.up()
    assert network.only(VPC).inputs["tags"] == {"Name": "shop"}
    assert len(network.store.all(SUBNET)) == 2


def test_what_somebody_put_into_a_network_keeps_it_from_being_deleted(network: Cloud) -> None:
    network.up()
    subnet = network.store.all(SUBNET)[0]
    network.store.add(Resource("aws:lb/loadBalancer:LoadBalancer", "lb-1", "lb-1", {"subnets": [subnet.id]}))
    refused = network.engine.run("destroy", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert f"DependencyViolation: resource {subnet.id} has a dependent object" in refused.stdout
    assert "LoadBalancer lb-1" in refused.stdout
    assert "delete what is named here" in remedy(refused.stdout)
    assert network.store.get(VPC, network.only(VPC).id)


def test_a_changed_range_replaces_the_subnet_and_a_changed_tag_does_not(network: Cloud) -> None:
    network.up()
    network.engine.write_program(NETWORK.replace("10.0.{index}.0/24", "10.0.{index}.0/25").replace('"shop"', '"new"'))
    steps = json.loads(network.engine.must("preview", "--json"))["steps"]
    done = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] != "same"}
    assert done == {"vpc": "update", "subnet-0": "replace", "subnet-1": "replace"}


def test_an_import_takes_over_what_exists(network: Cloud) -> None:
    network.up()
    id_ = network.only(VPC).id
    network.engine.must("state", "delete", "--yes", "--target-dependents", _urn(network, "vpc"))
    for subnet in network.store.all(SUBNET):
        network.store.drop(subnet)
    taken = NETWORK.replace('tags={"Name": "shop"}, opts=aws', f'tags={{"Name": "shop"}}, opts=TAKEN("{id_}")')
    merge = "TAKEN = lambda id: pulumi.ResourceOptions.merge(aws, pulumi.ResourceOptions(import_=id))\nvpc ="
    network.engine.write_program(taken.replace("vpc =", merge))
    assert "1 imported" in network.up()
    assert network.only(VPC).id == id_


def test_a_misspelt_property_stops_the_preview(network: Cloud) -> None:
    network.engine.write_program(
        f'{NETWORK}\npulumi.CustomResource("aws:ec2/vpc:Vpc", "x", {{"cidrBlok": "10.0.0.0/16"}}, aws)\n'
    )
    refused = network.engine.run("preview")
    assert refused.returncode != 0
    assert "property cidrBlok" in refused.stdout
    assert "did you mean 'cidrBlock'?" in refused.stdout


def test_a_reference_to_what_does_not_exist_is_refused(cloud: Cloud) -> None:
    cloud.engine.write_program(NETWORK.replace("vpc_id=vpc.id", 'vpc_id="vpc-0"'))
    assert "the aws:ec2/vpc:Vpc vpc-0 does not exist" in cloud.failing_up()


def _urn(cloud: Cloud, name: str) -> str:
    resources = json.loads(cloud.engine.must("stack", "export"))["deployment"]["resources"]
    (urn,) = (str(each["urn"]) for each in resources if each["urn"].endswith(f"::{name}"))
    return urn
