"""Commands of the portal: what would be reached without TLS, and an audit log that nobody verifies."""

import json
import sys
import urllib.request
from pathlib import Path

import pytest

from automation.cli import run as run_command
from common.errors import PortalError, UnsafeError
from portal import cli
from portal.data import audit
from portal.data.database import open_database
from portal.metrics import metrics
from portal.runs.orders import Order
from portal.runs.store import RunStore
from portal.serve import Serving
from portal.single_sign_on import SECRET, read_provider
from tests.support.portal import free_port


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with an entry in its audit log."""
    address = f"sqlite:///{tmp_path / 'portal.db'}"
    with open_database(address).writing() as session:
        audit.append(session, "ann", "run.apply", "dev")
    return address


@pytest.mark.parametrize(
    ("serving", "told"),
    [
        (Serving("192.0.2.1", 1, "http://portal.example.com"), "without TLS"),
        (Serving("192.0.2.1", 1, "https://portal.example.com", demo=True), "demonstration"),
    ],
)
def test_nothing_is_reached_over_a_network_in_plain_text(serving: Serving, told: str) -> None:
    with pytest.raises(UnsafeError, match=f"PK95[12]: .*{told}"):
        serving.check()
    Serving("192.0.2.1", 1, "https://portal.example.com").check()
    Serving("127.0.0.1", 1, "http://127.0.0.1:1", demo=True).check()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """How `polykube portal ARGUMENTS` ends."""
    monkeypatch.setattr(sys, "argv", ["polykube", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_command(cli.app)
    return ended.value.code


def test_the_audit_log_is_verified_by_a_command(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "audit", "--database", url) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["entries"] == 1
    assert run(monkeypatch, "audit", "--database", url, "--head", told["head"]) == 0
    assert run(monkeypatch, "audit", "--database", url, "--head", "f" * 64) == PortalError.exit_code
    assert "PK932" in capsys.readouterr().err


def test_prometheus_is_told_of_runs(url: str) -> None:
    database = open_database(url)
    RunStore(database).enter(Order("r1", "dev", "apply", "ann", "a test"))
    port = free_port()
    with metrics(database, "127.0.0.1", port), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        told = answer.read().decode()
    assert 'polykube_portal_runs{action="apply",state="queued"} 1.0' in told
    assert "polykube_portal_database_up 1.0" in told


def test_a_provider_is_read_with_its_groups_and_its_secret_is_not_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "provider.yaml"
    file.write_text(
        "issuer: https://login.example.com\nclientId: polykube\ngroups: {shop: [{role: planner, stack: '*-dev'}]}"
    )
    with pytest.raises(PortalError, match=f"PK935[\\s\\S]*{SECRET}"):
        read_provider(file)
    monkeypatch.setenv(SECRET, "canary")
    provider = read_provider(file)
    assert provider
    assert "canary" not in repr(provider)
    assert [(each.role, each.stack, each.tenant) for each in provider.grants["shop"]] == [("planner", "*-dev", "*")]
    file.write_text("issuer: https://login.example.com\nclientSecret: canary\n")
    with pytest.raises(PortalError) as refused:
        read_provider(file)
    assert "clientSecret" in str(refused.value)
    assert "canary" not in str(refused.value)
