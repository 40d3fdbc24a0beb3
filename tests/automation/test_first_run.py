"""A first run that makes the cluster, and then waits for an API server that nothing leads to."""

from typing import Any

import pytest

from automation.first_run import check_first_run
from common.errors import EngineError
from components.addons import AddOnsSpec
from components.clusters.managed import ApiEndpoint, ManagedSpec
from components.platform.shared import PlatformSpec
from stacks.config import StackSpec
from tests.support.registered import registered
from tests.support.stack_files import load_stack

ENDPOINT = ApiEndpoint.model_validate({"privateFrom": ["10.8.0.0/16"]})
NOTHING = {"platform": PlatformSpec(), "tenants": (), "addons": AddOnsSpec()}
NETWORK = {"type": "aws:ec2/vpc:Vpc"}


def private(stack: str = "eks-prod", **other: Any) -> StackSpec:
    """A stack whose API server can be reached through its own network alone."""
    spec = load_stack(stack)
    return spec.model_copy(update={"cluster": spec.cluster.model_copy(update={"api_endpoint": ENDPOINT}), **other})


@pytest.mark.parametrize("stack", ["eks-prod", "aks-prod"])
def test_what_nothing_leads_to_is_refused_before_anything_is_made_and_the_ways_are_named(stack: str) -> None:
    with pytest.raises(EngineError) as error:
        check_first_run({}, private(stack))
    (problem,) = error.value.problems
    assert (problem.code, problem.where) == ("PK409", "polykube:cluster.apiEndpoint")
    assert "to go there: the platform, tenants, a device plugin" in problem.found
    assert "name the runner's address in apiEndpoint.publicFrom" in problem.remedy
    assert "connect the network before the second" in problem.remedy
    assert "a second stack, of kind existing" in problem.remedy
    assert "docs/guide/private-clusters.md" in problem.remedy


def test_googles_name_is_a_way_in_before_the_network_is_connected() -> None:
    spec = private("gke-prod")
    check_first_run({}, spec)
    closed = spec.cluster.model_copy(update={"dns_endpoint": False})
    with pytest.raises(EngineError) as error:
        check_first_run({}, spec.model_copy(update={"cluster": closed}))
    (problem,) = error.value.problems
    assert "write dnsEndpoint: true" in problem.remedy


def test_what_has_a_network_may_have_been_connected_since() -> None:
    check_first_run({"resources": [{"type": "pulumi:pulumi:Stack"}, NETWORK]}, private())


@pytest.mark.parametrize("stack", ["eks-dev", "gke-dev", "aks-dev"])
def test_a_network_with_an_empty_cluster_comes_up_from_anywhere(stack: str) -> None:
    """It is made, and nothing of the run asks the API server, or waits for it to let anybody in."""
    empty = private(stack, **NOTHING)
    check_first_run({}, empty)
    made = [each.type for each in registered(empty, stack).values()]
    assert [type_ for type_ in made if "Cluster" in type_]
    assert [type_ for type_ in made if "kubernetes" in type_ or type_.startswith("polykube:platform")] == []


def test_a_cluster_that_needs_something_in_it_cannot_be_empty_at_first() -> None:
    with pytest.raises(EngineError) as error:
        check_first_run({}, private("kubeadm-aws", **NOTHING))
    (problem,) = error.value.problems
    assert problem.found.endswith("its own network plugin")
    assert "leave platform" not in problem.remedy


@pytest.mark.parametrize("stack", ["eks-dev", "eks-prod", "aks-dev", "aks-prod", "gke-dev", "gke-autopilot"])
def test_the_stacks_that_we_show_come_up_from_where_their_files_say(stack: str) -> None:
    spec = load_stack(stack)
    assert isinstance(spec.cluster, ManagedSpec)
    assert spec.cluster.api_endpoint.public_from
    check_first_run({}, spec)
