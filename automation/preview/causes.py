"""Which edits of the stack file each change comes from: those without which the program asks for something else."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import yaml

from automation.preview.changes import Cause, Change
from automation.preview.edits import Edit
from automation.preview.trace import Asked, differs
from automation.rehearsed_project import RehearsedProject
from rehearsal.plugins import interpreter
from spec.documents import read
from stacks.loading import stack_file

_MOST: Final = 24  # edits that are tried one by one; a file with more of them is another file
_PATIENCE: Final = 300.0  # seconds; each run of a program without its engine takes about one


def traced(
    changes: Sequence[Change], made: Sequence[Edit], rehearsed: RehearsedProject, *, alone: bool
) -> list[Change]:
    """The changes with the edits that they come from, as far as that is known.

    `alone` says that nothing but the stack file differs, so that a single edit is the cause of everything.
    """
    file = stack_file(rehearsed.original.directory, rehearsed.original.stack)
    causes = [each.cause(file.name) for each in made]
    if len(made) == 1 and alone:
        return [replace(change, causes=causes) for change in changes]
    asked = _asked(rehearsed, made) if changes and 0 < len(made) <= _MOST else []
    now, *without = asked or [None]
    if now is None:
        return list(changes)
    found = [
        replace(
            change,
            causes=[
                cause
                for cause, then in zip(causes, without, strict=True)
                if then is not None and differs(change.title, change.properties, now, then)
            ],
        )
        for change in changes
    ]
    return _inherited(found)


def _inherited(changes: Sequence[Change]) -> list[Change]:
    """Changes that only follow others with the causes of these."""
    known: dict[str, Sequence[Cause]] = {each.title: each.causes for each in changes}
    for _ in changes:
        before = dict(known)
        for each in changes:
            if not known[each.title]:
                known[each.title] = list(dict.fromkeys(it for title in each.follows for it in known.get(title, ())))
        if known == before:
            break
    return [replace(each, causes=known[each.title]) for each in changes]


def _asked(rehearsed: RehearsedProject, made: Sequence[Edit]) -> Sequence[Asked | None]:
    """What the program asks for as it is, and without each of the edits."""
    project = rehearsed.original
    (node,) = read(stack_file(project.directory, project.stack)).nodes
    document = node.plain()
    files = [document, *(each.undone(document) for each in made)]
    given = {"stack": project.stack, "files": [yaml.safe_dump(each, sort_keys=False) for each in files]}
    try:
        done = subprocess.run(
            [str(interpreter()), "-m", "automation.preview.trace"],
            cwd=rehearsed.site.project,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return []
    return json.loads(done.stdout) if done.returncode == 0 else []
