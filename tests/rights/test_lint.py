"""A linter that lets pass what AWS would refuse, or what allows more than anybody meant."""

import json
from collections.abc import Sequence

import pytest

from tests.rights.lint import documents, problems
from tests.rights.ours import OURS
from tests.support.addons import spec_of_all
from tests.support.registered import registered

GROUP = "arn:aws:ec2:eu-central-1:*:security-group/*"


def said(actions: Sequence[str], on: str | list[str], condition: object = None) -> list[str]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return list(problems(json.dumps({"Statement": [statement | ({"Condition": condition} if condition else {})]})))


@pytest.mark.parametrize("name", OURS)
def test_our_own_documents_pass(name: str) -> None:
    assert list(problems(OURS[name])) == []


def test_an_action_that_does_not_exist_is_found() -> None:
    assert said(["ec2:CreateTag"], GROUP) == ["ec2:CreateTag does not exist", f"nothing is asked of {GROUP}"]


def test_an_action_on_what_it_does_not_take_is_found() -> None:
    wrong = "arn:aws:ec2:eu-central-1:*:subnet/*"
    assert f"ec2:DeleteSecurityGroup takes none of {wrong}" in said(["ec2:DeleteSecurityGroup"], wrong)
    assert f"nothing is asked of {wrong}" in said(["ec2:DeleteSecurityGroup"], [GROUP, wrong])


def test_a_condition_on_what_is_never_told_is_found() -> None:
    owned = {"StringEquals": {"aws:ResourceTag/elbv2.k8s.aws/cluster": "shop"}}
    rule = "arn:aws:elasticloadbalancing:eu-central-1:*:listener-rule/app/*"
    (problem,) = said(["elasticloadbalancing:SetRulePriorities"], rule, owned)
    assert problem.startswith("elasticloadbalancing:SetRulePriorities is never asked with aws:ResourceTag")


def test_a_change_that_is_allowed_on_everything_is_found() -> None:
    assert said(["ec2:DeleteSecurityGroup"], "*") == ["ec2:DeleteSecurityGroup is allowed on everything"]
    assert said(["ec2:DescribeSecurityGroups"], "*") == []


@pytest.mark.usefixtures("bundles")
def test_what_all_add_ons_register_passes(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = dict(documents(registered(spec_of_all(tmp_path_factory.mktemp("lint"))).values()))
    assert {each.rpartition("::")[0] for each in found} >= {"aws:iam/policy:Policy", "aws:iam/role:Role"}
    assert [f"{name}: {problem}" for name, text in found.items() for problem in problems(text)] == []
