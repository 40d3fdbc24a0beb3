"""An etcd that takes anybody for a member or a client, or whose members do not find each other."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import pytest
from cryptography.x509 import ExtendedKeyUsage, IPAddress, SubjectAlternativeName, load_pem_x509_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from components.clusters.kubeadm import authorities
from tests.support.etcd_members import CLIENT, PATIENCE, Etcd, Given, given, members_here, running_etcd

MEMBERS: Final = members_here()
SCRIPT: Final = Path(authorities.__file__).with_name("control_plane.sh")


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


@pytest.fixture
def etcd(made: Given, tmp_path: Path) -> Iterator[Etcd]:
    with running_etcd(tmp_path, made) as found:
        yield found


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


def test_a_control_plane_that_joins_has_etcd_forget_the_members_whose_nodes_are_gone(etcd: Etcd) -> None:
    first, second, lost = MEMBERS
    for member in MEMBERS:
        etcd.start(member.name)
    for member in MEMBERS:
        etcd.wait_until_healthy(member)
    etcd.end(lost.name)
    pki = etcd.room / "plane/etc/kubernetes/pki"
    for kind in ("crt", "key"):  # kubeadm's own is signed by the same authority
        (pki / f"etcd/healthcheck-client.{kind}").symlink_to(pki / f"apiserver-etcd-client.{kind}")
    script = f"""
        source {SCRIPT}
        PKI={pki}; ETCD=; VERSION=v1.36.4
        kubeadm() {{ :; }}
        say() {{ echo "$*"; }}
        as_administrator() {{
          case $2 in
            nodes) echo {first.name} {second.name} ;;
            pods) echo {lost.endpoint} {first.endpoint} ;;
          esac
        }}
        forget_lost_members"""
    # etcd changes its members when those that it has have been connected for some seconds.
    deadline = monotonic() + PATIENCE
    while (done := bash(script)).returncode:
        assert monotonic() < deadline, done.stderr
    assert f"etcd forgets {lost.name}, whose node is gone" in done.stdout
    assert bash(script).stdout.count("forgets") == 0
    listed = etcd.ask(first, "/v3/cluster/member/list", {})["members"]
    assert {each["name"] for each in listed} == {first.name, second.name}


def test_a_control_plane_whose_etcd_does_not_answer_forgets_nobody(etcd: Etcd) -> None:
    script = f"""
        source {SCRIPT}
        PKI={etcd.room}; ETCD=; VERSION=v1.36.4
        kubeadm() {{ :; }}
        as_administrator() {{ echo {MEMBERS[0].endpoint}; }}
        forget_lost_members"""
    assert bash(script).returncode == 1


def bash(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
