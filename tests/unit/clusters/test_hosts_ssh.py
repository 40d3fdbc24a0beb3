"""Hosts asked by OpenSSH's client at OpenSSH's own server, on loopback: keys, deadlines, and what a host really does.

What the server runs is in a mount namespace of its own, over this machine's files and without writing to them, and with
programs in the place of those that would act on the machine. So host.sh, cloud.sh and boot.sh are the real ones.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from components.clusters.kubeadm.boot import ETCD, WORKER, Machine, contents
from components.clusters.kubeadm.etcd import EtcdMember, member_files
from components.clusters.kubeadm.hosts import provider, ssh
from components.clusters.kubeadm.hosts.inspection import HostFacts
from components.clusters.kubeadm.hosts.ssh import HostError, HostUnreachable, SshHost, ask, meet
from tests.support.polling import eventually

ROOM: Final = Path(ssh.__file__).parent
SSHD: Final = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
TOKEN: Final = "abcdef.0123456789abcdef"
# By name what stands in for a program: it says that it was called, and does what the script waits for.
PROGRAMS: Final = {
    "systemctl": f"""case "$*" in
is-active*polykube-boot) test -e /run/booting && echo active || exit 3 ;;
show*MainPID*etcd) echo 1 ;;
enable*containerd) mkdir -p /run/containerd; {sys.executable} -c "
import socket; socket.socket(socket.AF_UNIX).bind('/run/containerd/containerd.sock')" || true ;;
esac""",
    "systemd-run": """touch /run/booting
(/usr/local/sbin/polykube-boot; rm /run/booting) >/var/tmp/boot.out 2>&1 </dev/null &""",
    "kubeadm": """[ "$1" = join ] && echo it >/etc/kubernetes/kubelet.conf; [ "$1" != fail ]""",
    **dict.fromkeys(("apt-get", "modprobe", "swapoff", "curl", "kubectl", "nft"), ""),
    "sysctl": "",
    "sha256sum": "cat >/dev/null",
    "tar": """case "$*" in *--gzip*) ;; *) exec /usr/bin/tar "$@" ;; esac""",
    "ping": "exit 1",
}


@dataclass(frozen=True)
class Server:
    """An SSH server, and where what its commands write is found."""

    host: SshHost
    disk: Path

    def read(self, path: str) -> str:
        return (self.disk / path.removeprefix("/")).read_text()

    def mode(self, path: str) -> int:
        return (self.disk / path.removeprefix("/")).stat().st_mode & 0o777

    def calls(self) -> str:
        return self.read("/var/tmp/calls")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose commands see this machine, and write nothing of it."""
    if SSHD is None or os.getuid() != 0:
        pytest.skip("needs root, and OpenSSH's server: apt-get install openssh-server")
    room = tmp_path_factory.mktemp("sshd")
    key = room / "key"
    for name in ("host", "key"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", room / name)
    port = _free_port()
    (room / "config").write_text(
        f"HostKey {room}/host\nAuthorizedKeysFile {room}/key.pub\nPermitRootLogin yes\nStrictModes no\nUsePAM no\n"
        f"ListenAddress 127.0.0.1\nPort {port}\nPidFile none\nForceCommand {_jail(room)}\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", room / "config"], stderr=(room / "log").open("w"))
    try:
        eventually(lambda: _listens(port), what="sshd that listens")
        yield Server(SshHost("worker-1", "127.0.0.1", port=port, identity_file=str(key)), room / "disk" / "upper")
    finally:
        process.terminate()
        process.wait()
        _run("umount", "--lazy", room / "disk")


