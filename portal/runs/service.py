"""What pages, the API and commands do with runs. `portal.runs.temporal.TemporalRuns` carries it out.

Whoever calls has seen to it that the user may do that (`portal.data.roles`); whether a plan has the approvals that it
needs is looked at here.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from common.errors import ApprovalError, PortalError
from portal.runs.views import Action, EventView, RunView, StackView


class NoRunError(PortalError):
    """There is no such run."""


class BarredError(ApprovalError):
    """Somebody else has to give this approval."""


class RunService(Protocol):
    """Runs of stacks. Errors are `common.errors.PolykubeError`s: NoRunError where there is no such run, PK934
    where the engine of runs does not answer.
    """

    async def start(
        self, stack: str, action: Action, author: str, reason: str, stack_file: str | None = None
    ) -> RunView:
        """Begin a run: it is planned, and waits for an approval.

        `stack_file` is the text of a stack file in place of that in the project, or of a new stack. StackFileError for
        one that cannot be used, BusyError (PK604) while another run has the stack.
        """
        ...

    async def approve(self, run: str, by: str, fingerprint: str) -> RunView:
        """Say yes to the plan with this fingerprint; it is applied as soon as nothing more is needed.

        ApprovalError for another fingerprint than the plan's, or when none waits; BarredError where `by` may not.
        """
        ...

    async def reject(self, run: str, by: str, reason: str) -> RunView:
        """Say no to a plan that waits; ApprovalError (PK523) when none does."""
        ...

    async def cancel(self, run: str, by: str) -> RunView:
        """Have a run end: the engine ends what is under way. Nothing happens to one that has ended."""
        ...

    async def get(self, run: str) -> RunView:
        """A run."""
        ...

    async def list(self, stack: str | None = None, limit: int = 100) -> Sequence[RunView]:
        """The newest runs, of one stack or of all, without their plans."""
        ...

    def events(self, run: str, after: int = 0) -> AsyncIterator[EventView]:
        """Every event after the number `after`, as it comes, each once, until the run has ended."""
        ...

    async def stack(self, stack: str) -> StackView:
        """What is known of a stack beside its runs."""
        ...

    async def live_until(self, stack: str, until: datetime | None, by: str) -> StackView:
        """Have a stack's destruction planned at a time, with a warning before; None: it lives on."""
        ...

    async def watch_drift(self, stack: str, every: timedelta | None, by: str) -> None:
        """Look at a stack again and again, and note what has drifted; None: no longer."""
        ...
