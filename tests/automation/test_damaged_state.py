"""A file backend that a killed run or a full disk has damaged, so that a stack is lost, or mended by hand only."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest

from automation.state.files import StateFiles
from tests.support.cli import Cli

pytestmark = pytest.mark.needs("engine", "control plane")

EMPTY = b""


@pytest.fixture
def files(stack: Cli) -> Iterator[StateFiles]:
    """The stack's files, whose state is as it was before when the test is over."""
    found = StateFiles.at(stack.environment["PULUMI_BACKEND_URL"], _project(stack), "dev")
    assert found is not None
    before = {file: file.read_bytes() for file in found.directory.rglob("*") if file.is_file()}
    yield found
    for file in [file for file in found.directory.rglob("*") if file.is_file() and file not in before]:
        file.unlink()
    for file, content in before.items():
        file.write_bytes(content)


def _project(stack: Cli) -> str:
    return next(
        line.split(":")[1].strip()
        for line in (stack.directory / "Pulumi.yaml").read_text().splitlines()
        if line.startswith("name:")
    )


def _locks(files: StateFiles) -> Path:
    directory = files.directory / "locks" / "organization" / files.project / files.stack
    directory.mkdir(parents=True, exist_ok=True)
    return directory


LEFT: dict[str, Callable[[StateFiles], Path]] = {
    "attributes of the state": lambda files: files.state.with_name("dev.json.attrs"),
    "attributes of its copy": lambda files: files.state.with_name("dev.json.bak.attrs"),
    "attributes of the layout": lambda files: files.directory / "meta.yaml.attrs",
    "the layout": lambda files: files.directory / "meta.yaml",
    "a lock": lambda files: _locks(files) / "0d5c.json",
    "a lock's temporary file": lambda files: _locks(files) / "0d5c.json.tmp",
}


@pytest.mark.parametrize("what", LEFT)
def test_what_a_full_disk_leaves_empty_keeps_no_run_from_going_on(stack: Cli, files: StateFiles, what: str) -> None:
    LEFT[what](files).write_bytes(EMPTY)
    assert "no resources changed" in stack.must("up")


LAYOUTS = {
    "null": b"null",
    "another key": b"vursion: 1\n",
    "cut": b"version: ",
    "not text": b"\xffersion: 1\n",
    "a value that is none": b"version: [\n",
    "the old layout's number": b"version: 0\n",
    "twice": b"version: 1\nversion: 1\n",
}


@pytest.mark.parametrize("damage", LAYOUTS)
def test_a_damaged_layout_keeps_no_run_from_going_on(stack: Cli, files: StateFiles, damage: str) -> None:
    layout = files.directory / "meta.yaml"
    times = (layout.stat().st_atime, layout.stat().st_mtime)
    layout.write_bytes(LAYOUTS[damage])
    os.utime(layout, times)
    assert "no resources changed" in stack.must("up")


def test_a_layout_of_a_later_engine_is_left_to_the_engine(files: StateFiles) -> None:
    layout = files.directory / "meta.yaml"
    written, later = layout.read_text(), layout.stat().st_mtime + 60
    layout.write_text("version: 2\n")
    os.utime(layout, (later, later))
    assert layout not in files.sweep()
    assert layout.read_text() == "version: 2\n"
    layout.write_text(written)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _rotten(content: bytes) -> bytes:
    return content.replace(b"v3.259.0", b"v3.259.1", 1)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: EMPTY,
    "null": lambda _: b"null",
    "no checkpoint": lambda _: b"{}",
    "a checkpoint that is none": lambda _: b'{"version": 3, "checkpoint": []}',
    "resources that are none": lambda _: b'{"version": 3, "checkpoint": {"latest": {"resources": {}}}}',
    "cut": _cut,
    "not text": lambda content: b"\xff\xfe" + content,
    "other bytes": _rotten,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_named_with_its_newest_copy_and_brought_back(
    stack: Cli, files: StateFiles, damage: str
) -> None:
    whole = files.state.read_bytes()
    files.state.write_bytes(DAMAGES[damage](whole))
    attributes = files.state.with_name("dev.json.attrs")
    os.utime(attributes, (files.state.stat().st_atime, files.state.stat().st_mtime))
    refused = stack.run("up")
    assert refused.returncode == 5, refused.stdout + refused.stderr
    said = "".join(refused.stderr.split())
    assert "PK410" in said
    assert "".join(str(files.state).split()) in said
    newest = files.copies()[0]
    assert str(newest.file) in said
    assert "polykuberecover--stackdev" in said
    recovered = stack.must("recover")
    assert "is whole" in recovered
    assert "no resources changed" in stack.must("up")
    assert [file.read_bytes() for file in files.state.parent.glob("*.damaged-*")] == [DAMAGES[damage](whole)]


def test_a_state_that_another_tool_wrote_is_left_alone(stack: Cli, files: StateFiles) -> None:
    content = json.loads(files.state.read_text())
    files.state.write_text(json.dumps(content, indent=1))
    later = files.state.stat().st_mtime + 60
    os.utime(files.state, (later, later))
    assert files.damage() == ""
    assert "no resources changed" in stack.must("up")


def test_a_state_without_any_copy_is_made_anew_from_what_is_in_the_cluster(stack: Cli, files: StateFiles) -> None:
    for copy in files.copies():
        copy.file.unlink()
    files.state.write_bytes(EMPTY)
    assert "begun empty" in " ".join(stack.must("recover").split())
    stack.must("up")
    assert "no resources changed" in stack.must("up")


def test_a_backend_elsewhere_has_no_files_here() -> None:
    assert StateFiles.at("s3://states", "polykube", "dev") is None
    assert StateFiles.at(Path("/with space").as_uri(), "p", "s") == StateFiles(Path("/with space/.pulumi"), "p", "s")
    assert urlparse("file:///x").path == "/x"


@pytest.mark.parametrize("name", ["etcd-client.crt", "ca.crt"])
def test_new_keys_of_the_control_plane_replace_nothing_in_the_cluster(stack: Cli, name: str) -> None:
    (keys,) = Path(stack.environment["XDG_STATE_HOME"]).glob("polykube/control-planes/*/pki")
    before = (keys / "ca.crt").read_bytes()
    (keys / name).write_bytes(b"what it was not")
    said = stack.must("up")
    assert (keys / "ca.crt").read_bytes() != before
    assert "replace" not in said
    assert "no resources changed" in stack.must("up")
