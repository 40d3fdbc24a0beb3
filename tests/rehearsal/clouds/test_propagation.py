"""The hook by which a program waits for what propagates, in the real engine: with it and without it."""

import json

import pytest

from tests.rehearsal.clouds.conftest import Cloud

ACCOUNT, MEMBER = "gcp:serviceaccount/account:Account", "gcp:projects/iAMMember:IAMMember"
PROGRAM = """
import pulumi
from pulumi_gcp import Provider, projects, serviceaccount
from components.propagation import Propagation

waits = pulumi.ResourceHookBinding(on_error=[Propagation("shop").hook()])
hooks = {hooks}
google = Provider("google", project="shop")
opts = pulumi.ResourceOptions(provider=google)
first = projects.Service("first", project="shop", service="cloudresourcemanager.googleapis.com", opts=opts)
opts = pulumi.ResourceOptions(provider=google, depends_on=[first])
iam = projects.Service("iam", project="shop", service="iam.googleapis.com", opts=opts)
opts = pulumi.ResourceOptions(provider=google, depends_on=[iam], hooks=hooks)
nodes = serviceaccount.Account("nodes", project="shop", account_id="shop-nodes", opts=opts)
projects.IAMMember("reader", project="shop", role="roles/viewer", member=nodes.member, opts=opts)
"""
LATE = (
    {"fault": "propagation", "type": "gcp:projects/service:Service", "name": "iam", "seconds": 6},
    {"fault": "propagation", "type": ACCOUNT, "seconds": 6},
    {"fault": "throttled", "on": "delete", "type": MEMBER},
)


@pytest.fixture
def project(cloud: Cloud) -> Cloud:
    """A project in which an API answers, and an account is known, some seconds late; a first deletion is refused."""
    cloud.write_faults(*LATE)
    return cloud


def test_the_first_up_waits_says_for_what_and_makes_everything_once(project: Cloud) -> None:
    project.engine.write_program(PROGRAM.format(hooks="waits"))
    assert "waiting until" not in project.engine.must("preview")
    said = project.up()
    assert "nodes: waiting until an API that was just switched on answers" in said
    assert "reader: waiting until the new service account is known" in said
    assert len(project.store.all(ACCOUNT)) == len(project.store.all(MEMBER)) == 1
    assert "6 unchanged" in project.engine.must("preview")


def test_without_the_hook_it_fails(project: Cloud) -> None:
    project.engine.write_program(PROGRAM.format(hooks="None"))
    assert "has not been used in project" in project.failing_up()


def test_a_destroy_needs_neither_the_program_nor_its_hook(project: Cloud) -> None:
    project.engine.write_program(PROGRAM.format(hooks="waits"))
    project.up()
    state = json.loads(project.engine.must("stack", "export"))
    hooked = [each for each in state["deployment"]["resources"] if each.get("resourceHooks")]
    assert {each["type"] for each in hooked} == {ACCOUNT, MEMBER}
    project.engine.write_program("raise Exception('a destroy runs no program')")
    refused = project.engine.run("destroy", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert "rateLimitExceeded" in refused.stdout
    project.engine.must("destroy", "--yes", "--skip-preview")
    assert project.store.all(MEMBER) == project.store.all(ACCOUNT) == []
