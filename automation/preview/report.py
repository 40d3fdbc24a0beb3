"""The report on a change: what it does to each stack, why, what policies say, and what it leaves room for.

It is the same, byte for byte, for the same two revisions: how long things took is told elsewhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from automation.preview.bounds import Bound
from automation.preview.changes import Change, Operation
from automation.preview.drifted import Drifted
from automation.preview.findings import Compared, PolicyFinding
from automation.preview.in_json import InJson
from automation.show import number_of

MARKER = "<!-- polykube preview -->"
"""What a comment begins with, so that it is found again and updated in place."""


@dataclass(frozen=True)
class StackReport(InJson):
    """What a change does to one stack. `is_new` says that the base does not have the stack.

    `without_base` says why nothing stands that it could be compared with, and `errors` what kept the preview from its
    end, for which a command ends with `exit_code`; `code` are changed files other than the stack's that run for it;
    `unknown` is what the preview could not tell; `drift` is what stands otherwise than the state says, apart from it.
    """

    stack: str
    is_new: Annotated[bool, Field(alias="new")] = False
    without_base: str = ""
    changes: Sequence[Change] = ()
    policies: Compared = field(default_factory=Compared)
    quotas: Sequence[Bound] = ()
    nodes: Sequence[Bound] = ()
    code: Sequence[str] = ()
    errors: Sequence[str] = ()
    exit_code: int = 0
    unknown: Sequence[str] = ()
    drift: Sequence[Drifted] = ()

    @property
    def counts(self) -> Mapping[Operation, int]:
        """How many resources each operation is for; what is moved and changed at once counts as changed."""
        counted = Counter(change.operation for change in self.changes)
        return {operation: counted[operation] for operation in Operation}

    @property
    def losses(self) -> list[Change]:
        """What is deleted or replaced."""
        return [each for each in self.changes if each.is_loss]

    @property
    def others(self) -> list[Change]:
        """What is changed in place, created, imported or moved."""
        return [each for each in self.changes if not each.is_loss]

    @property
    def guarded(self) -> list[Change]:
        """The losses that somebody has to approve, by a label of the pull request or by a waiver."""
        return [each for each in self.losses if each.guarded]

    @property
    def blocking(self) -> list[PolicyFinding]:
        """The findings for which `up` would stop."""
        found = (*self.policies.new, *self.policies.standing)
        return [each for each in found if each.is_mandatory]


@dataclass(frozen=True)
class PreviewReport(InJson):
    """What a change does to the stacks that it touches. `removed` are stacks whose file is gone; `head` tells the
    commit, `edited` how many files are otherwise than in it. One that is not `rehearsed` may have no base."""

    base: str
    base_name: str
    head: str
    stacks: Sequence[StackReport]
    edited: int = 0
    removed: Sequence[str] = ()
    rehearsed: bool = True

    @property
    def title(self) -> str:
        """What is compared, in a line."""
        edited = f" with {number_of(self.edited, 'file')} not committed" if self.edited else ""
        base = f"{self.base[:12]} ({self.base_name})" if self.rehearsed else "what stands"
        return f"{self.head[:12] or 'what is here'}{edited} on {base}"

    @property
    def how(self) -> str:
        """Where it was previewed, and what that means."""
        if self.rehearsed:
            return (
                "A rehearsal: the base was brought up on stand-in clouds with a real engine and API server, and the "
                "change previewed on top. No account was asked, so nothing is known of drift or of what others made."
            )
        return "Previewed on what stands."
