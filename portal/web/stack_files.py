"""The stack files of a project, as lists show them: each is read again when it has changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from automation.new.questions import KINDS, Question
from automation.project import stack_names
from common.errors import Problem
from common.paths import CHECKOUT
from portal.web.editing import check
from spec.documents import STACK_FILE, text_of
from stacks.config import StackSpec
from stacks.loading import stack_file

NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""What a new stack may be called: what a namespace may be, for clusters are named after stacks."""


@dataclass(frozen=True)
class StackSummary:
    """What a stack's file says of it; the problems alone where it is not accepted. `groups` are tenants' people."""

    name: str
    problems: Sequence[Problem] = ()
    kind: str = ""
    cloud: str = ""
    stage: str = ""
    version: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def tenants(self) -> Sequence[str]:
        """The names of its tenants."""
        return list(self.groups)


class StackFiles:
    """Those of the project in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self._known: dict[str, tuple[object, StackSummary]] = {}

    def names(self) -> list[str]:
        """The stacks that have a file."""
        return stack_names(self.directory)

    def has(self, stack: str) -> bool:
        """Whether a stack has a file."""
        return stack in self.names()

    def text(self, stack: str) -> str:
        """What a stack's file says; LookupError if there is none that can be read."""
        if not self.has(stack):
            raise LookupError(stack)
        found = text_of(stack_file(self.directory, stack), STACK_FILE)
        if isinstance(found, str):
            return found
        raise LookupError(f"{stack}: {found.found}")

    def spec(self, stack: str) -> StackSpec | None:
        """What an accepted file says."""
        return check(self.text(stack), stack, self.directory).spec

    def group(self, stack: str, tenant: str) -> str:
        """The group of a tenant's people."""
        return self.summary(stack).groups.get(tenant, "")

    def summary(self, stack: str) -> StackSummary:
        """A stack in short."""
        status = stack_file(self.directory, stack).stat()
        version = (status.st_mtime_ns, status.st_size)
        known = self._known.get(stack)
        if known is None or known[0] != version:
            known = self._known[stack] = version, self._read(stack)
        return known[1]

    def _read(self, stack: str) -> StackSummary:
        found = check(self.text(stack), stack, self.directory)
        if found.spec is None:
            return StackSummary(stack, found.problems)
        cluster: Any = found.spec.cluster
        version = getattr(cluster, "version", None) or ""
        groups = {each.name: each.group for each in found.spec.tenants}
        return StackSummary(stack, (), cluster.kind, cluster.cloud, found.spec.stage, version, groups)


def template(kind: str, name: str) -> str:
    """A stack file to begin with, of a kind of cluster: this checkout's own, without the add-ons that it shows."""
    text = (CHECKOUT / KINDS[kind].template).read_text()
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#+")) + "\n"
    return re.sub(r"(?<=The stack `)[^`]+", name, kept, count=1)


def kinds() -> list[str]:
    """The kinds of cluster that there is such a file for."""
    return list(KINDS)


def questions(kind: str) -> Sequence[Question]:
    """What in it only whoever makes the stack knows, with the example that stands for it."""
    return KINDS[kind].questions
