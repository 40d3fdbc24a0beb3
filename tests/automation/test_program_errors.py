"""A program's own errors, which would be told as ours, or without their line."""

from pathlib import Path

import pytest

from automation.program_errors import raised_in
from tests.support.repository import Repository, make_repository

_TRACEBACK = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "{project}/__main__.py", line 5, in <module>
    run()
  File "{project}/components/pools.py", line 12, in pools
    return sizes[name]
           ~~~~~^^^^^^
  File "{project}/.venv/lib/python3.13/site-packages/pulumi/output.py", line 99, in __getitem__
    raise KeyError(name)
KeyError: 'general'
"""
_SYNTAX = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "{project}/__main__.py", line 3, in <module>
    from stacks.program import run
  File "{project}/stacks/program.py", line 7
    def run(:
            ^
SyntaxError: invalid syntax
"""


@pytest.mark.parametrize(
    ("said", "file", "line", "found"),
    [(_TRACEBACK, "components/pools.py", 12, "KeyError: 'general'"), (_SYNTAX, "stacks/program.py", 7, "SyntaxError")],
)
def test_the_last_line_of_the_authors_is_told(tmp_path: Path, said: str, file: str, line: int, found: str) -> None:
    problem = raised_in(said.format(project=tmp_path), tmp_path)
    assert problem
    assert (problem.code, problem.file, problem.line) == ("PK002", file, line)
    assert problem.found.startswith(found)


def test_an_exception_of_many_lines_is_told_whole(tmp_path: Path) -> None:
    problem = raised_in(_TRACEBACK.format(project=tmp_path).rstrip() + "\nand why\n", tmp_path)
    assert problem
    assert problem.found == "KeyError: 'general'\nand why"


@pytest.mark.parametrize("said", ["", "update failed", "dev cannot be built:\nPK407: the cluster keeps what it is"])
def test_other_errors_are_not_the_programs(tmp_path: Path, said: str) -> None:
    assert raised_in(said, tmp_path) is None


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A project that does not compile on the work tree, and did at its base."""
    made = make_repository(tmp_path_factory.mktemp("project") / "broken", "gke-dev")
    made.write("components/clusters/gke/pools.py", "def pools(:\n    pass\n")
    return made


@pytest.mark.parametrize("command", [("changed",), ("preview", "gke-dev"), ("preview", "--changed")], ids=" ".join)
def test_what_does_not_compile_is_the_authors_error(
    broken: Repository, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = broken.polykube(*command, "--base", "main", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 11, done.stdout + done.stderr
    assert "✗ PK001 the program does not compile" in done.stderr
    assert "components/clusters/gke/pools.py:1" in done.stderr
    assert "def pools(:" in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    assert not list(tmp_path.rglob("*-base-*"))
