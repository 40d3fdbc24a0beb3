"""What a revision of this code asks of an earlier one, on top of which it previews: to bring a stack up by itself.

The later one writes the earlier one out, gives it a Python environment, and runs `python -P -m automation.preview.stand
SITE` there: SITE is a new site (`rehearsal.site`) with a request in it. The earlier one brings the stack up there, and
leaves an answer, and what it started running. From then on the later one works at the site by its own code.

So the form is that of the request, of the answer, and of what a site keeps: the engine's state and secrets, the
stand-in clouds' records, what control planes are started from. The later one reads FORM in the earlier one's source,
and lets it be where it is another one. Who changes one of these so that code of before cannot read it counts FORM up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from automation.preview.findings import PolicyFinding
from common.files import write_atomically

FORM: Final = 1
SOURCE: Final = "automation/preview/contract.py"
"""Where a revision says its FORM, below its code."""
MODULE: Final = "automation.preview.stand"
_REQUEST: Final = "request.json"
_ANSWER: Final = "base.json"


@dataclass(frozen=True)
class StackRequest:
    """The stack of the project in a directory is to be brought up, in which a program has `deadline` seconds."""

    project: str
    stack: str
    deadline: float | None

    def leave(self, site: Path) -> None:
        """Put it where the earlier code looks for it."""
        write_atomically(site / _REQUEST, json.dumps({"form": FORM, **asdict(self)}))

    @classmethod
    def at(cls, site: Path) -> "StackRequest":
        """What is asked for at a site."""
        told = json.loads((site / _REQUEST).read_text())
        return cls(told["project"], told["stack"], told["deadline"])


@dataclass(frozen=True)
class Answer:
    """What stands: what policies say of it, and where its API servers are, by their clusters' names; or why nothing
    does. `note` is the later revision's: what it has to say of how the stack was brought up."""

    findings: Sequence[PolicyFinding] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    note: str = ""

    def leave(self, site: Path) -> None:
        """Put it where the later code looks for it, now and whenever it comes back."""
        write_atomically(site / _ANSWER, json.dumps({"form": FORM, **asdict(self)}))

    @classmethod
    def at(cls, site: Path) -> "Answer | None":
        """What was answered at a site; None if that cannot be read."""
        try:
            told = json.loads((site / _ANSWER).read_text())
            findings = [PolicyFinding(**each) for each in told["findings"]]
            return cls(findings, told["endpoints"], told["failure"], told["note"])
        except (OSError, ValueError, LookupError, TypeError):
            return None
