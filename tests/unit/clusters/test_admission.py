"""A program that goes on before its rights count in the cluster, or that waits for them for ever without a word."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest
import yaml

from components.clusters import admission, managed
from tests.support.polling import awaited
from tests.support.registered import registered
from tests.support.stack_files import load_stack

KUBECONFIG = yaml.safe_dump({"clusters": [{"name": "c", "cluster": {"server": "https://c.example"}}]})


def test_it_goes_on_when_the_api_server_lets_it_in(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = ["it answers 401 Unauthorized", "no namespaces may be made yet", ""]
    asked: list[str] = []

    def refusal(_: Mapping[str, Any]) -> str:
        asked.append(answers[len(asked)])
        return asked[-1]

    monkeypatch.setattr(admission, "_refusal", refusal)
    monkeypatch.setattr(admission, "_POLL", 0)
    assert awaited(admission._wait(KUBECONFIG, 60.0)) == KUBECONFIG
    assert asked == answers


def test_it_says_what_it_waited_for_when_its_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_refusal", lambda _: "it answers 403 Forbidden")
    monkeypatch.setattr(admission, "_POLL", 0)
    with pytest.raises(pulumi.RunError, match=r"https://c.example .* 403 Forbidden.*administrators"):
        awaited(admission._wait(KUBECONFIG, 0.0))


@pytest.mark.parametrize("stack", ["eks-dev", "gke-dev", "aks-dev", "kubeadm-aws"])
def test_nothing_goes_into_a_clouds_cluster_before_it_lets_us_in(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rights: list[str] = []

    def let_in(kubeconfig: pulumi.Output[str], after: Sequence[pulumi.Resource], _: float) -> pulumi.Output[str]:
        rights.extend(each.pulumi_resource_type for each in after)
        return kubeconfig.apply(lambda _: "let in")

    monkeypatch.setattr(managed, "admitted", let_in)
    made = registered(load_stack(stack), stack).values()
    (provider,) = (each for each in made if each.type == "pulumi:providers:kubernetes")
    assert provider.inputs["kubeconfig"] == "let in"
    assert rights
