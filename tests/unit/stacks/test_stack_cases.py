"""A stack file that is accepted wrongly, or refused in words that do not help.

`cases/<kind>.<ok|error>.<what>.yaml` are the specification. The comments at the top of an error case name
every problem and no other: `# expect CODE | LINE | KEY PATH | part of the text`; the line has a file name
before it when the problem is in a manifest. Those of an accepted case name its warnings: `# warn CODE | KEY PATH | …`.
"""

import re
import shutil
from pathlib import Path

import pytest

from common.errors import Problem, StackFileError, as_text
from spec.problems import Code
from stacks.loading import load_file, warnings_of

CASES = Path(__file__).parent / "cases"
OK = sorted(CASES.glob("*.ok.*.yaml"))
ERRORS = sorted(CASES.glob("*.error.*.yaml"))
EXPECTED = re.compile(r"^# expect (PK\d+) \| (\S*) \| (.*?) \| (.+)$", re.MULTILINE)

WARNED = re.compile(r"^# warn (PK\d+) \| (.*?) \| (.+)$", re.MULTILINE)


def problems_of(case: Path, directory: Path) -> tuple[Problem, ...]:
    """What is wrong with a case, when it is the file of a stack called dev."""
    shutil.copytree(CASES / "files", directory / "files")
    path = directory / "Pulumi.dev.yaml"
    shutil.copy(case, path)
    try:
        load_file(path)
    except StackFileError as error:
        return error.problems
    return ()


def lines_of(case: Path) -> list[str]:
    return case.read_text(errors="replace").splitlines() if case.is_file() else []


def place_of(problem: Problem) -> str:
    file = Path(problem.file).name
    return str(problem.line) if file == "Pulumi.dev.yaml" else f"{file}:{problem.line}"


@pytest.mark.parametrize("case", OK, ids=lambda case: case.stem)
def test_a_right_file_is_accepted(case: Path, tmp_path: Path) -> None:
    assert [as_text(problem) for problem in problems_of(case, tmp_path)] == []


@pytest.mark.parametrize("case", OK, ids=lambda case: case.stem)
def test_what_should_be_looked_at_in_a_right_file_is_said(case: Path, tmp_path: Path) -> None:
    shutil.copytree(CASES / "files", tmp_path / "files")
    shutil.copy(case, tmp_path / "Pulumi.dev.yaml")
    expected = [match.groups() for match in WARNED.finditer(case.read_text())]
    warned = warnings_of(load_file(tmp_path / "Pulumi.dev.yaml"))
    assert [(p.code, p.where) for p in warned] == [parts[:2] for parts in expected]
    for problem, (*_, fragment) in zip(warned, expected, strict=True):
        assert fragment in as_text(problem)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.stem)
def test_a_wrong_file_is_refused_with_every_problem_its_place_and_its_cure(case: Path, tmp_path: Path) -> None:
    expected = [match.groups() for match in EXPECTED.finditer(case.read_text(errors="replace"))]
    problems = problems_of(case, tmp_path)
    assert [(p.code, place_of(p), p.where) for p in problems] == [parts[:3] for parts in expected]
    for problem, (*_, fragment) in zip(problems, expected, strict=True):
        assert fragment in as_text(problem)
        assert problem.remedy


def test_problems_are_sorted_by_line_within_a_file(tmp_path: Path) -> None:
    lines = [problem.line for problem in problems_of(CASES / "local.error.many-at-once.yaml", tmp_path)]
    assert lines == sorted(lines)
    assert len(set(lines)) > 1


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name.lower())
def test_every_code_has_a_case(code: Code) -> None:
    wanted = (f"# expect {code.id} ", f"# warn {code.id} ")
    assert any(line.startswith(wanted) for case in CASES.glob("*") for line in lines_of(case))


def test_codes_are_unique_and_explained() -> None:
    assert len({code.id for code in Code}) == len(Code)
    for code in Code:
        assert re.fullmatch(r"PK1\d\d", code.id)
        assert code.title
        assert code.explanation.endswith(".")


def test_every_file_among_the_cases_is_run() -> None:
    assert {*OK, *ERRORS} == set(CASES.glob("*.*"))


def test_no_word_of_the_validation_library_reaches_the_user(tmp_path: Path) -> None:
    for index, case in enumerate(ERRORS):
        text = "\n".join(as_text(problem) for problem in problems_of(case, tmp_path / str(index)))
        assert not re.search(
            r"pydantic|Input should|union|tag '|discriminator|valid dictionary|tuple|NoneType", text
        ), case


def test_a_secret_in_the_open_is_not_repeated(tmp_path: Path) -> None:
    problems = problems_of(CASES / "existing.error.secret-in-the-open.yaml", tmp_path)
    assert "hunter2" not in str(StackFileError(problems))


def test_a_syntax_error_shows_its_line_with_a_caret(tmp_path: Path) -> None:
    (problem,) = problems_of(CASES / "local.error.not-yaml.yaml", tmp_path)
    _, line, caret = problem.found.splitlines()
    assert line.strip() == "polykube:stage: dev: eu"
    assert line[caret.index("^")] == ":"
