"""Errors that a person can cause, as data. They neither log nor print; `automation.cli` shows them.

PolykubeError                    exit code 1, codes PK0xx … as below
├── ProgramError        exit 11  PK0xx  the program of a stack cannot be run: it does not compile, raises or hangs
├── StackFileError      exit 2   PK1xx  the stack file: every problem of the file at once
├── ToolchainError      exit 3   PK2xx  a binary, plugin or environment is missing or cannot be made
├── ControlPlaneError   exit 4   PK3xx  the embedded control plane does not start, stop or answer
├── EngineError         exit 5   PK4xx  pulumi failed, or was asked for what it cannot do
├── PolicyError         exit 6   PK50x  mandatory policies stopped the run
├── PolicyInputError    exit 2   PK51x  settings, waivers or manifests that policies cannot be applied with or to
├── ApprovalError       exit 12  PK52x  an approval is missing, or is for something else
├── ProjectError        exit 14  PK53x  a project of one's own cannot be made
├── BusyError           exit 7   PK6xx  another process is at it
├── RehearsalError      exit 8   PK7xx  a rehearsal cannot be held, or left something behind
├── BackupError         exit 9   PK8xx  a backup cannot be made, or does not bring back what it should
├── RevisionError       exit 10  PK90x  the revision that a change starts from cannot be had
├── ReviewError         exit 13  PK91x  a report does not get to where a change is reviewed
├── AccessError         exit 16  PK92x  nobody of a tenant can be let into a cluster
├── PortalError         exit 17  PK93x  the portal's data or the engine of its runs cannot be used
├── HealthError         exit 18  PK94x  a cluster is not healthy, or cannot be asked
└── UnsafeError         exit 19  PK95x  the portal is asked for what would let others in

Interrupted runs end with 130, wrong command lines with 64, defects of ours with 70 (as shells and sysexits have it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with its place and its cure.

    `where` is the key path (`cluster.nodePools[1].name`), `file` and `line` say where that stands, if it
    stands in a file. `found` and `allowed` are ready to be shown (secrets never are); `remedy` is a
    sentence in the imperative.
    """

    code: str
    summary: str
    where: str = ""
    file: str = ""
    line: int = 0
    found: str = ""
    allowed: str = ""
    remedy: str = ""

    @property
    def place(self) -> str:
        """`Pulumi.dev.yaml:12 at cluster.kind`, as much of it as is known."""
        file = f"{self.file}:{self.line}" if self.line else self.file
        return " at ".join(part for part in (file, self.where) if part)


class PolykubeError(Exception):
    """The base: one or more problems, all of one kind. `codes` is what the kind's codes begin with."""

    exit_code: ClassVar[int] = 1
    codes: ClassVar[str] = "PK"

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(as_text(problem) for problem in self.problems)


class ProgramError(PolykubeError):
    """The program of a stack cannot be run: it does not compile, raises or hangs."""

    exit_code = 11
    codes = "PK0"


class StackFileError(PolykubeError):
    """The stack file says something that cannot be meant."""

    exit_code = 2
    codes = "PK1"


class ToolchainError(PolykubeError):
    """A binary, plugin or environment is missing or cannot be made."""

    exit_code = 3
    codes = "PK2"


class ControlPlaneError(PolykubeError):
    """The embedded control plane does not start, stop or answer."""

    exit_code = 4
    codes = "PK3"


class EngineError(PolykubeError):
    """Pulumi failed, or was asked for what it cannot do."""

    exit_code = 5
    codes = "PK4"


class PolicyError(PolykubeError):
    """Mandatory policies stopped the run."""

    exit_code = 6
    codes = "PK50"


class PolicyInputError(PolykubeError):
    """Policies cannot be applied: settings, waivers or manifests are wrong."""

    exit_code = 2
    codes = "PK51"


class ProjectError(PolykubeError):
    """A project of one's own cannot be made."""

    exit_code = 14
    codes = "PK53"


class ApprovalError(PolykubeError):
    """An approval is missing, or is for something else."""

    exit_code = 12
    codes = "PK52"


class BusyError(PolykubeError):
    """Another process holds what this one needs."""

    exit_code = 7
    codes = "PK6"


class RehearsalError(PolykubeError):
    """A rehearsal cannot be held, or showed what would go wrong in the cloud."""

    exit_code = 8
    codes = "PK7"


class BackupError(PolykubeError):
    """A backup cannot be made, or does not bring back what it should."""

    exit_code = 9
    codes = "PK8"


class RevisionError(PolykubeError):
    """The revision that a change starts from cannot be had."""

    exit_code = 10
    codes = "PK90"


class ReviewError(PolykubeError):
    """A report does not get to where a change is reviewed."""

    exit_code = 13
    codes = "PK91"


class AccessError(PolykubeError):
    """Nobody of a tenant can be let into a cluster."""

    exit_code = 16
    codes = "PK92"


class PortalError(PolykubeError):
    """The portal's data or the engine of its runs cannot be used, or somebody asks for what is not there."""

    exit_code = 17
    codes = "PK93"


class HealthError(PolykubeError):
    """A cluster is not healthy, or cannot be asked."""

    exit_code = 18
    codes = "PK94"


class UnsafeError(PolykubeError):
    """The portal is asked for what would let others in."""

    exit_code = 19
    codes = "PK95"


def last_words(said: str, limit: int) -> str:
    """The last `limit` characters of what a program said, from the beginning of a line, or else of a word."""
    said = said.strip()
    if len(said) <= limit:
        return said
    end = said[-limit:]
    separator = "\n" if "\n" in end else " "
    return f"… {end.partition(separator)[2].strip() or end}"


def as_line(problem: Problem) -> str:
    """A problem in a line: code and summary, place, what was found and what is allowed."""
    found = [f"found {problem.found}"] if problem.found else []
    allowed = [f"allowed {problem.allowed}"] if problem.allowed else []
    parts = [f"{problem.code} {problem.summary}", *([problem.place] if problem.place else []), *found, *allowed]
    return "; ".join(" ".join(part.split()) for part in parts)


def as_text(problem: Problem) -> str:
    """A problem as plain lines: code and summary, then place, found, allowed and remedy where known."""
    lines = [f"{problem.code}: {problem.summary}"]
    for label, value in (
        ("where", problem.place),
        ("found", problem.found),
        ("allowed", problem.allowed),
        ("remedy", problem.remedy),
    ):
        if value:
            lines.append(f"  {label:<8}{value}")
    return "\n".join(lines)
