"""An engine that is stopped or dies in a way that is then told wrongly; a script plays the engine."""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from automation import cli, up
from automation.engine import Engine
from automation.outcome import ResourceFailures, brought_up
from automation.project import Project
from automation.terminal import Terminal
from common.errors import BusyError, EngineError, PolicyError
from common.locks import exclusive
from common.paths import CHECKOUT, state_dir
from rehearsal.toolchain import Tool
from tests.support.polling import eventually
from tests.support.programs import program

VIOLATION = '{"policyEvent": {"enforcementLevel": "mandatory", "policyName": "no-latest", "message": "a is latest\\n"}}'
PLANNED = '{"resourcePreEvent": {"planning": true, "metadata": {"op": "create", "urn": "urn:a"}}}'
CREATED = '{"resourcePreEvent": {"metadata": {"op": "create", "urn": "urn:a"}}}'
SAME = '{"resourcePreEvent": {"metadata": {"op": "same", "urn": "urn:a"}}}'
LOOP = "while :; do sleep 0.05; done"
AKS = "urn:pulumi:dev::polykube::polykube:clusters:Aks$azure-native:containerservice:ManagedCluster::shop"
NO_RIGHT_TO_THE_KEY = 'Code="AzureKeyVaultKmsValidateIdentityPermissionCustomerError"'
SUMMARY = '{"summaryEvent": {"resourceChanges": {"create": 2, "same": 1}}}'


def engine(directory: Path, *events: str, then: str = "exit 1") -> Engine:
    """An engine that writes `events` to the log that it is told to, and ends with the shell command `then`."""
    (directory / "events").write_text("\n".join(events))
    write_log = f'for log in "$@"; do :; done\ncp \'{directory}/events\' "$log"'
    script = program(directory / "pulumi", f"{write_log}\n{then}")
    return Engine(Tool("pulumi", script, "0", "a test"), f"test-{directory.name}", {}, directory)


def test_changes_are_counted_by_operation(tmp_path: Path) -> None:
    assert Terminal().carry_out(engine(tmp_path, SUMMARY, then="exit 0"), "up").changes == {"create": 2, "same": 1}


def test_what_another_up_would_change_is_named_with_its_properties(tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::polykube::kubernetes:core/v1:ResourceQuota::shop/quota"
    steps = [
        {"op": "refresh", "urn": urn},
        {"op": "same", "urn": "urn:pulumi:dev::polykube::kubernetes:core/v1:Namespace::shop"},
        {"op": "read", "urn": "urn:pulumi:dev::polykube::pulumi:pulumi:StackReference::organization/polykube/other"},
        {"op": "update", "urn": urn, "detailedDiff": {"spec.hard.pods": {"kind": "update"}}},
    ]
    asked = 'case " $* " in *" --refresh "*) ;; *) exit 1 ;; esac'  # or nobody has read back what there is
    program(tmp_path / "pulumi", f"{asked}\ncat <<'EOF'\n{json.dumps({'steps': steps})}\nEOF")
    found = Engine(Tool("pulumi", tmp_path / "pulumi", "0", "a test"), "dev", {}, tmp_path).pending()
    assert found == ["update shop/quota (spec.hard.pods)"]


@pytest.mark.parametrize(
    ("events", "aftermath"),
    [
        ((PLANNED, VIOLATION), "nothing was changed by this run"),
        ((PLANNED, SAME, VIOLATION), "nothing was changed by this run"),
        ((PLANNED, CREATED, VIOLATION), "what this run did before stays done"),
    ],
)
def test_a_violation_tells_whether_anything_was_changed_before(
    tmp_path: Path, events: tuple[str, ...], aftermath: str
) -> None:
    with pytest.raises(PolicyError) as stopped:
        Terminal().carry_out(engine(tmp_path, *events), "up")
    (problem,) = stopped.value.problems
    assert problem.summary == "no-latest: a is latest"
    assert aftermath in problem.remedy


def _error(name: str, message: str) -> str:
    urn = f"urn:pulumi:dev::polykube::kubernetes:core/v1:Secret::{name}"
    return json.dumps({"diagnosticEvent": {"severity": "error", "urn": urn, "message": message}})


def test_what_was_told_to_stop_when_another_failed_is_no_second_error(tmp_path: Path) -> None:
    canceled = _error("b", "creating: rpc error: code = Canceled desc = context canceled\n")
    with pytest.raises(EngineError) as stopped:
        Terminal().carry_out(engine(tmp_path, _error("a", "exceeded quota"), canceled), "up")
    assert [problem.where for problem in stopped.value.problems] == ["kubernetes:core/v1:Secret a"]
    with pytest.raises(EngineError, match="context canceled"):
        Terminal().carry_out(
            engine(tmp_path, canceled), "up"
        )  # but when there is no other, it is all that there is to tell


@pytest.mark.parametrize(
    ("message", "runs"),
    [
        (f"1 error occurred:\n\t* {NO_RIGHT_TO_THE_KEY}", 2),
        (NO_RIGHT_TO_THE_KEY, 1),
        ("1 error occurred:\n\t* QuotaExceeded", 1),
    ],
    ids=["begun too early", "not begun", "for good"],
)
def test_what_was_begun_before_its_rights_counted_is_gone_on_with(tmp_path: Path, message: str, runs: int) -> None:
    failed = {"diagnosticEvent": {"severity": "error", "urn": AKS, "message": message}}
    count = f"echo run >> '{tmp_path}/runs'\n[ $(grep -c run '{tmp_path}/runs') -gt 1 ]"
    up = engine(tmp_path, json.dumps(failed), SUMMARY, then=count)
    if runs == 1:
        with pytest.raises(ResourceFailures):
            brought_up(partial(Terminal().carry_out, up))
    else:
        assert brought_up(partial(Terminal().carry_out, up)).changes["create"] == 2
    assert (tmp_path / "runs").read_text().count("run") == runs


def test_what_a_killed_run_had_in_use_is_swept_away(tmp_path: Path) -> None:
    stack = engine(tmp_path, SUMMARY, then="exit 0")
    left = state_dir() / "runs" / stack.stack / "tmp0" / "events.json"
    left.parent.mkdir(parents=True)
    left.write_text("half of an ev")
    with stack.locked():
        Terminal().carry_out(stack, "up")
    assert [path for path in (state_dir() / "runs" / stack.stack).rglob("*") if path.is_file()] == []
    assert not left.parent.exists()


def test_an_engine_that_was_killed_in_the_middle_of_a_line_is_a_failure_and_no_defect(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="exit code -9"):
        Terminal().carry_out(engine(tmp_path, SUMMARY, SUMMARY[:20], then="kill -9 $$"), "up")


def ending(file: Path) -> str:
    """A shell command that begins, and ends when it is interrupted, which it writes down."""
    return f"trap 'echo done > {file}; exit 1' INT; touch {file.parent}/began\n{LOOP}"


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_when_we_are_asked_to_end_the_engine_is_interrupted_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: signal.Signals
) -> None:
    patient = engine(tmp_path, then=ending(tmp_path / "ended"))
    monkeypatch.setattr(sys, "argv", ["polykube", "up"])
    monkeypatch.setattr(up, "up", lambda _: Terminal().carry_out(patient, "up"))
    monkeypatch.setattr(Project, "open", lambda _: None)
    before = signal.getsignal(signal.SIGTERM)
    ask_to_end = threading.Thread(target=_when_it_began, args=(tmp_path / "began", asked))
    ask_to_end.start()
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    ask_to_end.join()
    assert ended.value.code == 130
    assert (tmp_path / "ended").exists()


