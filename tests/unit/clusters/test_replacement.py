"""A next control plane that is replaced while the last one is still on its way."""

from typing import Any, Final

import pulumi
import pytest

from components.clusters.admission import NotAnswered
from components.clusters.kubeadm.aws import replacement
from tests.support.polling import awaited

OLD: Final = {"ip-10-40-0-11": ("aaaaaa", "v1.35.8")}
NEW: Final = {"ip-10-40-0-12": ("bbbbbb", "v1.36.4")}


def nodes(generations: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        "items": [
            {
                "metadata": {"name": name, "labels": {"polykube.dev/generation": generation}},
                "status": {"nodeInfo": {"kubeletVersion": version}},
            }
            for name, (generation, version) in generations.items()
        ]
    }


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ({}, "no machine of the new kind has joined"),
        (OLD, "no machine of the new kind has joined"),
        (OLD | NEW, "still there: ip-10-40-0-11 v1.35.8"),
        (NEW, ""),
    ],
)
def test_one_machine_of_the_new_kind_has_to_be_there_and_no_other(
    monkeypatch: pytest.MonkeyPatch, there: dict[str, tuple[str, str]], missing: str
) -> None:
    asked: list[str] = []

    def ask(_: Any, path: str) -> Any:
        asked.append(path)
        return nodes(there)

    monkeypatch.setattr(replacement, "ask", ask)
    assert replacement.missing({}, "control-plane-1", "bbbbbb") == missing
    assert asked == ["/api/v1/nodes?labelSelector=polykube.dev/machine-group%3Dcontrol-plane-1"]


def test_an_api_server_that_says_nothing_is_asked_again_and_in_the_end_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(*_: Any) -> Any:
        raise NotAnswered("it does not answer (refused)")

    monkeypatch.setattr(replacement, "ask", silent)
    monkeypatch.setattr(replacement, "_PATIENCE", -1.0)
    with pytest.raises(pulumi.RunError, match="says nothing of its nodes: it does not answer") as told:
        awaited(replacement._wait("{}", "shop-control-plane-1", "control-plane-1", "bbbbbb"))
    assert "aws autoscaling start-instance-refresh --auto-scaling-group-name shop-control-plane-1" in str(told.value)
