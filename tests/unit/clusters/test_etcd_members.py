"""An etcd that takes anybody for a member or a client, or whose members do not find each other."""

import json
import os
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest
from cryptography.x509 import ExtendedKeyUsage, IPAddress, SubjectAlternativeName, load_pem_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from components.clusters.kubeadm.etcd import EtcdMember
from rehearsal.toolchain import ensure
from tests.support.etcd_members import Given, given

NET: Final = f"127.{os.getpid() % 250 + 2}.{os.getpid() // 250 % 250}"  # all of 127.0.0.0/8 is this machine
MEMBERS: Final = [EtcdMember(f"etcd-{number}", f"{NET}.{number + 1}") for number in range(3)]
CLIENT: Final = "/etc/kubernetes/pki/apiserver-etcd-client"
PATIENCE: Final = 30.0  # seconds


@pytest.fixture(scope="module")
def made() -> Given:
    return given(MEMBERS)


def test_the_authority_s_key_is_given_to_nobody(made: Given) -> None:
    assert not [path for path in made.control_plane if path.endswith("etcd/ca.key")]
    for files in (made.control_plane, *made.members.values()):
        keys = [path for path, text in files.items() if "PRIVATE KEY" in text and "etcd" in path]
        assert keys == [f"{CLIENT}.key"] if files is made.control_plane else ["/etc/etcd/pki/member.key"]


def test_certificates_are_for_what_they_are_used_for(made: Given) -> None:
    client = load_pem_x509_certificate(made.control_plane[f"{CLIENT}.crt"].encode())
    usages = client.extensions.get_extension_for_class(ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    for member in MEMBERS:
        own = load_pem_x509_certificate(made.members[member.name]["/etc/etcd/pki/member.crt"].encode())
        names = own.extensions.get_extension_for_class(SubjectAlternativeName).value.get_values_for_type(IPAddress)
        assert [str(each) for each in names] == [member.address, "127.0.0.1"]


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


@pytest.fixture
def etcd(made: Given, tmp_path: Path) -> Iterator[Etcd]:
    found = Etcd(tmp_path, made, ensure(["etcd"])["etcd"].path)
    try:
        yield found
    finally:
        for process in found.processes.values():
            process.kill()
            process.wait(PATIENCE)


def test_members_find_each_other_outlive_one_and_answer_nobody_else(etcd: Etcd) -> None:
    for member in MEMBERS:
        etcd.start(member.name)
    for member in MEMBERS:
        etcd.wait_until_healthy(member)
    first, second, lost = MEMBERS
    told = etcd.ask(first, "/v3/cluster/member/list", {})["members"]
    assert {each["name"]: each["clientURLs"] for each in told} == {each.name: [each.endpoint] for each in MEMBERS}
    with pytest.raises(OSError, match=r"(?i)certificate.required|Connection reset"):
        etcd.ask(first, "/health", certificate=False)
    etcd.end(lost.name)
    etcd.ask(first, "/v3/kv/put", {"key": "YQ==", "value": "Yg=="})
    assert etcd.ask(second, "/v3/kv/range", {"key": "YQ=="})["kvs"][0]["value"] == "Yg=="
    # With its disk it comes back, on whatever machine.
    etcd.start(lost.name)
    etcd.wait_until_healthy(lost)
    # Without, it would be a member that has forgotten what it said: etcd itself does not let it be.
    etcd.end(lost.name)
    data = etcd.room / lost.name / "var/lib/etcd/data"
    data.rename(data.with_name("elsewhere"))
    data.mkdir(mode=0o700)
    assert etcd.start(lost.name).wait(PATIENCE) != 0
    assert "has already been bootstrapped" in etcd.log(lost.name)


def test_a_member_of_another_authority_is_none(etcd: Etcd) -> None:
    stranger = MEMBERS[2]
    etcd.write(stranger.name, given(MEMBERS).members[stranger.name])
    for member in MEMBERS:
        etcd.start(member.name)
    etcd.wait_until_healthy(MEMBERS[0])
    with pytest.raises(OSError, match=r"CERTIFICATE_VERIFY_FAILED|refused|timed out"):
        etcd.ask(stranger, "/health")
    deadline = monotonic() + PATIENCE
    while "certificate signed by unknown authority" not in etcd.log(stranger.name) + etcd.log(MEMBERS[0].name):
        assert monotonic() < deadline, etcd.log(stranger.name)[-2000:]
        sleep(0.2)


def test_the_script_knows_a_member_that_was_added_anew_by_its_having_no_name(etcd: Etcd) -> None:
    """As `was_added` in etcd.sh judges it: those that the first members are told of have one from the beginning."""
    first, second, late = MEMBERS
    for member in (first, second):
        etcd.start(member.name)
    etcd.wait_until_healthy(first)
    listed = etcd.ask(first, "/v3/cluster/member/list", {})["members"]
    (own,) = [each for each in listed if late.peer in each["peerURLs"]]
    assert own["name"] == late.name
    # etcd changes its members when those that it has have been connected for some seconds.
    etcd.ask_patiently(first, "/v3/cluster/member/remove", {"ID": own["ID"]})
    etcd.ask_patiently(first, "/v3/cluster/member/add", {"peerURLs": [late.peer]})
    listed = etcd.ask(first, "/v3/cluster/member/list", {})["members"]
    (own,) = [each for each in listed if late.peer in each["peerURLs"]]
    assert not own.get("name")
    told = etcd.room / late.name / "etc/etcd/etcd.yaml"
    told.write_text(told.read_text().replace("initial-cluster-state: new", "initial-cluster-state: existing"))
    etcd.start(late.name)
    etcd.wait_until_healthy(late)
