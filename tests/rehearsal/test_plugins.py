"""A stand-in where the official plugin could be had, a question asked again at every run, a user's engine changed."""

import os
import subprocess
from pathlib import Path

import pytest

from common.errors import ToolchainError
from common.paths import cache_dir
from rehearsal.language_host import required_plugins
from rehearsal.plugins import (
    LANGUAGE_HOST,
    STAND_INS,
    ensure_language_host,
    ensure_plugins,
    interpreter,
    look_up_plugins,
    pulumi_home,
)
from rehearsal.toolchain import Tool

REFUSES = 'echo "$@" >> "$(dirname "$0")/asked"; echo "no route to the plugins" >&2; exit 1'
INSTALLS = """
plugin="$PULUMI_HOME/plugins/resource-$4-v$5/pulumi-resource-$4"
mkdir -p "$(dirname "$plugin")" && echo 'the official one' > "$plugin"
"""


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def engine(directory: Path, script: str) -> Tool:
    """A `pulumi` in `directory` that does what `script` says."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pulumi").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "pulumi").chmod(0o755)
    return Tool("pulumi", directory / "pulumi", "3.0.0", "a test")


def test_what_the_engine_cannot_get_is_stood_in_for_and_asked_for_once(tmp_path: Path) -> None:
    refusing = engine(tmp_path / "bin", REFUSES)
    first, second = ensure_plugins(refusing), ensure_plugins(refusing)
    assert first == second
    assert {name: plugin.source for name, plugin in first.items()} == dict.fromkeys(STAND_INS, "stand-in (rehearsal)")
    asked = sorted((tmp_path / "bin" / "asked").read_text().splitlines())
    assert asked == sorted(f"plugin install resource {name} {required_plugins()[name]}" for name in STAND_INS)


def test_the_engine_keeps_no_log_of_its_own(tmp_path: Path) -> None:
    (pulumi_home() / "logs").mkdir(parents=True)
    (pulumi_home() / "logs" / "pulumi-1.log").write_text("left by an earlier version")
    ensure_plugins(engine(tmp_path / "bin", REFUSES))
    assert (pulumi_home() / "logs").read_bytes() == b""


def test_what_the_engine_can_get_is_used_as_it_is(tmp_path: Path) -> None:
    plugins = ensure_plugins(engine(tmp_path / "bin", INSTALLS), "aws")
    assert {name: plugin.source for name, plugin in plugins.items()} == dict.fromkeys([*STAND_INS, "aws"], "official")
    assert plugins["aws"].path.read_text() == "the official one\n"


def test_nothing_stands_in_for_a_cloud_outside_of_rehearsals(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as stopped:
        ensure_plugins(engine(tmp_path / "bin", REFUSES), "gcp")
    (problem,) = stopped.value.problems
    assert (problem.code, problem.found) == ("PK221", "no route to the plugins")
    assert f"plugin install resource gcp {required_plugins()['gcp']}" in problem.remedy
    found = look_up_plugins("gcp")
    assert found["gcp"] is None
    assert found["kubernetes"], "the others were not lost over it"


def test_a_stand_in_that_a_bare_shell_starts_says_what_to_set(tmp_path: Path) -> None:
    plugin = ensure_plugins(engine(tmp_path / "bin", REFUSES))["random"]
    bare = {name: value for name, value in os.environ.items() if name != "POLYKUBE_PYTHON"}
    refused = subprocess.run([plugin.path], env=bare, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert 'eval "$(polykube env)"' in refused.stderr
    started = subprocess.Popen(
        [plugin.path], env=bare | {"POLYKUBE_PYTHON": str(interpreter())}, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    assert started.stdout.readline().strip().isdigit(), "a port, as the engine expects it"
    started.terminate()
    started.wait()


def test_a_language_host_beside_a_users_engine_wins(tmp_path: Path) -> None:
    users = engine(tmp_path / "bin", REFUSES)
    (tmp_path / "bin" / LANGUAGE_HOST).touch()
    assert (ensure_language_host(users).path, ensure_language_host(users).official) == (
        tmp_path / "bin" / LANGUAGE_HOST,
        True,
    )


def test_nothing_is_put_beside_a_users_engine(tmp_path: Path) -> None:
    host = ensure_language_host(engine(tmp_path / "bin", REFUSES))
    assert (host.path, host.official) == (cache_dir() / "stand-ins" / LANGUAGE_HOST, False)
    assert [each.name for each in (tmp_path / "bin").iterdir()] == ["pulumi"]
    assert pulumi_home().is_relative_to(tmp_path / "cache")


PASSPHRASE, CREDENTIAL = "PULUMI_CONFIG_PASSPHRASE", "AWS_SECRET_ACCESS_KEY"


@pytest.mark.parametrize(
    ("name", "reaches_it"), [("random", ""), ("tls", ""), ("kubernetes", "canary-2"), (LANGUAGE_HOST, "canary-2")]
)
def test_a_stand_in_gets_no_secret_that_it_does_not_need(tmp_path: Path, name: str, reaches_it: str) -> None:
    tool = engine(tmp_path / "bin", REFUSES)
    path = ensure_language_host(tool).path if name == LANGUAGE_HOST else ensure_plugins(tool)[name].path
    shows = tmp_path / "shows"
    shows.write_text(f'#!/bin/sh\necho "[${PASSPHRASE}][${CREDENTIAL}]"\n')
    shows.chmod(0o755)
    secrets = {PASSPHRASE: "canary-1", CREDENTIAL: "canary-2", "POLYKUBE_PYTHON": str(shows)}
    said = subprocess.run([path], env=os.environ | secrets, capture_output=True, text=True, check=True).stdout
    assert said == f"[][{reaches_it}]\n"


def test_a_stand_in_of_an_earlier_version_is_written_anew(tmp_path: Path) -> None:
    tool = engine(tmp_path / "bin", REFUSES)
    paths = [ensure_language_host(tool).path, ensure_plugins(tool)["random"].path]
    now = [path.read_text() for path in paths]
    for path in paths:
        path.write_text(path.read_text().replace("unset", "# unset"))
    ensure_language_host(tool)
    ensure_plugins(tool)
    assert [path.read_text() for path in paths] == now


def test_what_a_failed_installation_said_begins_with_a_whole_word(tmp_path: Path) -> None:
    talks = 'for _ in $(seq 200); do printf "installation " >&2; done; exit 1'
    with pytest.raises(ToolchainError) as stopped:
        ensure_plugins(engine(tmp_path / "bin", talks), "gcp")
    (problem,) = stopped.value.problems
    assert problem.found.split()[:2] == ["…", "installation"]
    assert len(problem.found) < 600
