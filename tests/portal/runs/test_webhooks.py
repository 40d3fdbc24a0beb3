"""Webhooks that are told nothing, something forged, or have the portal ask what only it reaches."""

import asyncio
import hashlib
import hmac
import socket
from pathlib import Path
from typing import Any

import pytest

from common.errors import PortalError, UnsafeError
from portal import cli
from portal.data.database import Database
from portal.data.models import Webhook
from portal.data.sealing import KEY, sealed, unsealed
from portal.runs.orders import Delivery
from portal.runs.views import RunState
from portal.runs.webhooks import NETWORKS, DeliveryError, allowed_address, deliver
from tests.portal.runs.conftest import Play
from tests.support.json_server import Answer, Request, serving
from tests.support.polling import eventually
from tests.support.portal import House

DELIVERY = Delivery("r1/planned/h1", "h1", "planned", "dev", "r1", "")


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback may be told."""
    monkeypatch.setenv(NETWORKS, "127.0.0.0/8")


def hook(port: int) -> Webhook:
    """A webhook of a server on loopback."""
    return Webhook(id="h1", url=f"http://localhost:{port}/hook", secret=sealed("s3cret"), stack="*", events=[])


@pytest.mark.usefixtures("allowed")
def test_what_is_told_is_signed_with_its_time() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Answer:
        asked.append(request)
        return Answer(200, {})

    with serving(answer) as port:
        deliver(hook(port), DELIVERY)
    (request,) = asked
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["Host"] == f"localhost:{port}"
    assert request.headers["X-Polykube-Delivery"] == DELIVERY.id
    assert request.body["event"] == "planned"
    time, made = (part.partition("=")[2] for part in request.headers["X-Polykube-Signature"].split(","))
    expected = hmac.new(b"s3cret", time.encode() + b"." + request.content, hashlib.sha256).hexdigest()
    assert made == expected


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(("status", "for_good"), [(500, False), (429, False), (404, True), (302, True)])
def test_only_what_may_pass_by_is_tried_again(status: int, for_good: bool) -> None:
    with (
        serving(lambda _: Answer(status, {}, {"Location": "http://127.0.0.1:1/"})) as port,
        pytest.raises(DeliveryError) as no,
    ):
        deliver(hook(port), DELIVERY)
    assert no.value.for_good is for_good


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://10.0.0.1/",
        "http://localhost:8080/",
        "http://2130706433/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http:///",
    ],
)
def test_what_only_the_portal_reaches_is_not_told(url: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        allowed_address(url)
    assert refused.value.for_good


def test_a_name_with_one_private_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(DeliveryError, match=r"10\.0\.0\.1"):
        allowed_address("https://example.com/")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:1])
    assert allowed_address("https://example.com/") == "93.184.216.34"


def test_a_secret_is_encrypted_by_a_key_that_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = sealed("canary")
    assert "canary" not in kept
    assert unsealed(kept) == "canary"
    (key,) = (tmp_path / "polykube" / "portal").glob("*.key")
    assert key.stat().st_mode & 0o077 == 0
    monkeypatch.setenv(KEY, "Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OTAxMjM0NTY3ODk=")
    with pytest.raises(PortalError, match="PK937"):
        unsealed(kept)


@pytest.mark.usefixtures("allowed")
def test_a_run_tells_its_states_and_tries_again(visit: Play, inhabited: Database) -> None:
    told: list[dict[str, Any]] = []

    def answer(request: Request) -> Answer:
        told.append(request.body)
        return Answer(503 if len(told) == 1 else 200, {})

    async def act(house: House) -> None:
        planned = await house.planned()
        await house.approved(planned)
        await house.until(planned.id, RunState.APPLIED)
        await asyncio.to_thread(eventually, lambda: {each["event"] for each in told} == {"planned", "applied"})
        await asyncio.to_thread(eventually, lambda: len(told) == 3)
        again = [each["id"] for each in told]
        assert again.count(again[0]) == 2, "what was refused came again, as the same"
        assert {each["run"] for each in told} == {planned.id}

    with serving(answer) as port:
        with inhabited.writing() as session:
            each = hook(port)
            each.events = ["planned", "applied"]
            session.add_all([each, Webhook(url="http://127.0.0.1:1/", secret=sealed("x"), stack="prod-*", events=[])])
        visit(act)


def test_who_is_told_is_said_by_a_command(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "canary")
    monkeypatch.setenv(NETWORKS, "192.0.2.0/24")
    where = ["--database", str(database.url)]
    cli.app(
        ["webhook", "https://192.0.2.1/hook", "--stack", "*-prod", "--event", "failed", *where], standalone_mode=False
    )
    told = capsys.readouterr().out
    hook, *said = told.strip().split("\t")
    assert said == ["https://192.0.2.1/hook", "*-prod", "failed"]
    with database.reading() as session:
        assert "canary" not in str(vars(session.get(Webhook, hook)))
    cli.app(["webhook", "--remove", hook, *where], standalone_mode=False)
    assert capsys.readouterr().out == ""
    with pytest.raises(UnsafeError, match=r"PK953[\s\S]*127\.0\.0\.1"):
        cli.app(["webhook", "http://127.0.0.1/", *where], standalone_mode=False)
