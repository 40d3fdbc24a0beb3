"""`polykube portal`: the portal, its workers, and what whoever runs it needs beside."""

import asyncio
import getpass
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from automation.cli import run
from automation.options import Debug
from automation.project import project_directory
from automation.show import out
from portal.approvals import read_rules
from portal.data import audit as log
from portal.data.database import open_database
from portal.data.roles import ANY, Role
from portal.runs import hooks
from portal.runs.connection import NAMESPACE, TemporalCluster, connect, local_cluster
from portal.runs.hooks import HookEvent
from portal.runs.server import development_server
from portal.runs.store import RunStore
from portal.runs.temporal import TemporalRuns
from portal.runs.views import StackView
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


@app.callback()
def options(debug: Debug = False) -> None:
    """The portal: people ask for stacks, see plans, approve them, and follow what happens."""
    del debug  # read by run()


@app.command()
def serve(  # noqa: PLR0913, PLR0917 - the options of a command
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.")] = 8460,
    url: Annotated[str, typer.Option(help="Where browsers find it; http://HOST:PORT if not given.")] = "",
    tls_cert: Annotated[Path | None, typer.Option(help="Its certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key (PEM).")] = None,
    rules: Annotated[Path | None, typer.Option(help="The rules of approval (YAML).")] = None,
    oidc: Annotated[Path | None, typer.Option(help="Who lets people in by single sign-on (YAML).")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Add users to try it with, where there are none yet.")] = False,
    metrics_port: Annotated[int, typer.Option(help="Where Prometheus finds metrics; 0: nowhere.")] = 0,
    database: DatabaseUrl = "",
    temporal: Address = "",
    namespace: Namespace = NAMESPACE,
    temporal_ca: Authority = None,
    temporal_cert: Certificate = None,
    temporal_key: Key = None,
    temporal_port: Annotated[int, typer.Option(help="The port of the server that runs here.")] = 7233,
    engines: Annotated[int, typer.Option(min=0, help="How many runs are carried out here at once; 0: by workers.")] = 4,
) -> None:
    """Run the portal of the current project: pages, API, and engines."""
    from portal.serve import Serving
    from portal.serve import serve as run_portal
    from portal.single_sign_on import read_provider

    address = url or f"{'https' if tls_cert else 'http'}://{host}:{port}"
    serving = Serving(host, port, address, tls_cert, tls_key, metrics_port, read_provider(oidc), demo)
    serving.check()
    setup = Setup(RunStore(open_database(database)), project_directory(), read_rules(rules), engines)
    tls = (temporal_ca, temporal_cert, temporal_key)
    with _cluster(temporal, namespace, tls, temporal_port) as cluster, asyncio.Runner() as runner:
        runner.run(run_portal(serving, cluster, setup))


@app.command()
def user(
    name: Annotated[str, typer.Argument(help="The user; one that is there gets the role besides.")],
    role: Annotated[Role, typer.Option(help="The role.")] = Role.VIEWER,
    stack: Annotated[str, typer.Option(help="On which stack; * is any.")] = ANY,
    tenant: Annotated[str, typer.Option(help="On which tenant of it; * is any.")] = ANY,
    database: DatabaseUrl = "",
) -> None:
    """Add a user, whose password is asked for, or give one that is there a role."""
    from portal.access.accounts import AccountError, add_user, give, user_named

    with open_database(database).writing() as session:
        try:
            found = user_named(session, name) or add_user(
                session, name, typer.prompt("password", hide_input=True, confirmation_prompt=True), getpass.getuser()
            )
        except AccountError as error:
            raise typer.BadParameter(str(error)) from None
        give(session, found, role, getpass.getuser(), stack, tenant)
    out.print(f"[green]✓[/green] {name} is {role} on {stack}/{tenant}")


@app.command()
def webhook(
    url: Annotated[str, typer.Argument(help="Who is to be told.")] = "",
    stack: Annotated[str, typer.Option(help="Of which stacks: a name or a pattern.")] = "*",
    event: Annotated[list[HookEvent] | None, typer.Option(help="Of which events; of all if none is named.")] = None,
    remove: Annotated[str, typer.Option(help="The id of one that is told nothing any more.")] = "",
    database: DatabaseUrl = "",
) -> None:
    """Add somebody who is told of runs, with the secret that is asked for; without an address, list who is told."""
    opened, by = open_database(database), getpass.getuser()
    if url:
        hooks.add(opened, url, typer.prompt("secret", hide_input=True), by, stack, event or ())
    if remove:
        hooks.remove(opened, remove, by)
    for each in hooks.known(opened):
        print(each.id, each.url, each.stack, ",".join(each.events) or "all", sep="\t")


@app.command()
def stack(  # noqa: PLR0913, PLR0917 - the options of a command
    name: Annotated[str, typer.Argument(help="The stack.")],
    lives_until: Annotated[
        datetime | None, typer.Option(help="When its destruction is planned, in UTC.", formats=["%Y-%m-%dT%H:%M"])
    ] = None,
    lives_on: Annotated[bool, typer.Option("--lives-on", help="It has no end any more.")] = False,
    drift_every: Annotated[int | None, typer.Option(min=0, help="Hours between looks for drift; 0: no looks.")] = None,
    database: DatabaseUrl = "",
    temporal: Address = "",
    namespace: Namespace = NAMESPACE,
    temporal_ca: Authority = None,
    temporal_cert: Certificate = None,
    temporal_key: Key = None,
) -> None:
    """Say how long a stack lives, and how often it is looked at; show both."""
    cluster = _elsewhere(temporal, namespace, (temporal_ca, temporal_cert, temporal_key)) or local_cluster()
    by, store = getpass.getuser(), RunStore(open_database(database))

    async def tell() -> StackView:
        runs = TemporalRuns(await connect(cluster), store, read_rules(None), project_directory())
        if lives_until or lives_on:
            await runs.live_until(name, lives_until.replace(tzinfo=UTC) if lives_until else None, by)
        if drift_every is not None:
            await runs.watch_drift(name, timedelta(hours=drift_every) if drift_every else None, by)
        return await runs.stack(name)

    with asyncio.Runner() as runner:
        view = runner.run(tell())
    print(f"{name}\tlives until {view.lives_until or 'anybody destroys it'}\t{len(view.drift)} resources have drifted")


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
    cluster = _elsewhere(temporal, namespace, (temporal_ca, temporal_cert, temporal_key)) or local_cluster()
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
    address: str, namespace: str, tls: tuple[Path | None, Path | None, Path | None], port: int
) -> Iterator[TemporalCluster]:
    """The cluster at an address, or a development server until the end of the block."""
    if cluster := _elsewhere(address, namespace, tls):
        yield cluster
    else:
        with development_server(port) as here:
            yield here


def _elsewhere(
    address: str, namespace: str, tls: tuple[Path | None, Path | None, Path | None]
) -> TemporalCluster | None:
    """The cluster at an address, if one is given, with its authority, our certificate and its key."""
    return TemporalCluster(address, namespace, *tls) if address else None


if __name__ == "__main__":
    run(app)
