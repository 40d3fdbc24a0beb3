"""A certificate that ends though its stack's status has never said so."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from automation import certificates
from automation.certificates import show_certificates
from automation.engine import Engine
from tests.support.registered import Registered
from tests.support.stack_files import planned

pytestmark = pytest.mark.usefixtures("bundles")
NOW: Final = datetime.now(UTC)


def made(each: Registered, until: datetime) -> dict[str, Any]:
    """A certificate as the state has it."""
    outputs = {**each.inputs, "validityEndTime": until.isoformat(timespec="seconds")}
    return {"urn": each.urn, "type": each.type, "inputs": dict(each.inputs), "outputs": outputs}


class Played(Engine):
    """An engine with a state."""

    def __init__(self, deployment: dict[str, Any] | None) -> None:
        self.deployment = deployment

    def exists(self) -> bool:
        return self.deployment is not None

    def export(self) -> dict[str, Any]:
        assert self.deployment is not None
        return self.deployment


@pytest.mark.parametrize("stack", ["kubeadm-aws", "kubeadm-hosts"])
def test_those_that_a_stack_makes_are_shown_and_who_renews_them(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    ends = {
        f"{stack}-administrator": NOW + timedelta(days=12, hours=1),
        f"{stack}-etcd-ca": NOW - timedelta(days=1),
        f"{stack}-ca": NOW + timedelta(days=3000, hours=1),
    }
    its = [each for each in planned(stack).values() if "Cert" in each.type and each.name in ends]
    assert {each.name for each in its if "Request" not in each.type} == ends.keys()
    state = {"resources": [made(each, ends[each.name]) for each in its if "Request" not in each.type]}
    show_certificates(Played(state))
    _, _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [f"{stack}-{name}" for name in ("etcd-ca", "administrator", "ca")]
    gone, soon, late = (" ".join(line.split()[1:]) for line in lines)
    assert gone == f"{NOW - timedelta(days=1):%Y-%m-%d} it has ended nothing"
    assert soon.endswith("12 days an up")
    assert late.endswith("3000 days nothing")


@pytest.mark.parametrize("deployment", [None, {}, {"resources": []}], ids=["no stack", "nothing", "no certificate"])
def test_without_any_nothing_is_said(deployment: dict[str, Any] | None, capsys: pytest.CaptureFixture[str]) -> None:
    show_certificates(Played(deployment))
    assert capsys.readouterr().out == ""


def test_one_that_is_half_made_is_none() -> None:
    (each,) = [
        each for each in planned("kubeadm-aws").values() if each.name == "kubeadm-aws-ca" and "Cert" in each.type
    ]
    half = {"urn": each.urn, "type": each.type, "inputs": dict(each.inputs)}
    assert list(certificates.certificates({"resources": [half]})) == []
