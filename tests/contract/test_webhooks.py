"""Webhooks that the API server cannot call, which is told as a timeout of whatever they are asked about."""

import pytest

from components.addons.monitoring import Monitoring
from stacks.config import StackSpec
from tests.support.registered import Registered, registered
from tests.support.stack_files import load_stack, planned

FIREWALL = "gcp:compute/firewall:Firewall"


def firewalls(made: dict[str, Registered]) -> list[Registered]:
    return [each for each in made.values() if each.type == FIREWALL]


def with_webhook(stack: str, monkeypatch: pytest.MonkeyPatch) -> StackSpec:
    """A stack with an add-on whose webhook listens on istiod's port, and one on the usual port."""
    monkeypatch.setattr(Monitoring, "ports_from_control_plane", (443, 15017))
    spec = load_stack(stack)
    addons = spec.addons.model_copy(update={"monitoring": Monitoring.spec_type()})
    return spec.model_copy(update={"addons": addons})


def test_ports_of_add_ons_and_of_the_stack_file_are_open_before_the_webhooks_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = with_webhook("gke-prod", monkeypatch)
    network = spec.cluster.network.model_copy(update={"webhook_ports": (9443, 10250)})  # type: ignore[attr-defined]
    made = registered(spec.model_copy(update={"cluster": spec.cluster.model_copy(update={"network": network})}))
    (firewall,) = firewalls(made)
    assert firewall.inputs["allows"] == [{"protocol": "tcp", "ports": ["9443", "15017"]}]
    assert firewall.inputs["sourceRanges"] == [str(network.nodes), str(network.pods)]
    assert len(firewall.inputs["targetServiceAccounts"]) == 1
    of_add_on = [each for each in made.values() if "addons:Monitoring$kubernetes:" in each.urn]
    assert any(firewall.urn in each.after for each in of_add_on)


@pytest.mark.parametrize("stack", ["eks-prod", "aks-prod"])
def test_other_clouds_have_nothing_in_between(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = registered(with_webhook(stack, monkeypatch))
    assert {each.type for each in made.values() if "irewall" in each.type} <= {
        each.type for each in planned(stack).values()
    }


def test_nothing_is_opened_for_nobody() -> None:
    assert firewalls(planned("gke-prod")) == []
