"""Exit codes and messages that scripts and people cannot rely on. One command plays all that can go wrong."""

import sys

import pytest

from automation import cli
from automation.project import Project
from common.errors import (
    AccessError,
    ApprovalError,
    BackupError,
    BusyError,
    ControlPlaneError,
    EngineError,
    HealthError,
    PolicyError,
    PolicyInputError,
    PolykubeError,
    PortalError,
    Problem,
    ProgramError,
    ProjectError,
    RehearsalError,
    ReviewError,
    RevisionError,
    StackFileError,
    ToolchainError,
    UnsafeError,
)

CODES = {
    StackFileError: 2,
    PolicyInputError: 2,
    ToolchainError: 3,
    ControlPlaneError: 4,
    EngineError: 5,
    PolicyError: 6,
    BusyError: 7,
    RehearsalError: 8,
    BackupError: 9,
    RevisionError: 10,
    ProgramError: 11,
    ApprovalError: 12,
    ReviewError: 13,
    ProjectError: 14,
    AccessError: 16,
    PortalError: 17,
    HealthError: 18,
    UnsafeError: 19,
}
PROBLEM = Problem(
    code="PK999",
    summary="something [bold]is[/bold] wrong",
    where="a.b[0]",
    file="F.yaml",
    line=3,
    found="two\nlines",
    allowed="one",
    remedy="mend it",
)


def outcome(monkeypatch: pytest.MonkeyPatch, raised: BaseException, *options: str) -> object:
    """How `polykube OPTIONS check` ends when `raised` is."""

    def fail(_: str) -> Project:
        raise raised

    monkeypatch.setattr(Project, "open", fail)
    monkeypatch.setattr(sys, "argv", ["polykube", *options, "check"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_each_kind_of_error_has_its_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: type[PolykubeError], code: int
) -> None:
    assert outcome(monkeypatch, kind(PROBLEM)) == code
    written = capfd.readouterr()
    assert "PK999" in written.err
    assert written.out == ""


def test_every_kind_of_error_is_in_the_table() -> None:
    assert set(PolykubeError.__subclasses__()) == set(CODES)


def test_an_error_says_everything_in_order_and_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome(monkeypatch, StackFileError([PROBLEM, PROBLEM]))
    shown = [line.rstrip() for line in capfd.readouterr().err.splitlines()]
    one = [
        "✗ PK999 something [bold]is[/bold] wrong",
        "  where    F.yaml:3 at a.b[0]",
        "  found    two",
        "           lines",
        "  allowed  one",
        "  do       mend it",
    ]
    assert shown == [*one, *one, "2 problems"]


def test_a_defect_is_70_and_shows_its_traceback_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert outcome(monkeypatch, KeyError("oops")) == 70
    shown = capfd.readouterr().err
    assert "defect in polykube: KeyError('oops'); `polykube --debug …` shows where" in shown
    assert "Traceback" not in shown
    with pytest.raises(KeyError):
        outcome(monkeypatch, KeyError("oops"), "--debug")


def test_debug_shows_where_an_error_was_raised(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert outcome(monkeypatch, StackFileError(PROBLEM), "--debug") == 2
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize(
    "raised",
    [PermissionError(13, "Permission denied", "/cache/bin"), OSError(28, "No space left on device", "/cache/a")],
)
def test_a_place_that_cannot_be_used_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], raised: OSError
) -> None:
    assert outcome(monkeypatch, raised) == 3
    shown = capfd.readouterr().err
    assert "✗ PK205 a file or directory cannot be used" in shown
    assert str(raised.filename) in shown
    assert str(raised.strerror) in shown
    assert "XDG_CACHE_HOME" in shown


def test_an_interruption_is_130(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert outcome(monkeypatch, KeyboardInterrupt()) == 130
    assert "interrupted; run the same command again to go on from here" in capfd.readouterr().err


@pytest.mark.parametrize("arguments", [["chekc"], ["check", "--stak", "dev"], ["check", "dev"], []])
def test_a_wrong_command_line_is_64(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["polykube", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 64
    assert "Usage: " in "".join(capfd.readouterr())
