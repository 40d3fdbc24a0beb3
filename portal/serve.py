"""The portal as a process: pages, what is noted for workflows, and engines, until somebody ends it."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server, socket
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from automation.show import out
from common.errors import PortalError, Problem, UnsafeError
from portal.access.accounts import add_user, give, set_password
from portal.access.oidc import LOOPBACK, OidcSettings
from portal.data.database import Database
from portal.data.models import User
from portal.data.roles import Role
from portal.metrics import metrics
from portal.runs.connection import TemporalCluster, connect
from portal.runs.temporal import TemporalRuns
from portal.runs.worker import Setup, working
from portal.web.app import create_app
from portal.web.settings import Demo, PortalSettings

_GRACE: Final = 5  # seconds that open pages get at the end
DEMO: Final = {"ann": Role.PLANNER, "bob": Role.APPROVER, "cid": Role.ADMIN, "eve": Role.VIEWER}
"""The users of a demonstration."""


@dataclass(frozen=True)
class Serving:
    """Where the portal listens and where browsers find it (`url`), with a certificate and its key where TLS is not
    ended before it; `metrics` is the port of those, 0 for none.
    """

    host: str
    port: int
    url: str
    certificate: Path | None = None
    key: Path | None = None
    metrics: int = 0
    oidc: OidcSettings | None = None
    demo: bool = False

    def check(self) -> None:
        """UnsafeError when passwords would go over a network in plain text, or a demonstration would be on one."""
        if urlsplit(self.url).scheme != "https" and (urlsplit(self.url).hostname or "") not in LOOPBACK:
            raise UnsafeError(_in_plain_text(self.url))
        if self.demo and self.host not in LOOPBACK:
            raise UnsafeError(_public_demo(self.host))


async def serve(serving: Serving, cluster: TemporalCluster, setup: Setup) -> None:
    """Run the portal until it is interrupted; runs that are under way here are interrupted runs then.

    With no engines in `setup`, workers elsewhere have them.
    """
    database = setup.store.database
    demo = await asyncio.to_thread(_demo, database) if serving.demo else None
    client = await connect(cluster)
    service = TemporalRuns(client, setup.store, setup.rules, setup.project)
    app = create_app(PortalSettings(setup.project, serving.url, serving.oidc, demo), service, database)
    with metrics(database, serving.host, serving.metrics), _listening(serving) as listening:
        async with working(client, setup, engine=setup.engines > 0):
            out.print(f"[green]✓[/green] the portal is at [bold]{serving.url}[/bold]", soft_wrap=True)
            if demo:
                out.print(f"  users {', '.join(demo.users)}; their password is {demo.password}", soft_wrap=True)
            with suppress(KeyboardInterrupt):
                await _server(app, serving).serve([listening])


@contextmanager
def _listening(serving: Serving) -> Iterator[socket]:
    """A socket on which browsers wait from now on; PortalError (PK939) when it cannot be had."""
    try:
        listening = create_server((serving.host, serving.port), family=AF_INET6 if ":" in serving.host else AF_INET)
    except OSError as error:
        raise PortalError(_no_address(serving, str(error))) from None
    with listening:
        yield listening


def _server(app: FastAPI, serving: Serving) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            ssl_certfile=serving.certificate,
            ssl_keyfile=serving.key,
            timeout_graceful_shutdown=_GRACE,
        )
    )


def _demo(database: Database) -> Demo | None:
    """Users of a demonstration with a new password; none where there are other users."""
    password = secrets.token_urlsafe(12)
    with database.writing() as session:
        known = {each.name: each for each in session.scalars(select(User))}
        if known.keys() - DEMO:
            return None
        for name, role in DEMO.items():
            if name in known:
                set_password(session, known[name], password, "demo")
            else:
                give(session, add_user(session, name, password, "demo"), role, "demo")
    return Demo([*DEMO], password)


def _no_address(serving: Serving, found: str) -> Problem:
    return Problem(
        code="PK939",
        summary="the portal cannot listen at its address",
        where=f"{serving.host}:{serving.port}",
        found=found,
        allowed="an address of this machine, and a free port",
        remedy="name others: --host, --port",
    )


def _in_plain_text(url: str) -> Problem:
    return Problem(
        code="PK951",
        summary="the portal is reached without TLS",
        where="--url",
        found=url,
        allowed="an address of loopback, or one with https",
        remedy="give it a certificate (--tls-cert, --tls-key), or a proxy before it that ends TLS, and --url https://…",
    )


def _public_demo(host: str) -> Problem:
    return Problem(
        code="PK952",
        summary="users of a demonstration are for loopback",
        where="--demo",
        found=host,
        allowed=", ".join(sorted(LOOPBACK)),
        remedy="leave --demo out, and add users: polykube portal user NAME --role ROLE",
    )
