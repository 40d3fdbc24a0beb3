"""A state of files that is damaged and passes for whole, or is whole and would be set aside."""

import base64
import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest

from automation.diagnosis import diagnose
from automation.state.backends import trouble
from automation.state.files import StateFiles

WHOLE = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [{"urn": "a"}, {"urn": "b"}]}}}).encode()


def _files(directory: Path, content: bytes | None = WHOLE, *, hashed: bytes | None = None) -> StateFiles:
    """A stack's files with this state, beside which the hash of `hashed` stands."""
    files = StateFiles(directory, "polykube", "dev")
    files.state.parent.mkdir(parents=True)
    if content is not None:
        files.state.write_bytes(content)
    if hashed is not None:
        digest = base64.b64encode(hashlib.md5(hashed, usedforsecurity=False).digest()).decode()
        files.state.with_name(f"{files.state.name}.attrs").write_text(json.dumps({"md5": digest}))
    return files


@pytest.mark.parametrize("content", [None, WHOLE, gzip.compress(WHOLE, mtime=0), b'{"checkpoint": {"latest": null}}'])
def test_a_state_that_can_be_read_is_whole(tmp_path: Path, content: bytes | None) -> None:
    assert _files(tmp_path, content, hashed=content).damage() == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (WHOLE[:20], "it cannot be read"),
        (b"[]", "there is no checkpoint in it"),
        (b'{"checkpoint": {"latest": {"resources": {"a": 1}}}}', "no list of resources"),
    ],
)
def test_what_is_wrong_with_a_state_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in _files(tmp_path, content).damage()


def test_bytes_that_changed_on_the_disk_are_noticed_and_another_tools_state_is_left_alone(tmp_path: Path) -> None:
    files = _files(tmp_path, hashed=WHOLE.replace(b"urn", b"uRn"))
    assert "bytes of it have changed" in files.damage()
    written = files.state.stat().st_mtime
    os.utime(files.state, (written + 60, written + 60))
    assert files.damage() == ""


def test_copies_are_whole_ones_newest_first_with_what_is_in_them(tmp_path: Path) -> None:
    files = _files(tmp_path)
    backups = tmp_path / "backups" / "polykube" / "dev"
    backups.mkdir(parents=True)
    for number, content in enumerate((WHOLE, WHOLE[:9], b'{"checkpoint": {}}')):
        file = backups / f"dev.{number}.json"
        file.write_bytes(content)
        os.utime(file, (number, number))
    assert [(copy.file.name, copy.resources) for copy in files.copies()] == [("dev.2.json", 0), ("dev.0.json", 2)]


def test_a_state_that_is_set_aside_keeps_its_content_under_a_name_of_its_own(tmp_path: Path) -> None:
    files = _files(tmp_path, b"1", hashed=b"1")
    first = files.set_aside()
    files.state.write_bytes(b"2")
    second = files.set_aside()
    assert [(each.name, each.read_bytes()) for each in (first, second)] == [
        ("dev.json.damaged-1", b"1"),
        ("dev.json.damaged-2", b"2"),
    ]
    assert [file for file in files.state.parent.iterdir() if file not in (first, second)] == []


NO_ANSWER = 'error: could not list bucket: blob (key ".pulumi/meta.yaml"): dial tcp: no such host'


def test_what_a_backend_says_of_itself_is_its_trouble_and_what_a_cloud_says_is_not() -> None:
    found = trouble("s3://states", NO_ANSWER)
    assert found is not None
    assert "it does not answer" in found.found
    assert trouble("s3://states", "creating aws:ec2/vpc:Vpc: dial tcp: no such host") is None
    assert trouble("file:///states", NO_ANSWER) is None
    assert trouble("s3://states", "blob (key) is odd") is None


def test_a_resource_that_failed_is_named_by_its_own_type_and_name() -> None:
    urn = "urn:pulumi:dev::polykube::polykube:clusters:EksCluster$aws:eks/cluster:Cluster::dev"
    problem = diagnose(urn, " AccessDenied \n")
    assert (problem.where, problem.found) == ("aws:eks/cluster:Cluster dev", "AccessDenied")
