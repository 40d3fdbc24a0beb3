"""A preview of what stands that tells drift as a change, blames the change for what stood, or hides why it fails.

A script plays the engine.
"""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from automation import cli
from automation.preview import against_live
from tests.support.events import GROUP, finding, step, updating, urn
from tests.support.scripted import Played, play

NAMESPACE: Final = "kubernetes:core/v1:Namespace"
OPEN: Final = {"metadata": {"name": "shop", "labels": {}}, "apiVersion": "v1", "kind": "Namespace"}
RESIZED: Final = step("update", GROUP, "dev-a", {"size": 1}, {"size": 2}, **updating("size"))


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """An engine that has one change to make."""
    it = play(tmp_path, monkeypatch, against_live)
    it.tell("preview", [RESIZED])
    monkeypatch.chdir(it.project)
    return it


def previewed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[Any, str]:
    """How `polykube preview` ends, and what it prints."""
    monkeypatch.setattr("sys.argv", ["polykube", "preview", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, capsys.readouterr().out


@pytest.mark.usefixtures("played")
def test_what_stands_is_previewed_without_git_and_without_a_base(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = previewed(capsys, monkeypatch)
    assert code == 0
    assert "what is here on what stands" in said
    assert f"* update {GROUP} dev-a" in said
    assert "Previewed on what stands." in said
    assert "next  make up STACK=dev" in said


def test_drift_is_told_apart_from_the_change(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"type": GROUP, "urn": urn(GROUP, "dev-b"), "custom": True, "inputs": {}, "id": "b"}
    moved = {"old": {**state, "outputs": {"size": 1}}, "new": {**state, "outputs": {"size": 7}}, "diffs": ["size"]}
    metadata = {"op": "update", "urn": urn(GROUP, "dev-b"), "type": GROUP, "detailedDiff": {}, **moved}
    played.tell("events", [{"resOutputsEvent": {"metadata": metadata}}])
    code, said = previewed(capsys, monkeypatch, "--refresh", "--format", "json")
    (told,) = json.loads(said)["stacks"]
    assert code == 0
    assert [each["name"] for each in told["changes"]] == ["dev-a"]
    assert [(each["name"], each["differences"][0]["lines"]) for each in told["drift"]] == [("dev-b", ["- 1", "+ 7"])]
    _, text = previewed(capsys, monkeypatch, "--refresh")
    assert text.index("Drifted before") < text.index(f"* {GROUP} dev-b")


def test_findings_on_what_stood_before_are_not_new(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stood = step("same", NAMESPACE, "shop", OPEN, OPEN)
    played.tell(
        "preview",
        [stood, finding("ns-psa-labels", "it has none", "advisory"), finding("mine", "it is new")],
        "exit 1",
    )
    code, said = previewed(capsys, monkeypatch, "--format", "json")
    policies = json.loads(said)["stacks"][0]["policies"]
    assert code == 6
    assert [each["rule"] for each in policies["new"]] == ["mine"]


def test_credentials_that_are_missing_are_told_with_how_to_get_some(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = "urn:pulumi:dev::polykube::pulumi:providers:aws::default"
    message = "unable to validate AWS credentials. Details: No valid credential sources found"
    played.tell(
        "preview", [{"diagnosticEvent": {"severity": "error", "urn": provider, "message": message}}], "exit 255"
    )
    monkeypatch.setattr("sys.argv", ["polykube", "preview"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 5
    assert "aws sso login" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--against", "rehearsal"), "--base"),
        (("--changed",), "--base"),
        (("--base", "main", "--refresh"), "--refresh"),
        (("--changed", "dev", "--base", "main"), "--changed"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr("sys.argv", ["polykube", "preview", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 64
    assert why in capsys.readouterr().err
