"""A rendering of upstream's manifests that is used though nobody looked at it, or is not there and nobody says so.

A script plays upstream's tool; tests/e2e and tests/contract run the real one.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import automation.bundles
import components.addons.bundles
from automation.bundles import bundles, ensure_all, ensure_bundles
from common.errors import PolykubeError
from common.paths import REHEARSAL
from components.addons.bundles import Bundle, load, read_bundles
from tests.support.needs import anything_made
from tests.support.programs import program

_LOCK: Final = """
[mesh] # a comment that stays
version = "1.31.1"
tool = "istioctl"
arguments = ["manifest", "--tag={version}"]
sha256 = ""
"""
_STAND_IN: Final = 'stand-in = "components/addons/load_balancing/stand-in.yaml"\n'


def manifest(name: str, value: str) -> str:
    return f"data: {{key: {value}}}\nmetadata: {{name: {name}}}\nkind: ConfigMap\napiVersion: v1\n---\n"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lock with the one bundle `mesh`, of which nothing is accepted yet, and an empty cache."""
    file = tmp_path / "addons.lock"
    file.write_text(_LOCK)
    for module in (automation.bundles, components.addons.bundles):
        monkeypatch.setattr(module, "LOCK", file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    anything_made(monkeypatch)
    read_bundles.cache_clear()
    let_tool_print(tmp_path, manifest("b", "old"), manifest("a", "old"))
    yield file
    read_bundles.cache_clear()  # whatever runs next reads the project's lock again


def let_tool_print(directory: Path, *printed: str, then: str = "exit 0") -> None:
    """Let the tool print these documents, and end with the shell command `then`."""
    (directory / "printed").write_text("---\n".join(printed))
    version = 'if [ "$1" = version ]; then echo 1.31.1; exit 0; fi'
    program(directory / "bin" / "istioctl", f"{version}\ncat '{directory}/printed'\n{then}")


def problem_of(error: pytest.ExceptionInfo[PolykubeError]) -> tuple[str, str]:
    (problem,) = error.value.problems
    return problem.code, problem.found


def test_what_nobody_accepted_is_not_used(lock: Path) -> None:
    with pytest.raises(PolykubeError) as error:
        ensure_bundles(["mesh"])
    assert problem_of(error)[0] == "PK216"
    with pytest.raises(PolykubeError) as error:
        load("mesh")
    assert problem_of(error)[0] == "PK214"
    assert lock.read_text() == _LOCK


def test_what_was_accepted_is_loaded_in_one_order_and_never_rendered_again(lock: Path, tmp_path: Path) -> None:
    bundles(accept=True)
    assert "# a comment that stays" in lock.read_text()
    assert [each["metadata"]["name"] for each in load("mesh")] == ["a", "b"]
    let_tool_print(tmp_path, then="exit 1")
    ensure_bundles(["mesh"])


def test_documents_in_another_order_are_the_same_rendering(lock: Path, tmp_path: Path) -> None:
    bundles(accept=True)
    accepted = lock.read_text()
    let_tool_print(tmp_path, manifest("a", "old"), manifest("b", "old"), "# nothing\n")
    bundles(accept=False)
    assert lock.read_text() == accepted


def test_a_changed_rendering_is_refused_with_what_changed_and_the_accepted_one_stays(
    lock: Path, tmp_path: Path
) -> None:
    bundles(accept=True)
    accepted = lock.read_text()
    let_tool_print(tmp_path, manifest("a", "old"), manifest("b", "new"))
    with pytest.raises(PolykubeError) as error:
        bundles(accept=False)
    code, found = problem_of(error)
    assert code == "PK216"
    assert {line for line in found.splitlines() if line[1:].lstrip().startswith('"key"')} == {
        '-   "key": "old"',
        '+   "key": "new"',
    }
    assert [each["data"] for each in load("mesh")] == [{"key": "old"}, {"key": "old"}]
    assert lock.read_text() == accepted


def test_other_arguments_are_rendered_even_if_the_hash_was_forgotten(lock: Path, tmp_path: Path) -> None:
    bundles(accept=True)
    lock.write_text(lock.read_text().replace("--tag", "--other"))
    read_bundles.cache_clear()
    let_tool_print(tmp_path, manifest("a", "new"))
    with pytest.raises(PolykubeError) as error:
        ensure_bundles(["mesh"])
    assert problem_of(error)[0] == "PK216"


def test_a_rendering_that_was_damaged_is_made_anew(lock: Path) -> None:
    del lock
    bundles(accept=True)
    bundle: Bundle = read_bundles()["mesh"]
    bundle.file.write_text(json.dumps([]))
    with pytest.raises(PolykubeError) as error:
        load("mesh")
    assert problem_of(error)[0] == "PK214"
    ensure_bundles(["mesh"])
    assert len(load("mesh")) == 2


@pytest.mark.parametrize("printed", ["no manifests", "{", "kind: ConfigMap", ""])
def test_a_tool_that_prints_something_else_is_an_error_of_its_own(lock: Path, tmp_path: Path, printed: str) -> None:
    del lock
    let_tool_print(tmp_path, printed)
    with pytest.raises(PolykubeError) as error:
        ensure_bundles(["mesh"])
    assert problem_of(error)[0] == "PK215"


def test_a_tool_that_fails_is_heard(lock: Path, tmp_path: Path) -> None:
    del lock
    let_tool_print(tmp_path, manifest("a", "old"), then="echo no such profile >&2; exit 1")
    with pytest.raises(PolykubeError) as error:
        ensure_bundles(["mesh"])
    assert problem_of(error) == ("PK215", "no such profile")


def test_setup_gets_what_can_be_had_and_names_what_cannot(
    lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock.write_text(lock.read_text() + _STAND_IN)
    read_bundles.cache_clear()
    let_tool_print(tmp_path, "", then="exit 1")
    ensure_all()
    assert "mesh is out of reach" in capsys.readouterr().out


def test_a_stand_in_is_taken_by_rehearsals_only_where_the_original_cannot_be_had(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles(accept=True)
    accepted = lock.read_text()
    lock.write_text(accepted.replace("--tag", "--other") + _STAND_IN)
    read_bundles.cache_clear()
    let_tool_print(tmp_path, then="echo no route to host >&2; exit 1")
    monkeypatch.delenv(REHEARSAL, raising=False)
    with pytest.raises(PolykubeError) as error:
        ensure_bundles(["mesh"])
    assert problem_of(error) == ("PK215", "no route to host")
    assert ensure_bundles(["mesh"], rehearsal=True) == ["mesh"]
    with pytest.raises(PolykubeError) as error:
        load("mesh")
    assert problem_of(error)[0] == "PK214"
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    assert {each["kind"] for each in load("mesh")} == {"CustomResourceDefinition"}
    capsys.readouterr()
    bundles(accept=False)
    assert "out of reach" in capsys.readouterr().out
    let_tool_print(tmp_path, manifest("a", "old"), manifest("b", "old"))
    assert ensure_bundles(["mesh"], rehearsal=True) == []
    assert [each["kind"] for each in load("mesh")] == ["ConfigMap", "ConfigMap"]
