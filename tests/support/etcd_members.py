"""What members of etcd and its clients are given by the program, with certificates that are really made, and members
that run by it on this machine."""

import json
import os
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final
from urllib.request import Request, urlopen

import pulumi
import pulumi.runtime

from components.clusters.kubeadm.authorities import Authorities
from components.clusters.kubeadm.etcd import EtcdMember, member_files
from rehearsal.toolchain import ensure
from tests.support.certificates import WithCertificates

Files = Mapping[str, str]
CLIENT: Final = "/etc/kubernetes/pki/apiserver-etcd-client"
PATIENCE: Final = 30.0  # seconds
_NET: Final = f"127.{os.getpid() % 250 + 2}.{os.getpid() // 250 % 250}"  # all of 127.0.0.0/8 is this machine


def members_here() -> list[EtcdMember]:
    """Three members at addresses of this machine, which are this process's."""
    return [EtcdMember(f"etcd-{number}", f"{_NET}.{number + 1}") for number in range(3)]


@dataclass(frozen=True)
class Given:
    """The files of each member by its name, and those of a control plane; by path."""

    members: Mapping[str, Files]
    control_plane: Files


def given(members: Sequence[EtcdMember], cluster: str = "shop") -> Given:
    """What the program gives them, by an authority of their own."""
    pulumi.runtime.set_mocks(WithCertificates())
    found: list[Any] = []

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> pulumi.Output[None]:
        authorities = Authorities(
            cluster, pulumi.ComponentResource("tests:etcd:Cluster", cluster), protect=False, external_etcd=True
        )
        secrets = [authorities.etcd_member(each.name, each.address) for each in members]
        return pulumi.Output.all(authorities.files(), *secrets).apply(found.extend)

    program()
    plane, *secrets = (json.loads(each) for each in found)
    files = {
        each.name: {path: text for path, (text, _) in member_files(cluster, each, members).items()} | secret
        for each, secret in zip(members, secrets, strict=True)
    }
    return Given(files, plane)


class Etcd:
    """The three members as processes of etcd itself, on addresses of this machine, with files below a directory."""

    def __init__(self, room: Path, files: Given, binary: Path) -> None:
        self.room, self.binary = room, binary
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name, own in files.members.items():
            self.write(name, own)
        for path, text in files.control_plane.items():
            self._put(room / "plane" / path.lstrip("/"), text)

    def write(self, name: str, files: Mapping[str, str]) -> None:
        """Put files on the disk of a member, whose root is a directory here."""
        root = self.room / name
        for path, text in files.items():
            moved = text.replace("/etc/etcd", f"{root}/etc/etcd").replace("/var/lib/etcd", f"{root}/var/lib/etcd")
            # On this machine each would listen at loopback, too.
            moved = moved.replace(",https://127.0.0.1:2379", "")
            self._put(root / path.lstrip("/"), moved)
        (root / "var/lib/etcd/data").mkdir(parents=True, exist_ok=True, mode=0o700)

    @staticmethod
    def _put(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        log = (self.room / f"{name}.log").open("ab")
        command = [str(self.binary), "--config-file", str(self.room / name / "etc/etcd/etcd.yaml")]
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log)
        return self.processes[name]

    def end(self, name: str) -> None:
        self.processes[name].terminate()
        self.processes[name].wait(PATIENCE)

    def log(self, name: str) -> str:
        return (self.room / f"{name}.log").read_text()

    def ask(self, member: EtcdMember, path: str, body: Any = None, *, certificate: bool = True) -> Any:
        """Ask a member as an API server does; OSError when it does not answer."""
        root = self.room / "plane"
        context = ssl.create_default_context(cafile=str(root / "etc/kubernetes/pki/etcd/ca.crt"))
        if certificate:
            context.load_cert_chain(root / f"{CLIENT[1:]}.crt", root / f"{CLIENT[1:]}.key")
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{member.endpoint}{path}", data)  # noqa: S310 - https
        with urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
            return json.loads(answer.read())

    def ask_patiently(self, member: EtcdMember, path: str, body: Any = None) -> Any:
        """Ask until it answers."""
        deadline = monotonic() + PATIENCE
        while True:
            try:
                return self.ask(member, path, body)
            except OSError as error:
                if monotonic() > deadline:
                    raise AssertionError(f"{error}: {self.log(member.name)[-2000:]}") from error
                sleep(0.2)

    def wait_until_healthy(self, member: EtcdMember) -> None:
        assert self.ask_patiently(member, "/health")["health"] == "true"


@contextmanager
def running_etcd(room: Path, files: Given) -> Iterator[Etcd]:
    """The members in `room`, of which none is started, and all are ended."""
    found = Etcd(room, files, ensure(["etcd"])["etcd"].path)
    try:
        yield found
    finally:
        for process in found.processes.values():
            process.kill()
            process.wait(PATIENCE)
