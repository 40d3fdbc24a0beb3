"""An environment that is taken for finished when it is not, or made anew when nothing has changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from common.paths import CHECKOUT


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Where packages are to go."""
    return tmp_path / "packages"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with nothing in it but what an environment is made from, and with its environment made."""
    directory = tmp_path_factory.mktemp("checkout")
    for name in ("bootstrap.py", "pyproject.toml", "requirements.lock", "README.md"):
        shutil.copy(CHECKOUT / name, directory)
    made = bootstrapped(directory, sys.executable)
    assert "adding the polykube command" in made
    return directory


def bootstrapped(checkout: Path, python: str | Path, *clouds: str) -> str:
    """What a run of bootstrap.py says; it has to succeed."""
    command = [python, checkout / "bootstrap.py", *clouds]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=checkout)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_second_run_does_nothing_and_says_nothing(checkout: Path) -> None:
    assert (checkout / ".venv" / "bin" / "polykube").is_file()
    assert bootstrapped(checkout, sys.executable) == ""


def test_a_clouds_sdk_comes_when_it_is_asked_for(checkout: Path) -> None:
    question = "import importlib.util as u; print(u.find_spec('pulumi_gcp'))"
    asks = [str(checkout / ".venv" / "bin" / "python"), "-c", question]
    assert subprocess.check_output(asks, text=True) == "None\n"
    bootstrapped(checkout, sys.executable, "gcp")
    assert "origin=" in subprocess.check_output(asks, text=True)
    assert bootstrapped(checkout, sys.executable, "gcp") == ""


def test_a_cloud_that_there_is_not_is_an_error(checkout: Path) -> None:
    command = [sys.executable, str(checkout / "bootstrap.py"), "gpc"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "PK206: there is no such cloud" in done.stderr
    assert "found   gpc" in done.stderr


def test_an_environment_that_was_half_made_is_made_anew(checkout: Path) -> None:
    (checkout / ".venv" / "polykube.stamp").unlink()  # it is written last
    (checkout / ".venv" / "bin" / "polykube").unlink()
    bootstrapped(checkout, sys.executable)
    assert (checkout / ".venv" / "bin" / "polykube").is_file()


def test_an_activated_environment_can_be_made_anew_from_within(checkout: Path) -> None:
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert "making .venv" in bootstrapped(checkout, checkout / ".venv" / "bin" / "python")
    assert (checkout / ".venv" / "bin" / "polykube").is_file()


def test_packages_get_their_name_only_when_all_are_there(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half_done(_: str, command: list[str], __: int) -> None:
        target = Path(command[command.index("--target") + 1])
        target.mkdir()
        (target / "half.py").touch()
        raise KeyboardInterrupt

    def done(_: str, command: list[str], __: int) -> None:
        Path(command[command.index("--target") + 1]).joinpath("whole").mkdir(parents=True)

    monkeypatch.setattr(bootstrap, "run", half_done)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install("nothing", "", packages, usually=1)
    (left,) = packages.parent.glob("*.partial")
    left.rename(packages.with_suffix(".1.partial"))  # of another process
    assert not packages.exists()
    monkeypatch.setattr(bootstrap, "run", done)
    bootstrap.install("nothing", "", packages, usually=1)
    assert [each.name for each in packages.iterdir()] == ["whole"]
    assert not list(packages.parent.glob("*.partial"))


def test_a_python_that_is_too_old_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bootstrap.shutil.which", lambda _: None)
    monkeypatch.setattr("bootstrap.sys.version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as ended:
        bootstrap.main()
    message = str(ended.value.code)
    assert message.startswith("PK201: this Python is too old")
    assert "allowed Python 3.11 or newer" in message
    assert "python3-venv" in message
    assert capsys.readouterr().out == ""


def test_a_newer_python_on_path_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str]]] = []

    def execute(path: str, arguments: list[str]) -> None:
        started.append((path, arguments))
        raise SystemExit

    monkeypatch.setattr("bootstrap.sys.version_info", (3, 9, 2))
    monkeypatch.setattr("bootstrap.shutil.which", lambda name: f"/opt/{name}" if name == "python3.12" else None)
    monkeypatch.setattr("bootstrap.os.execv", execute)
    with pytest.raises(SystemExit):
        bootstrap.main()
    assert [path for path, _ in started] == ["/opt/python3.12"]


def test_a_failing_installation_shows_what_it_said_and_how_to_go_on() -> None:
    with pytest.raises(SystemExit) as ended:
        bootstrap.run("installing", [sys.executable, "-c", "import sys; sys.exit('no such index')"], usually=1)
    message = str(ended.value.code)
    assert message.startswith("PK203: installing failed")
    assert "no such index" in message
    assert "run the same command again" in message
