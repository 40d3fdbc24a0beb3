"""`polykube promote --from A --to B`: what two stack files differ in by meaning.

Entries of lists are known by their names; comments, order and quotes are no differences. Both files are validated
first, so that what is compared is what the program would take.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.markup import escape

from automation.preview.edits import edits
from automation.preview.values import ABSENT, SECRET, text
from automation.project import Project
from automation.show import number_of, out
from spec.documents import read
from spec.problems import key_path
from spec.values import without_secrets
from stacks.loading import stack_file

_NOTHING: Final = "–"


@dataclass(frozen=True)
class ConfigDifference:
    """A value that is another one in the two files, or in one alone; secrets are masked. `file` and `line` say where
    it stands: in the target, or else in the source."""

    where: str
    source: Any
    target: Any
    file: str
    line: int


def show_promotion(source: str, target: str, *, as_json: bool) -> None:
    """Say what `target` has otherwise than `source`; StackFileError for a file that cannot be used."""
    found = list(differences(Project.open(source), Project.open(target)))
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
        return
    for each in found:
        place = f"[dim]{escape(each.file)}:{each.line}[/dim]"
        out.print(f"{place}  {escape(each.where)}  {_shown(each.source)} → {_shown(each.target)}", soft_wrap=True)
    count = number_of(len(found), "difference") if found else "no difference"
    out.print(f"{count} between Pulumi.{source}.yaml and Pulumi.{target}.yaml", soft_wrap=True)


def differences(source: Project, target: Project) -> Iterator[ConfigDifference]:
    """What two stacks' files differ in, in the order of the target's."""
    one, other = (stack_file(each.directory, each.stack) for each in (source, target))
    (before,), (after,) = read(one).nodes, read(other).nodes
    for edit in edits(before, after):
        was, now = (without_secrets(each, SECRET) for each in (edit.before, edit.after))
        shown = key_path(tuple(each for each in edit.at if each != "config"))
        yield ConfigDifference(shown, was, now, (one if now is ABSENT else other).name, edit.line)


def _shown(value: Any) -> str:
    return _NOTHING if value is ABSENT else escape(text(value))
