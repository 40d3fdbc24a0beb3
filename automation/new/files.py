"""The files of a new project: those of every project, and the stack file of its kind with what the user answered."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Final

from automation.new.questions import ProjectKind
from common.paths import CHECKOUT

_TEMPLATES: Final = Path(__file__).parent / "templates"
PINNED: Final = "polykube"
"""Where polykube is in a project; the templates say so, too."""
_PLACES: Final = {
    "Pulumi.yaml": "Pulumi.yaml",
    "README.md": "README.md",
    "Makefile": "Makefile",
    "gitignore": ".gitignore",
    "waivers.yaml": "policy/waivers.yaml",
    "preview.yml": ".github/workflows/preview.yml",
}
_LOCAL: Final = "    kind: local\n"
_DOES: Final = {
    "check": "check the stack file",
    "rehearse": "the stack's whole life on a stand-in cloud, without credentials",
    "up": "bring the stack up",
    "status": "show what stands",
}


def files(name: str, kind: ProjectKind, answers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each file of a project called `name`, by its path in it, with its content."""
    first, second = (f"make {each:<9} # {_DOES[each]}" for each in kind.first)
    values = {"name": name, "stack": kind.stack, "first": first, "second": second}
    for template, place in _PLACES.items():
        text = (_TEMPLATES / template).read_text()
        yield place, text if template == "preview.yml" else Template(text).substitute(values)
    yield f"Pulumi.{kind.stack}.yaml", _stack_file(name, kind, answers)


def _stack_file(name: str, kind: ProjectKind, answers: Mapping[str, str]) -> str:
    """The template of a kind with each answer in its place, and with paths that lead into the pinned polykube."""
    text = (CHECKOUT / kind.template).read_text()
    text = text.replace(_LOCAL, f"{_LOCAL}    name: {name}-dev # control planes of this machine are told apart by it\n")
    given = {question.example: answers[question.name] for question in kind.questions}
    if given:  # all in one go: an answer may be another question's example, and an example a part of another
        examples = "|".join(re.escape(each) for each in sorted(given, key=len, reverse=True))
        text = re.sub(examples, lambda found: given[found[0]], text)
    for directory in ("docs/", "examples/"):
        text = text.replace(directory, f"{PINNED}/{directory}")
    return text
