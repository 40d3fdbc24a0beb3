"""`polykube new DIR`: ask what only the user knows, write the project, pin polykube in it, and say what comes next."""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import typer

from automation.new.files import PINNED, files
from automation.new.pinned import pin
from automation.new.questions import KINDS, ProjectKind
from automation.show import out
from common.errors import Problem, ProjectError, StackFileError
from common.files import write_atomically
from common.paths import CHECKOUT
from stacks.loading import load_file

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def make_project(directory: Path, kind: str, given: Sequence[str], source: str) -> None:
    """Make a project at `directory`, which is not there yet or empty.

    `given` are answers as `name=value`; on a terminal the others are asked for. Raises ProjectError with every problem
    (PK531 and PK532 for the directory, PK533 and PK534 for answers, PK535 when polykube cannot be pinned), and
    StackFileError where an answer cannot be; nothing is written then.
    """
    wanted = KINDS[kind]
    answers = dict(each.split("=", 1) for each in given if "=" in each)
    if sys.stdin.isatty():
        answers |= _asked(wanted, answers)
    problems = [*_of_directory(directory), *_of_answers(kind, wanted, given, answers)]
    if problems:
        raise ProjectError(problems)
    content = dict(files(directory.resolve().name, wanted, answers))
    _check(directory / f"Pulumi.{wanted.stack}.yaml", content[f"Pulumi.{wanted.stack}.yaml"])
    for place, text in content.items():
        write_atomically(directory / place, text)
    commit = pin(directory, source)
    _tell(directory, wanted, list(content), commit)


def _asked(kind: ProjectKind, answers: Mapping[str, str]) -> dict[str, str]:
    return {
        each.name: typer.prompt(f"{each.text}, such as {each.example}", err=True)
        for each in kind.questions
        if each.name not in answers
    }


def _of_directory(directory: Path) -> Iterator[Problem]:
    name = directory.resolve().name
    if not _NAME.fullmatch(name):
        yield Problem(
            code="PK531",
            summary="a project cannot be called like that",
            where=str(directory),
            found=name,
            allowed="letters, digits, `-`, `_` and `.`; Pulumi's stacks are named after it",
            remedy="name another directory",
        )
    if directory.exists() and (not directory.is_dir() or any(each.name != ".git" for each in directory.iterdir())):
        yield Problem(
            code="PK532",
            summary="there is something where the project shall be",
            where=str(directory),
            found="a file" if not directory.is_dir() else ", ".join(sorted(each.name for each in directory.iterdir())),
            allowed="a directory that is not there yet, or empty but for .git",
            remedy="name another directory",
        )


def _of_answers(name: str, kind: ProjectKind, given: Sequence[str], answers: Mapping[str, str]) -> Iterator[Problem]:
    known = {each.name for each in kind.questions}
    allowed = ", ".join(f"{each.name}=…" for each in kind.questions) or f"none: the kind {name} asks nothing"
    for each in given:
        if each.partition("=")[0] not in known or "=" not in each:
            yield Problem(
                code="PK533",
                summary="that answers no question",
                where="--answer",
                found=each,
                allowed=allowed,
                remedy="leave it out",
            )
    for question in kind.questions:
        if not answers.get(question.name, "").strip():
            yield Problem(
                code="PK534",
                summary=f"what nobody else can know is missing: {question.text}",
                where=f"--answer {question.name}=…",
                found="no answer",
                allowed=f"a value such as {question.example}",
                remedy=f"give --answer {question.name}=…, or run this on a terminal",
            )


def _check(file: Path, text: str) -> None:
    """StackFileError for answers that cannot be, before anything is written."""
    with tempfile.TemporaryDirectory(prefix="polykube-new-") as scratch:
        draft = Path(scratch, file.name)
        draft.write_text(text)
        (draft.parent / PINNED).symlink_to(CHECKOUT)
        try:
            load_file(draft)
        except StackFileError as error:
            raise StackFileError([replace(each, file=str(file)) for each in error.problems]) from None


def _tell(directory: Path, kind: ProjectKind, places: Sequence[str], commit: str) -> None:
    for place in sorted(places):
        out.print(f"[green]✓[/green] {directory / place}", soft_wrap=True)
    out.print(f"[green]✓[/green] {directory / 'polykube'}, pinned at {commit[:12]}", soft_wrap=True)
    out.print(f"\nnext  cd {directory} && make {kind.first[0]}", soft_wrap=True)
    out.print("      git commit, when it is as you want it")
