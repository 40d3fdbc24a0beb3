"""A played host that lets in whoever asks, or is a node without having been told so. test_kubeadm.py has joining."""

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Final

import pytest

from common.paths import REHEARSAL
from components.clusters.kubeadm.hosts.spec import EtcdHosts
from rehearsal.providers.clouds import hosts, kubeadm
from rehearsal.providers.clouds.hosts import HOST, PlayedHost
from rehearsal.providers.clouds.kubeadm import Joined, NeverJoins
from rehearsal.providers.clouds.store import Resource, Store
from rehearsal.providers.kubernetes import kubeconfig
from tests.support import needs
from tests.support.certificates import WithCertificates
from tests.support.registered import registered
from tests.support.stack_files import load_stack

ADDRESS: Final = "10.0.0.11"


@pytest.fixture(autouse=True)
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    return tmp_path


def ssh(monkeypatch: pytest.MonkeyPatch, command: str, *options: str, given: bytes = b"", to: str = ADDRESS) -> int:
    """Run the played ssh; its exit code."""
    arguments = [part for option in options for part in ("-o", option)]
    monkeypatch.setattr(sys, "argv", ["ssh", "-T", *arguments, "-p", "22", "-l", "root", to, command])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    try:
        hosts.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def knows(address: str, key: str = "") -> str:
    return rf"KnownHostsCommand=/usr/bin/printf '%%s\n' '{address} {key or PlayedHost(ADDRESS).key}'"


def archive(**files: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"etc/polykube/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content.encode()))
    return packed.getvalue()


def test_a_host_shows_its_key_first_and_is_known_by_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known"
    first = ("StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={known}")
    assert ssh(monkeypatch, "bash -s -- inspect", *first) == 0
    assert known.read_text() == f"{ADDRESS} {PlayedHost(ADDRESS).key}\n"
    assert "os debian 13" in capsys.readouterr().out
    assert ssh(monkeypatch, "bash -s -- inspect", knows(ADDRESS)) == 0
    assert ssh(monkeypatch, "bash -s -- inspect", knows(ADDRESS, "ssh-ed25519 another")) == 255
    assert ssh(monkeypatch, "bash -s -- inspect") == 255
    assert "Host key verification failed." in capsys.readouterr().err


def test_a_host_can_be_otherwise(
    monkeypatch: pytest.MonkeyPatch, rehearsal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    otherwise = {ADDRESS: {"swap": "/dev/sda2"}, "10.0.0.12": {"unreachable": "No route to host"}}
    (rehearsal / hosts.FILE).write_text(json.dumps(otherwise))
    assert ssh(monkeypatch, "sudo -n bash -s -- inspect", knows(ADDRESS)) == 0
    assert "swap /dev/sda2" in capsys.readouterr().out
    assert ssh(monkeypatch, "bash -s -- inspect", to="10.0.0.12") == 255
    assert "connect to host 10.0.0.12 port 22: No route to host" in capsys.readouterr().err


def test_what_is_written_is_on_its_disk_and_nothing_boots_without_the_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tar = "tar --extract --file=- --directory=/ --preserve-permissions"
    assert ssh(monkeypatch, tar, knows(ADDRESS), given=archive(cluster="sha256:1")) == 0
    assert ssh(monkeypatch, "cat /etc/polykube/cluster", knows(ADDRESS)) == 0
    assert capsys.readouterr().out == "sha256:1\n"
    assert ssh(monkeypatch, "cat /etc/polykube/administrator.json", knows(ADDRESS)) == 1
    assert ssh(monkeypatch, "bash -s -- follow", knows(ADDRESS)) == 1
    assert "polykube-boot: No such file" in capsys.readouterr().err
    assert ssh(monkeypatch, "bash -s -- reboot", knows(ADDRESS)) == 1


def test_a_control_plane_without_the_authorities_never_joins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = 'ROLE="control-plane"\nAPI_ENDPOINT="10.0.0.10:6443"\nNODE_NAME="cp-1"\n'
    PlayedHost(ADDRESS).files = {"/etc/polykube/machine.env": settings, "/usr/local/sbin/polykube-boot": ""}
    assert ssh(monkeypatch, "bash -s -- follow", knows(ADDRESS)) == 1
    assert "failed: node: no authorities within its deadline" in capsys.readouterr().out


def test_the_virtual_ip_is_a_control_planes(rehearsal: Path) -> None:
    Store(rehearsal).put(Resource(HOST, ADDRESS, "cp-1", {"cluster": "c", "role": "first", "virtualIp": "10.0.0.10"}))
    assert PlayedHost.at("10.0.0.10").address == ADDRESS
    assert PlayedHost.at("10.0.0.21").address == "10.0.0.21"


def test_the_api_server_of_hosts_is_found_where_it_is_played(rehearsal: Path) -> None:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.10:6443"}}],
        "users": [{"name": "c", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "current-context": "c",
    }
    assert kubeconfig.of(json.dumps(config), "", "").cluster.server == "https://10.0.0.10:6443"
    (rehearsal / hosts.ADDRESSES).write_text(json.dumps({"10.0.0.10": "127.1.2.3"}))
    assert kubeconfig.of(json.dumps(config), "", "").cluster.server == "https://127.1.2.3:6443"


ETCD: Final = {"hosts": [{"name": f"etcd-{number}", "address": f"10.20.0.5{number}"} for number in range(3)]}


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> dict[str, PlayedHost]:
    """Hosts by their names that have been told what the program tells them, with etcd on hosts of its own; none has
    booted, and none that begins a cluster needs an API server for it."""
    monkeypatch.setattr(hosts, "converge", lambda *_: None)
    monkeypatch.setattr(kubeadm, "begin", lambda *_: Joined("shop", {}, []))
    spec = load_stack("kubeadm-hosts")
    etcd = EtcdHosts.model_validate(ETCD)
    spec = spec.model_copy(update={"cluster": spec.cluster.model_copy(update={"etcd": etcd})})
    with needs.stand_ins():
        made = registered(spec, "kubeadm-hosts", cloud=WithCertificates())
    found = {}
    for each in made.values():
        if "seed" in each.inputs:
            host = found[each.inputs["name"]] = PlayedHost(each.inputs["address"])
            host.files = {path: content for path, (content, _) in json.loads(each.inputs["seed"]).items()}
    return found


def test_a_control_plane_begins_when_all_members_of_etcd_are_there(seeded: dict[str, PlayedHost]) -> None:
    first, members = seeded["cp-1"], [seeded[f"etcd-{number}"] for number in range(3)]
    for member in members[:2]:
        assert list(member.boot())
    with pytest.raises(NeverJoins, match=r"Failed to connect to 10.20.0.52 port 2379"):
        list(first.boot())
    assert list(members[2].boot())
    assert list(first.boot())
    members[2].leave()
    assert members[2].files == {}


def test_only_members_of_etcd_are_told_what_they_are_and_nobody_the_key_of_its_authority(
    seeded: dict[str, PlayedHost],
) -> None:
    for name, host in seeded.items():
        kept = {path for path in host.files if "etcd" in path and path.endswith(".key")}
        wanted = {"etcd": ["/etc/etcd/pki/member.key"], "cp": ["/etc/kubernetes/pki/apiserver-etcd-client.key"]}
        assert kept == set(wanted.get(name.partition("-")[0], ())), name
        assert ("/usr/local/lib/polykube/etcd.sh" in host.files) == name.startswith("etcd")