def _jail(room: Path) -> Path:
    """The program that every command goes through."""
    programs = room / "programs"
    programs.mkdir()
    for name, does in PROGRAMS.items():
        file = programs / name
        file.write_text(f'#!/bin/sh\necho {name} "$@" >>/var/tmp/calls\n{does}\n')
        file.chmod(0o755)
    disk, root = room / "disk", room / "root"
    disk.mkdir()
    root.mkdir()
    # Of a file system of its own, as what is written may not be below what it is written over.
    _run("mount", "-t", "tmpfs", "none", disk)
    for part in ("upper", "work"):
        (disk / part).mkdir()
    script = room / "jail"
    script.write_text(
        f"""#!/bin/sh
exec unshare --mount --fork sh -c '
mount -t overlay none -o lowerdir=/,upperdir={disk}/upper,workdir={disk}/work {root} &&
mount --rbind /proc {root}/proc && mount --rbind /dev {root}/dev &&
mkdir -p {root}/etc/kubernetes {root}/run/systemd/system {root}/usr/local/bin &&
cp {programs}/kube* {root}/usr/local/bin/ &&
exec chroot {root} env PATH={programs}:/usr/sbin:/usr/bin:/sbin:/bin sh -c "$SSH_ORIGINAL_COMMAND"'
"""
    )
    script.chmod(0o755)
    return script


