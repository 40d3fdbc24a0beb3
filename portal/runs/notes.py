"""What the portal's own worker notes in the database for workflows. Each may be told twice, and counts once."""

from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from sqlalchemy import select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from common.errors import StackFileError
from portal.approvals import AllRules, Asked, GivenApproval, barred, missing
from portal.data.models import Webhook, now
from portal.runs.orders import Delivery, Move, Order, SaidToPlan
from portal.runs.plans import plan_of
from portal.runs.store import RunStore
from portal.runs.views import RunView
from portal.runs.webhooks import DeliveryError, deliver
from stacks.loading import load_file, stack_file


class Notes:
    """Activities on the database; `rules` say what plans need, and `project` how many nodes a stack may have."""

    def __init__(self, store: RunStore, rules: AllRules, project: Path, clock: Callable[[], datetime] = now) -> None:
        self._store, self._rules, self._project, self._clock = store, rules, project, clock

    @activity.defn(name="enter")
    def enter(self, order: Order) -> None:
        """A run was asked for."""
        self._store.enter(order)

    @activity.defn(name="move")
    def move(self, move: Move) -> None:
        """A run is in its next state."""
        self._store.move(move)

    @activity.defn(name="needs")
    def needs(self, run: str) -> list[str]:
        """What the plan of a run still needs, at this time."""
        view = self._store.get(run)
        approvals = [
            GivenApproval(each.by, self._store.role(each.by, view.stack))
            for each in view.decisions
            if each.approved and each.fingerprint == view.fingerprint
        ]
        needs = missing(self._rules.of(view.stack), self._asked(view), approvals, self._clock())
        if needs != list(view.needs):
            self._store.wants(run, needs)
        return needs

    @activity.defn(name="decide")
    def decide(self, run: str, said: SaidToPlan) -> bool:
        """Somebody said yes or no to a plan; whether that counts."""
        view = self._store.get(run)
        if said.fingerprint != view.fingerprint:
            return False
        role = self._store.role(said.by, view.stack)
        if said.approved and barred(self._rules.of(view.stack), self._asked(view), said.by, role):
            return False
        self._store.decide(run, said)
        return True

    @activity.defn(name="hooks")
    def hooks(self, stack: str, event: str) -> list[str]:
        """The webhooks that want to hear of an event."""
        with self._store.database.reading() as session:
            found = session.scalars(select(Webhook).where(Webhook.disabled.is_(False)))
            here = [each for each in found if fnmatchcase(stack, each.stack)]
            return [each.id for each in here if not each.events or event in each.events]

    @activity.defn(name="deliver")
    def deliver(self, delivery: Delivery) -> None:
        """Tell a webhook; one that is gone meanwhile is told nothing."""
        with self._store.database.reading() as session:
            hook = session.get(Webhook, delivery.hook)
        if hook is None or hook.disabled:
            return
        try:
            deliver(hook, delivery)
        except DeliveryError as refused:
            raise ApplicationError(str(refused), non_retryable=refused.for_good) from None

    def _asked(self, view: RunView) -> Asked:
        return Asked(view.author, plan_of(view.plan or {}), self._nodes(view.stack))

    def _nodes(self, stack: str) -> int | None:
        """The most nodes that a stack has by its file; None where that is not said."""
        try:
            cluster = load_file(stack_file(self._project, stack)).cluster
        except (OSError, StackFileError):
            return None
        pools = getattr(cluster, "pools", None) or getattr(cluster, "node_pools", None) or ()
        counts = [pool.as_contract().maximum for pool in pools if hasattr(pool, "as_contract")]
        return sum(counts) if counts else None
