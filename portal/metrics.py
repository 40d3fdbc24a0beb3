"""The portal's metrics for Prometheus, on a port of their own: they are no page of it, and need no sign-in there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from common.errors import PolykubeError
from portal.data.database import Database
from portal.data.models import StackWatch, StoredRun, now
from portal.runs.views import RunState

_WAITING: Final = (RunState.QUEUED, RunState.PLANNED)


@contextmanager
def metrics(database: Database, host: str, port: int) -> Iterator[None]:
    """Give metrics on a port until the end of the block; on none when it is 0."""
    if not port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(Runs(database))
    server, thread = start_http_server(port, host, registry)
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Runs(Collector):
    """What the database says of runs when Prometheus asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing: the database is not asked before somebody wants to know."""
        return []

    def collect(self) -> Iterator[Metric]:
        """How many runs are in each state, for how long the oldest waits, how many stacks have drifted."""
        up = GaugeMetricFamily("polykube_portal_database_up", "Whether the portal's database answers.")
        try:
            yield from self._of_runs()
        except PolykubeError:
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
        yield up

    def _of_runs(self) -> list[Metric]:
        runs = GaugeMetricFamily("polykube_portal_runs", "Runs by action and state.", None, ["action", "state"])
        waits = GaugeMetricFamily(
            "polykube_portal_oldest_seconds",
            "How old the oldest run is that waits in a state.",
            None,
            ["state"],
        )
        drifted = GaugeMetricFamily("polykube_portal_drifted_stacks", "Stacks that are not as they were made.")
        with self._database.reading() as session:
            for action, state, count in session.execute(
                select(StoredRun.action, StoredRun.state, func.count()).group_by(StoredRun.action, StoredRun.state)
            ):
                runs.add_metric([action, state], count)
            for state in _WAITING:
                since = func.min(func.coalesce(StoredRun.planned_at, StoredRun.created_at))
                oldest = session.scalar(select(since).where(StoredRun.state == state))
                waits.add_metric([state], (now() - oldest).total_seconds() if oldest else 0)
            drifted.add_metric([], sum(bool(drift) for drift in session.scalars(select(StackWatch.drift))))
        return [runs, waits, drifted]
