"""Pulumi Cloud as a backend: a token that is told to others, or a refusal that nobody understands.

The engine is the real one; the service is played by a script that answers what a login and a list of stacks take.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.cli import Cli, make_cli
from tests.support.processes import free_ports
from tests.support.pulumi_cloud import PulumiCloud, pulumi_cloud

pytestmark = pytest.mark.needs("engine")

TOKEN: Final = "pul-canary"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[PulumiCloud]:
    """The service."""
    with pulumi_cloud(tmp_path / "cloud", TOKEN) as it:
        yield it


@pytest.fixture
def cli(cloud: PulumiCloud, tmp_path: Path) -> Cli:
    """A project whose states are there, and no token."""
    made = make_cli(tmp_path)
    own = {
        "PULUMI_BACKEND_URL": cloud.url,
        "SSL_CERT_FILE": str(cloud.authority),
        "NO_PROXY": "127.0.0.1",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    return Cli(made.directory, made.environment | own)


def examined(cli: Cli, **variables: str) -> dict[str, str]:
    """What the doctor finds of the backend; the token is not in what he says."""
    said = cli.run("doctor", "--json", **variables)
    assert TOKEN not in said.stdout + said.stderr
    (finding,) = (each for each in json.loads(said.stdout) if each["kind"] == "backend")
    return dict(finding)


def test_a_token_from_the_environment_gets_in(cli: Cli, cloud: PulumiCloud, tmp_path: Path) -> None:
    assert examined(cli, PULUMI_ACCESS_TOKEN=TOKEN)["ok"]
    assert cloud.seen[0] == "/api/user"
    assert "/api/user/stacks" in cloud.seen  # the engine asks for capabilities beside it
    cached = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "polykube", "pulumi-home")
    assert TOKEN not in "".join(file.read_text() for file in cached.glob("*.json"))  # CI keeps the cache, for forks too
    for kept in (file for file in tmp_path.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()):
        assert (kept.name, kept.stat().st_mode & 0o077) == ("credentials.json", 0)


@pytest.mark.parametrize(
    ("token", "refusal", "found", "remedy"),
    [
        ("", None, "gets no credentials", "PULUMI_ACCESS_TOKEN"),
        ("wrong", None, "does not accept the credentials", "PULUMI_ACCESS_TOKEN"),
        (TOKEN, (403, "Forbidden: you are no member"), "does not allow what is asked", "list, read, write and delete"),
        (TOKEN, (503, "Service Unavailable"), "does not answer, or fails", "reached from here"),
        (TOKEN, (429, "slow down"), "does not answer, or fails", "reached from here"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(
    cli: Cli, cloud: PulumiCloud, token: str, refusal: tuple[int, str] | None, found: str, remedy: str
) -> None:
    cloud.refusal = refusal
    finding = examined(cli, **({"PULUMI_ACCESS_TOKEN": token} if token else {}))
    assert not finding["ok"]
    assert found in finding["detail"]
    assert remedy in finding["remedy"]


def test_a_service_that_cannot_be_reached_or_trusted_is_told_with_what_to_do(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "others.pem").touch()
    untrusted = examined(cli, PULUMI_ACCESS_TOKEN=TOKEN, SSL_CERT_FILE=str(tmp_path / "others.pem"))
    assert "certificate is not trusted" in untrusted["detail"]
    assert "SSL_CERT_FILE" in untrusted["remedy"]
    nobody = examined(cli, PULUMI_ACCESS_TOKEN=TOKEN, PULUMI_BACKEND_URL=f"https://127.0.0.1:{free_ports(1)[0]}")
    assert "does not answer" in nobody["detail"]
    assert "reached from here" in nobody["remedy"]