def test_when_we_are_killed_the_engine_is_interrupted(tmp_path: Path) -> None:
    program(tmp_path / "engine", ending(tmp_path / "ended"))
    us = f"from automation.child import Child; Child([{str(tmp_path / 'engine')!r}], '.', {{}}).wait()"
    killed = subprocess.Popen([sys.executable, "-c", us], cwd=CHECKOUT)
    eventually((tmp_path / "began").exists)
    killed.kill()
    killed.wait()
    eventually((tmp_path / "ended").exists)


def test_what_the_engine_does_is_said_once_as_it_does_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    advice = {"policyEvent": {"enforcementLevel": "advisory", "policyName": "limits", "message": "set one"}}
    told = {"diagnosticEvent": {"severity": "info#err", "message": "<{%reset%}>hello \x1b[2J[b]<{%reset%}>\n"}}
    done = {"resOutputsEvent": {"metadata": {"op": "create", "type": "a:b:C", "urn": "urn:pulumi:dev::p::a:b:C::it"}}}
    planned = {"resOutputsEvent": {**done["resOutputsEvent"], "planning": True}}
    events = [planned, told, advice, told, advice, done, json.loads(SUMMARY)]
    Terminal().carry_out(engine(tmp_path, *map(json.dumps, events), then="exit 0"), "up")
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if "pulumi up" not in line] == [
        r"hello \x1b[2J[b]",
        "advisory  limits: set one",
        "+ a:b:C it",
        "2 create, 1 unchanged",
    ]


def test_the_lock_outlives_us_in_the_engine_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second polykube is refused while the engine of one that was killed still runs."""
    monkeypatch.setattr("automation.engine._LINGER", 0.1)
    stack = f"test-{tmp_path.name}"
    path = state_dir() / "locks" / f"{stack}.lock"
    with exclusive(path) as held:
        orphan = os.posix_spawn(
            "/bin/sleep", ["sleep", "60"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, held.fileno(), 9)]
        )
    try:
        path.write_text("999999999\n")  # who signed is gone
        with pytest.raises(BusyError, match=f"process {orphan}"), engine(tmp_path).locked():
            pass
    finally:
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)


def test_the_next_run_waits_for_the_plugins_of_an_engine_that_was_killed(tmp_path: Path) -> None:
    path = state_dir() / "locks" / f"test-{tmp_path.name}.lock"
    with exclusive(path) as held:
        plugin = subprocess.Popen(["/bin/sleep", "0.5"], pass_fds=[held.fileno()])
    path.write_text("999999999\n")  # who signed is gone
    with engine(tmp_path).locked():
        assert plugin.wait() == 0


def _when_it_began(file: Path, asked: signal.Signals) -> None:
    eventually(file.exists)
    os.kill(os.getpid(), asked)