def _run(program: str, *arguments: str | Path) -> None:
    subprocess.run([shutil.which(program) or program, *arguments], check=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def known(server: Server) -> SshHost:
    key, _ = meet(server.host, 60, "inspect")
    return replace(server.host, key=key)


def test_a_host_says_what_it_is_like_and_by_which_key_it_is_known(server: Server) -> None:
    key, said = meet(server.host, 60, "inspect", "192.0.2.1")
    assert key == " ".join((server.disk.parents[1] / "host.pub").read_text().split()[:2])
    facts = HostFacts.read(said, 0, 0)
    assert facts.number("memory") > 500
    assert facts.number("cpus") == os.cpu_count()
    assert server.host.port in facts.listens
    assert facts.listens[server.host.port] == "sshd"
    assert facts.said["architecture"] == os.uname().machine
    assert facts.answers == []
    assert "127.0.0.1" in facts.said["addresses"].split()


def test_a_host_with_another_key_is_told_nothing(server: Server) -> None:
    other = (server.disk.parents[1] / "key.pub").read_text().split()
    stranger = replace(server.host, key=" ".join(other[:2]))
    with pytest.raises(HostUnreachable, match=r"worker-1 \(127.0.0.1\): cannot be logged in to .*verification failed"):
        ask(stranger, 60, "inspect")


def test_a_host_that_does_not_answer_is_named_with_the_reason(server: Server) -> None:
    nobody = replace(known(server), port=_free_port())
    with pytest.raises(HostUnreachable, match=r"worker-1 \(127.0.0.1\): .*Connection refused"):
        ask(nobody, 60, "inspect")


def test_a_user_who_may_not_log_in_is_named(server: Server) -> None:
    other = replace(known(server), identity_file=str(server.disk.parents[1] / "host"))
    with pytest.raises(HostUnreachable, match=r"cannot be logged in to as root: .*Permission denied"):
        ask(other, 60, "inspect")


def props(server: Server, **seed: tuple[str, str]) -> dict[str, Any]:
    host = known(server)
    settings = {"API_ENDPOINT": "127.0.0.1:6443", "NODE_NAME": "worker-1", "ADDRESS": "127.0.0.1"}
    settings |= {"CONTROL_PLANES": "", "VIRTUAL_IP": ""}
    cloud = (ROOM / "cloud.sh").read_text()
    told = contents(Machine(WORKER, "1.36", "amd64", settings, cloud, {}))
    told |= {"/etc/polykube/downloads": ("", "0644"), "/etc/polykube/join.yaml": (TOKEN, "0600")} | seed
    return {
        "name": host.name,
        "address": host.address,
        "port": float(host.port),
        "user": "root",
        "identityFile": host.identity_file,
        "hostKey": host.key,
        "role": "worker",
        "pool": "general",
        "cluster": "sha256:0",
        "controller": {},
        "peers": [],
        "virtualIp": "",
        "version": "v1.36.4",
        "seed": json.dumps(told),
    }


def test_a_host_is_told_runs_the_boot_script_and_is_let_go(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    told = props(server)
    made = provider.NodeProvider().create(told)
    assert made.id == "127.0.0.1"
    assert made.outs is not None
    assert TOKEN not in json.dumps(made.outs)
    said = capsys.readouterr().err
    for step in ("machine", "system", "programs", "runtime", "node"):
        assert f"{step}: done" in said
    assert server.mode("/etc/polykube/join.yaml") == 0o600
    assert server.read("/etc/polykube/join.yaml") == TOKEN
    assert "kubeadm join --config /etc/polykube/join.yaml" in server.calls()
    assert TOKEN not in server.calls()
    again = provider.NodeProvider().update(
        "127.0.0.1", dict(made.outs), told | {"seed": _with(told, "/etc/polykube/new")}
    )
    assert again.outs is not None
    assert server.read("/etc/polykube/new") == "new"
    joined = "kubeadm join --config /etc/polykube/join.yaml"
    assert server.calls().count(joined) == 1, "it was a node"
    for path in ("polykube/joined", "kubernetes/kubelet.conf"):  # as on a machine that was made anew
        (server.disk / "etc" / path).unlink()
    told |= {"seed": _with(told, "/etc/polykube/newer")}
    provider.NodeProvider().update("127.0.0.1", dict(again.outs), told)
    assert server.calls().count(joined) == 2
    assert _there(server, "/etc/polykube/joined")
    provider.NodeProvider().delete("127.0.0.1", dict(made.outs))
    assert "kubeadm reset --force" in server.calls()
    assert not _there(server, "/etc/polykube/join.yaml")
    assert not _there(server, "/usr/local/sbin/polykube-boot")


def test_a_member_of_etcd_boots_and_is_let_go_without_having_been_a_node(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    member = EtcdMember("worker-1", "127.0.0.1")
    cloud = (ROOM / "cloud.sh").read_text()
    settings = {"NODE_NAME": member.name, "ADDRESS": member.address, "ETCD": member.endpoint}
    files = contents(Machine(ETCD, "1.36", "amd64", settings, cloud, files=member_files("shop", member, [member])))
    certificates = {f"/etc/etcd/pki/{name}": ("x", "0600") for name in ("ca.crt", "member.crt", "member.key")}
    told = props(server) | {"role": "etcd", "pool": "", "seed": json.dumps(files | certificates)}
    before = server.calls() if _there(server, "/var/tmp/calls") else ""
    made = provider.NodeProvider().create(told)
    said = capsys.readouterr().err
    for step in ("machine", "programs", "disk", "authorities", "member", "report"):
        assert f"{step}: done" in said
    assert "systemctl restart --no-block etcd" in server.calls().removeprefix(before)
    assert server.mode("/etc/etcd/pki/member.key") == 0o600
    assert made.outs is not None
    provider.NodeProvider().delete("127.0.0.1", dict(made.outs))
    assert not _there(server, "/etc/etcd/pki/member.key")
    assert not [each for each in ("kubeadm join", "drain") if each in server.calls().removeprefix(before)]


def _with(told: Mapping[str, Any], path: str) -> str:
    return json.dumps(json.loads(told["seed"]) | {path: ("new", "0600")})


def _there(server: Server, path: str) -> bool:
    return (server.disk / path.removeprefix("/")).is_file()


def test_a_host_whose_boot_fails_says_where_and_can_be_told_again(server: Server) -> None:
    told = props(server, **{"/usr/local/lib/polykube/cloud.sh": (_failing(), "0644")})
    with pytest.raises(HostError, match=r"worker-1 \(127.0.0.1\): .*failed: machine: no network interface"):
        provider.NodeProvider().create(told)
    assert provider.NodeProvider().create(props(server)).id == "127.0.0.1"


def _failing() -> str:
    return (ROOM / "cloud.sh").read_text().replace('show to "$ADDRESS"', "show to 192.0.2.9")


def test_a_host_that_takes_too_long_is_left_with_what_it_said_last(server: Server) -> None:
    with pytest.raises(HostError, match=r"worker-1 \(127.0.0.1\): not done within 1 s; it said last: (here|nothing)"):
        ssh._run(known(server), "echo here; sleep 60", ssh._trust(known(server)), b"", 1, lambda _: None)
