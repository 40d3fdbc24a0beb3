"""Guards against a control plane that loses objects, leaves processes behind, or cannot be started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx2
import psutil
import pytest

from common.errors import ControlPlaneError
from rehearsal.control_plane import Binaries, ControlPlane, ControlPlaneState, Status, all_control_planes
from tests.support.api import Api, Object
from tests.support.polling import PATIENCE, eventually

COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
MARK: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"namespace": "default", "name": "mark"},
    "data": {"kept": "yes"},
}


def pids(plane: ControlPlane) -> dict[str, int]:
    return {process.name: process.pid for process in plane.status().processes}


def marked(plane: ControlPlane) -> int:
    """How many processes say of themselves that they belong to `plane`."""
    directory, count = str(plane.kubeconfig.parent), 0
    for process in psutil.process_iter():
        try:
            count += process.environ().get("POLYKUBE_CONTROL_PLANE") == directory
        except psutil.Error:
            continue
    return count


def starter(plane: ControlPlane, binaries: Binaries) -> "subprocess.Popen[bytes]":
    """Another Python process that starts `plane`."""
    code = (
        "import sys; from pathlib import Path; from rehearsal.control_plane import *;"
        "ControlPlane(sys.argv[1], Binaries(*map(Path, sys.argv[2:]))).start()"
    )
    paths = [str(path) for path in vars(binaries).values()]
    return subprocess.Popen([sys.executable, "-c", code, plane.name, *paths])


def test_a_stopped_control_plane_comes_back_with_its_objects_at_the_same_endpoint(
    control_plane: ControlPlane, api: Api
) -> None:
    api.apply(MARK)
    before = control_plane.status()
    control_plane.stop()
    assert control_plane.status() == Status(ControlPlaneState.STOPPED, (), before.endpoint, control_plane.kubeconfig)
    assert marked(control_plane) == 0
    control_plane.start()
    assert control_plane.status().endpoint == before.endpoint
    assert api.get(api.path(MARK))["data"] == {"kept": "yes"}


def test_starting_a_running_control_plane_changes_nothing(control_plane: ControlPlane) -> None:
    before = pids(control_plane)
    control_plane.start()
    assert pids(control_plane) == before


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_killed_process_is_replaced_with_its_clients_and_the_others_go_on(
    control_plane: ControlPlane, component: str
) -> None:
    before = pids(control_plane)
    os.kill(before[component], signal.SIGKILL)
    eventually(lambda: control_plane.status().state == ControlPlaneState.PARTLY)
    control_plane.start()
    after = pids(control_plane)
    replaced = {"etcd": {"etcd", "kube-apiserver"}}.get(
        component, {component}
    )  # stuck when its store was gone for long
    assert {name for name in after if after[name] != before[name]} == replaced


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("ports.json", b""),
        ("ports.json", b"[1]"),
        ("ports.json", b'{"etcd": "x"}'),
        ("pki/admin.key", None),
        ("pki/ca.crt", b""),
        ("pki/kwok.crt", b"what it was not"),
        ("kubeconfig", None),
        ("kubeconfig", b"apiVersion: v1\x00"),
    ],
)
def test_a_start_brings_back_files_that_are_lost_or_damaged(
    control_plane: ControlPlane, api: Api, file: str, content: bytes | None, running: bool
) -> None:
    api.apply(MARK)
    if not running:
        control_plane.stop()
    damaged = control_plane.kubeconfig.parent / file
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)
    control_plane.start()
    assert control_plane.status().state == ControlPlaneState.RUNNING
    with closing(Api(control_plane.kubeconfig)) as again:
        assert again.get(again.path(MARK))["data"] == {"kept": "yes"}


def test_keys_that_earlier_code_has_made_are_kept(control_plane: ControlPlane) -> None:
    keys = control_plane.kubeconfig.parent / "pki"
    authority, digest = (keys / "ca.crt").read_bytes(), (keys / "complete").read_bytes()
    (keys / "complete").write_bytes(b"")
    control_plane.start()
    assert (keys / "ca.crt").read_bytes() == authority
    assert (keys / "complete").read_bytes() == digest


def test_when_all_are_killed_the_next_start_brings_all_back(control_plane: ControlPlane, api: Api) -> None:
    api.apply(MARK)
    for pid in pids(control_plane).values():
        os.kill(pid, signal.SIGKILL)
    control_plane.start()
    assert control_plane.status().state == ControlPlaneState.RUNNING
    assert api.get(api.path(MARK))["data"] == {"kept": "yes"}


def test_two_starters_at_once_make_one_control_plane(absent: ControlPlane, binaries: Binaries) -> None:
    assert absent.status().state == ControlPlaneState.ABSENT
    first, second = starter(absent, binaries), starter(absent, binaries)
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert sorted(pids(absent)) == COMPONENTS
    assert marked(absent) == len(COMPONENTS)


def test_what_a_killed_starter_left_is_taken_over(absent: ControlPlane, binaries: Binaries) -> None:
    killed = starter(absent, binaries)
    left = eventually(lambda: found if "kube-apiserver" in (found := pids(absent)) else None)
    killed.kill()
    killed.wait()
    absent.start()
    assert marked(absent) == len(COMPONENTS)
    assert pids(absent).items() >= left.items()


def test_an_interrupted_start_leaves_nothing_running(absent: ControlPlane, binaries: Binaries) -> None:
    interrupted = starter(absent, binaries)
    eventually(lambda: "kube-apiserver" in pids(absent))
    interrupted.send_signal(signal.SIGINT)
    interrupted.wait(PATIENCE)
    assert marked(absent) == 0
    assert absent.status().state == ControlPlaneState.STOPPED


def test_deleting_leaves_no_process_and_no_file(absent: ControlPlane) -> None:
    absent.start()
    assert absent.name in all_control_planes()
    directory = absent.kubeconfig.parent
    absent.delete()
    assert absent.name not in all_control_planes()
    assert [path.name for path in directory.parent.iterdir() if path.name.startswith(absent.name)] == []
    assert marked(absent) == 0
    assert absent.status().state == ControlPlaneState.ABSENT


@pytest.fixture
def taken_port(control_plane: ControlPlane) -> Iterator[int]:
    """The API server's port, held by somebody else while the control plane is stopped."""
    control_plane.stop()
    port = httpx2.URL(control_plane.status().endpoint).port
    assert port
    with closing(socket.create_server(("127.0.0.1", port))):
        yield port


