"""The project's own stacks keep its own rules, with no more leave than add-ons declare; `dev` in test_planted.py.

Guards against an example that a person copies and cannot bring up, and against a rule that nobody can keep.
"""

import pytest
from pulumi.runtime.proto import analyzer_pb2

from common.api_versions import NEWEST
from components.clusters import KINDS, kind_name
from policy.engine.server import PolicyServer
from policy.model.resource import Resource
from policy.rules import RULES
from tests.policy.analysis import State, asked
from tests.support.stack_files import CLUSTER_STACKS, load_stack, planned


def broken(stack: str) -> set[str]:
    """The mandatory rules that a stack breaks."""
    state = State()
    for it in planned(stack).values():
        state.add_registered(it.urn, it.type, dict(it.inputs), protect=it.protect)
    return {found.rule for found in asked(state, {}) if found.level == "mandatory"}


@pytest.mark.parametrize("stack", CLUSTER_STACKS)
def test_a_stack_breaks_no_mandatory_rule(stack: str) -> None:
    assert broken(stack) == (set() if load_stack(stack).stage == "prod" else {"protect-cluster"})


def test_every_kind_of_cluster_is_asked_what_enforces_its_network_policies() -> None:
    (rule,) = (rule for rule in RULES if rule.id == "cni-enforces")
    asked_of = {
        load_stack(stack).cluster.kind
        for stack in CLUSTER_STACKS
        if any(Resource(it.urn, it.type, it.name, it.inputs).kind in rule.kinds for it in planned(stack).values())
    }
    # No container runs there; what made the cluster is another stack; what enforces them is among its own objects.
    not_seen = {"local", "existing", "kubeadm-aws", "kubeadm-hosts"}
    assert asked_of | not_seen == set(map(kind_name, KINDS))


@pytest.mark.parametrize(
    ("config", "level"),
    [
        ({"polykube:stage": "prod"}, analyzer_pb2.MANDATORY),
        ({}, analyzer_pb2.MANDATORY),
        ({"polykube:stage": "dev"}, analyzer_pb2.DISABLED),
        (
            {"polykube:stage": "dev", "polykube:policy": '{"levels": {"protect-cluster": "advisory"}}'},
            analyzer_pb2.ADVISORY,
        ),
    ],
)
def test_protection_is_asked_for_in_prod_unless_the_stack_says_otherwise(config: dict[str, str], level: int) -> None:
    server = PolicyServer(RULES)
    server.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(config=config), None)
    levels = {policy.name: policy.enforcementLevel for policy in server.GetAnalyzerInfo(None, None).policies}
    assert levels["protect-cluster"] == level


@pytest.mark.parametrize(
    ("config", "version"),
    [
        ({"polykube:cluster": '{"kind": "eks", "version": "1.38"}'}, "1.38"),
        ({"polykube:cluster": '{"kind": "eks"}'}, NEWEST),
        ({"polykube:cluster": "eks"}, NEWEST),  # of a project that is none of ours
        (
            {
                "polykube:cluster": '{"version": "1.38"}',
                "polykube:policy": '{"options": {"removed-api": {"version": "1.40"}}}',
            },
            "1.40",
        ),
    ],
)
def test_apis_are_those_of_the_clusters_version_unless_the_stack_says_otherwise(
    config: dict[str, str], version: str
) -> None:
    server = PolicyServer(RULES)
    server.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(config=config), None)
    (rule,) = (it for it in server.GetAnalyzerInfo(None, None).policies if it.name == "removed-api")
    assert rule.configSchema.properties["version"]["default"] == version
