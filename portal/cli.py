"""`polykube portal`: the portal, its workers, and what whoever runs it needs beside."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from automation.cli import run
from automation.options import Debug
from automation.project import project_directory
from automation.show import out
from portal.approvals import read_rules
from portal.data import audit as log
from portal.data.database import open_database
from portal.runs.connection import NAMESPACE, TemporalCluster, connect, local_cluster
from portal.runs.server import development_server
from portal.runs.store import RunStore
from portal.runs.worker import Setup, working

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

DatabaseUrl = Annotated[
    str, typer.Option("--database", envvar="POLYKUBE_PORTAL_DATABASE", help="sqlite:///FILE or postgresql://…")
]
Address = Annotated[str, typer.Option("--temporal", help="HOST:PORT of a cluster of Temporal's; else one runs here.")]
Namespace = Annotated[str, typer.Option(help="The namespace there.")]
Authority = Annotated[Path | None, typer.Option("--temporal-ca", help="The authority of its certificate (PEM).")]
Certificate = Annotated[Path | None, typer.Option("--temporal-cert", help="Our certificate (PEM), for mTLS.")]
Key = Annotated[Path | None, typer.Option("--temporal-key", help="The key of our certificate (PEM).")]
Engines = Annotated[int, typer.Option(min=0, help="How many runs are carried out here at once; 0: by workers alone.")]
_TEMPORAL: Final = 7233


@app.callback()
def options(debug: Debug = False) -> None:
    """The portal: people ask for stacks, see plans, approve them, and follow what happens."""
    del debug  # read by run()


@app.command()
def worker(  # noqa: PLR0913, PLR0917 - the options of a command
    database: DatabaseUrl = "",
    temporal: Address = "",
    namespace: Namespace = NAMESPACE,
    temporal_ca: Authority = None,
    temporal_cert: Certificate = None,
    temporal_key: Key = None,
    engines: Annotated[int, typer.Option(min=1, help="How many runs are carried out at once.")] = 4,
) -> None:
    """Carry out runs for a portal elsewhere, with the project and the clouds' credentials of this machine.

    Ctrl-C or SIGTERM ends it: engines that run are interrupted first.
    """
    cluster = (
        TemporalCluster(temporal, namespace, temporal_ca, temporal_cert, temporal_key) if temporal else local_cluster()
    )
    setup = Setup(RunStore(open_database(database)), project_directory(), read_rules(None), engines)

    async def work() -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        async with working(await connect(cluster), setup, notes=False):
            out.print(f"[green]✓[/green] works for {cluster.address}, on {setup.project}", soft_wrap=True)
            await ended.wait()

    with asyncio.Runner() as runner:
        runner.run(work())


@app.command()
def audit(
    database: DatabaseUrl = "",
    head: Annotated[str, typer.Option(help="A hash that was noted before: it has to be among them.")] = "",
) -> None:
    """Verify the audit log: that nothing in it was changed, and nothing is missing. Its newest hash is printed."""
    with open_database(database).reading() as session:
        count = log.verify(session, head)
        newest = log.head(session)
    print(json.dumps({"entries": count, "head": newest.hash if newest else log.GENESIS}))


@contextmanager
def _cluster(
    address: str, namespace: str, tls: tuple[Path | None, Path | None, Path | None]
) -> Iterator[TemporalCluster]:
    """The cluster at an address, or a development server until the end of the block."""
    if address:
        yield TemporalCluster(address, namespace, *tls)
    else:
        with development_server(_TEMPORAL) as cluster:
            yield cluster


if __name__ == "__main__":
    run(app)