def test_a_port_that_somebody_took_is_replaced_in_the_kubeconfig_too(
    control_plane: ControlPlane, taken_port: int
) -> None:
    control_plane.start()
    assert not control_plane.status().endpoint.endswith(f":{taken_port}")
    with closing(Api(control_plane.kubeconfig)) as api:
        api.get("/api/v1/namespaces/default")


def test_only_what_has_changed_is_started_anew(control_plane: ControlPlane, binaries: Binaries, tmp_path: Path) -> None:
    other_kwok = tmp_path / "kwok"
    other_kwok.symlink_to(binaries.kwok)
    before = pids(control_plane)
    ControlPlane(control_plane.name, replace(binaries, kwok=other_kwok)).start()
    after = pids(control_plane)
    assert {name for name in COMPONENTS if before[name] != after[name]} == {"kwok"}


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("listen tcp 127.0.0.1:1: bind: address already in use", "another one will be chosen"),
        ("write wal: no space left on device", "free disk space"),
        ("walpb: crc mismatch", "what it stored cannot be read"),
        ("open /x: permission denied", "make the directory of the control plane your own"),
        ("something new", "read the log"),
    ],
)
def test_a_process_that_ends_is_reported_with_its_last_words_and_the_remedy(
    absent: ControlPlane, binaries: Binaries, tmp_path: Path, output: str, remedy: str
) -> None:
    plane = ControlPlane(absent.name, replace(binaries, kube_apiserver=script(tmp_path, f"echo '{output}'; exit 7")))
    with pytest.raises(ControlPlaneError) as failure:
        plane.start()
    (problem,) = failure.value.problems
    assert problem.code == "PK302"
    assert problem.summary == "kube-apiserver ended with exit code 7"
    assert problem.found == output
    assert Path(problem.file).read_text() == f"{output}\n"
    assert remedy in problem.remedy
    assert marked(plane) == 0  # etcd, which had started, was stopped again


def test_a_process_that_does_not_stop_when_asked_is_killed(
    absent: ControlPlane, binaries: Binaries, tmp_path: Path
) -> None:
    stubborn = script(tmp_path, "trap '' TERM; exec sleep 60")
    process = starter(absent, replace(binaries, etcd=stubborn))
    eventually(lambda: "etcd" in pids(absent))
    process.kill()
    process.wait()
    absent.stop()
    assert marked(absent) == 0


def test_a_program_that_is_not_there_is_named(absent: ControlPlane, binaries: Binaries, tmp_path: Path) -> None:
    plane = ControlPlane(absent.name, replace(binaries, kube_apiserver=tmp_path / "gone"))
    with pytest.raises(ControlPlaneError, match=f"PK305(.|\n)*{tmp_path}/gone"):
        plane.start()
    assert marked(plane) == 0


def script(directory: Path, body: str) -> Path:
    """An executable that runs the shell lines of `body`."""
    path = directory / "script"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path
