"""A preview of what stands that tells drift as a change, blames the change for what stood, or hides why it fails.

A script plays the engine.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from automation import cli
from automation.preview import against_live
from automation.preview.markdown import COMMENT
from common.paths import state_dir
from tests.support.events import GROUP, finding, step, updating, urn
from tests.support.processes import processes_of
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


def ended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[object, list[str], str]:
    """How `polykube preview` ends: its exit code, the codes of what it says, and all that it says of them."""
    monkeypatch.setattr("sys.argv", ["polykube", "preview", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return ended.value.code, re.findall(r"✗ (PK\d{3})", said), said


def nothing_is_left(played: Played) -> bool:
    """Whether no process of the engine's runs, and nothing is where runs keep what they alone need."""
    scratch = state_dir() / "runs" / f"test-{played.directory.name}"
    return not processes_of(played.directory) and not list(scratch.glob("*"))


def test_a_program_that_hangs_is_ended_at_the_deadline(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    played.tell("preview", [], "trap 'exit 1' INT\nwhile :; do sleep 0.05; done")
    code, codes, said = ended(capsys, monkeypatch, "--deadline", "0.01")
    assert (code, codes) == (11, ["PK003"])
    assert "--deadline MINUTES" in said
    assert nothing_is_left(played)


def test_events_that_break_off_are_a_failure_of_the_engine(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    played.tell("preview", [RESIZED], "kill -9 $$")
    events = played.directory / "preview"
    events.write_text(events.read_text()[:-40])
    code, codes, said = ended(capsys, monkeypatch)
    assert (code, codes) == (5, ["PK401"])
    assert "exit code -9" in said
    assert nothing_is_left(played)


def test_a_program_that_raises_is_told_with_its_line(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = played.project / "__main__.py"
    message = (
        f'Program failed with an unhandled exception:\n  File "{place}", line 7, in <module>\n    x()\nKeyError: 1'
    )
    stack = "urn:pulumi:dev::polykube::pulumi:pulumi:Stack::polykube-dev"
    played.tell("preview", [{"diagnosticEvent": {"severity": "error", "urn": stack, "message": message}}], "exit 1")
    code, codes, said = ended(capsys, monkeypatch)
    assert (code, codes) == (11, ["PK002"])
    assert "__main__.py:7" in said


@pytest.mark.usefixtures("played")
def test_a_stack_that_is_not_there_is_named_beside_those_that_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, codes, said = ended(capsys, monkeypatch, "prod")
    assert (code, codes) == (2, ["PK100"])
    assert "allowed  dev" in said


def test_a_place_that_cannot_be_written_to_is_named(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, codes, said = ended(capsys, monkeypatch, "--save", str(played.project / "Pulumi.yaml" / "reports"))
    assert (code, codes) == (3, ["PK205"])
    assert "Pulumi.yaml/reports" in said


def test_a_stack_of_ten_thousand_resources_has_a_comment_that_code_hosts_take(
    played: Played, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = ({"size": 1}, {"size": 2})
    played.tell("preview", [step("update", GROUP, f"dev-{it}", *sizes, **updating("size")) for it in range(10_000)])
    code, said = previewed(capsys, monkeypatch, "--format", "comment")
    assert code == 0
    assert "| dev | – | – | 10000 | – |" in said
    assert len(said) <= COMMENT.longest
