"""A cluster of kubeadm's that is left open where kubeadm's own defaults leave it so, or a machine told too much."""

import base64
import gzip
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import DNSName, SubjectAlternativeName, load_pem_x509_certificate

from components.clusters.kubeadm import boot, releases
from components.clusters.kubeadm.authorities import public_key_hash
from components.clusters.kubeadm.boot import CONTROL_PLANE, FIRST, WORKER, Machine, as_yaml, user_data
from components.clusters.kubeadm.documents import (
    ClusterFacts,
    NodeFacts,
    encryption,
    init_documents,
    join_document,
    settings_files,
)
from components.clusters.kubeadm.mirrors import Mirror
from components.clusters.kubeadm.v1beta4 import Taint
from policy.model.resource import Resource
from policy.model.rule import ResourceRule
from policy.rules import kubeadm
from rehearsal.control_plane.authority import Authority, pem
from rehearsal.providers.clouds.cloud_init import CloudConfig, read_user_data
from rehearsal.providers.clouds.kubeadm import authority_hash
from rehearsal.providers.tls.provider import TlsProvider
from rehearsal.toolchain import ensure
from tests.unit.rehearsal.desk import Desk

FACTS: Final = ClusterFacts(
    name="shop",
    minor="1.36",
    host="api.example",
    names=["office.example"],
    pods="10.244.0.0/16",
    services="10.96.0.0/16",
    eviction_seconds=20,
)
TOKEN: Final = "abcdef.0123456789abcdef"
HASH: Final = f"sha256:{'0' * 64}"
NODE: Final = NodeFacts({"polykube.dev/node-pool": "general"}, [Taint(key="spot", value="true", effect="NoSchedule")])
HOST: Final = replace(NODE, name="rack-1", address="192.0.2.11")
MEMBERS: Final = ("https://192.0.2.21:2379", "https://192.0.2.22:2379", "https://192.0.2.23:2379")
ROOM: Final = Path(boot.__file__).parent


def machine(role: str = FIRST, node: NodeFacts = NODE, etcd: Sequence[str] = (), **other: Any) -> Machine:
    facts = replace(FACTS, in_cloud=node is NODE, etcd=etcd)
    join = join_document(facts, node, TOKEN, HASH, control_plane=role != WORKER)
    documents = {"join": [join]} | ({"init": init_documents(facts, node)} if role == FIRST else {})
    given: dict[str, Any] = {
        "role": role,
        "minor": "1.36",
        "architecture": "arm64",
        "settings": {"API_ENDPOINT": FACTS.endpoint, "REGION": "eu-central-1"},
        "cloud": (ROOM / "aws" / "cloud.sh").read_text(),
        "documents": documents,
    }
    return Machine(**given | other)


def config(role: str = FIRST, node: NodeFacts = NODE, **other: Any) -> CloudConfig:
    return read_user_data(user_data(machine(role, node, **other)))


def by_kind() -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in yaml.safe_load_all(as_yaml(init_documents(FACTS, NODE)))}


@pytest.mark.parametrize("kind", ["ClusterConfiguration", "KubeletConfiguration"])
def test_the_policy_pack_has_nothing_against_the_documents(kind: str) -> None:
    document = by_kind()[kind]
    subject = Resource("u", f"kubernetes:{document['apiVersion']}:{kind}", "n", document)
    assert isinstance(kubeadm.kubeadm_flags, ResourceRule)
    assert list(kubeadm.kubeadm_flags.check(subject)) == []
    if kind == "ClusterConfiguration":
        assert list(kubeadm.unencrypted_secrets(subject)) == []


def test_the_api_server_keeps_a_log_encrypts_and_answers_nobody_without_a_name_but_what_joins() -> None:
    flags = {each["name"]: each["value"] for each in by_kind()["ClusterConfiguration"]["apiServer"]["extraArgs"]}
    assert flags["tls-min-version"] == "VersionTLS12"
    assert flags["default-unreachable-toleration-seconds"] == "20"
    files = settings_files()
    named = {Path(value).name for value in flags.values() if value.startswith("/etc/kubernetes/polykube/")}
    assert named == {*files, "encryption.yaml"}
    paths = [each["path"] for each in files["authentication.yaml"]["anonymous"]["conditions"]]
    assert [path for path in paths if "/api" in path] == ["/api/v1/namespaces/kube-public/configmaps/cluster-info"]
    (plugin,) = files["admission.yaml"]["plugins"]
    assert plugin["configuration"]["defaults"]["enforce"] == "restricted"


def test_scheduler_and_controllers_answer_prometheus_and_ask_who_it_is() -> None:
    """They listen everywhere; that nothing says whom they let in without a name leaves that to the API server."""
    for name in ("scheduler", "controllerManager"):
        flags = {each["name"]: each["value"] for each in by_kind()["ClusterConfiguration"][name]["extraArgs"]}
        assert flags["bind-address"] == "0.0.0.0"  # noqa: S104
        assert flags["profiling"] == "false"
        assert not [flag for flag in flags if flag.startswith(("authorization-", "authentication-"))]


def test_secrets_are_not_in_the_audit_log_and_not_in_the_clear_in_etcd() -> None:
    rules = settings_files()["audit.yaml"]["rules"]
    first = next(
        each for each in rules for group in each.get("resources", ()) if "secrets" in group.get("resources", ())
    )
    assert first["level"] == "Metadata"
    before = rules[: rules.index(first)]
    assert all(each["level"] == "None" for each in before)
    (resources,) = encryption("a2V5")["resources"]
    assert "secretbox" in resources["providers"][0]
    assert "secrets" in resources["resources"]


def test_kubelets_ask_and_let_pods_end() -> None:
    kubelet = by_kind()["KubeletConfiguration"]
    wanted = ("serverTLSBootstrap", "seccompDefault", "rotateCertificates", "protectKernelDefaults")
    assert {name: kubelet[name] for name in wanted} == dict.fromkeys(wanted, True)
    assert kubelet["shutdownGracePeriod"] > kubelet["shutdownGracePeriodCriticalPods"]
    assert by_kind()["KubeProxyConfiguration"]["mode"] == "nftables"


def test_a_control_plane_has_its_own_taint_unless_it_takes_pods() -> None:
    def taints(node: NodeFacts) -> Any:
        return join_document(FACTS, node, TOKEN, HASH).plain()["nodeRegistration"].get("taints", "kubeadm's own")

    assert taints(NodeFacts({})) == "kubeadm's own"
    assert taints(NodeFacts({}, [])) == []
    assert taints(NODE) == [{"key": "spot", "value": "true", "effect": "NoSchedule"}]


@pytest.mark.parametrize(("node", "address"), [(HOST, "192.0.2.11"), (NODE, None)])
def test_a_node_with_an_address_of_its_own_registers_by_that(node: NodeFacts, address: str | None) -> None:
    told = join_document(FACTS, node, TOKEN, HASH).plain()["nodeRegistration"]["kubeletExtraArgs"]
    arguments = {each["name"]: each["value"] for each in told}
    assert arguments.get("node-ip") == address
    assert arguments["node-labels"] == "polykube.dev/node-pool=general"


@pytest.mark.parametrize("role", [FIRST, CONTROL_PLANE, WORKER])
def test_a_machine_is_told_its_part_and_no_authority(role: str) -> None:
    told = config(role)
    assert told.commands == [["/usr/local/sbin/polykube-boot"]]
    assert told.variables("/etc/polykube/machine.env")["ROLE"] == role
    assert told.variables("/etc/polykube/machine.env")["VERSION"] == releases.release(FACTS.minor)
    text = "".join(told.files.values())
    assert "PRIVATE KEY" not in text
    assert TOKEN in text
    assert HASH in text
    assert not [path for path in told.files if path.startswith("/etc/kubernetes/pki")]
    assert bool([path for path in told.files if path.startswith("/etc/kubernetes/polykube")]) == (role != WORKER)
    assert ("/etc/polykube/init.yaml" in told.files) == (role == FIRST)
    (join,) = told.documents("/etc/polykube/join.yaml")
    assert ("controlPlane" in join) == (role != WORKER)


def test_what_holds_a_token_is_for_root_alone() -> None:
    packed = yaml.safe_load(gzip.decompress(base64.b64decode(user_data(machine(WORKER)))))
    modes = {each["path"]: each["permissions"] for each in packed["write_files"]}
    assert modes["/etc/polykube/join.yaml"] == "0600"
    assert [each["path"] for each in packed["write_files"] if TOKEN in each["content"]] == ["/etc/polykube/join.yaml"]


def test_equal_data_is_equal_and_more_than_a_cloud_takes_is_refused() -> None:
    assert user_data(machine()) == user_data(machine())
    many = [Mirror(f"{sha256(bytes([n])).hexdigest()}.example", ["https://mirror.example"]) for n in range(256)]
    with pytest.raises(ValueError, match="a cloud takes 16384"):
        user_data(machine(mirrors=many))


def test_images_come_from_mirrors_first() -> None:
    told = config(WORKER, mirrors=[Mirror("docker.io", ["https://one.example", "https://two.example"])])
    hosts = told.files["/etc/containerd/certs.d/docker.io/hosts.toml"]
    assert hosts.startswith('server = "https://registry-1.docker.io"')
    assert hosts.index("one.example") < hosts.index("two.example")
    assert "config_path = '/etc/containerd/certs.d'" in told.files["/etc/containerd/config.toml"]


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
@pytest.mark.parametrize("minor", releases.PATCHES)
def test_every_program_has_its_hash_and_its_version(minor: str, architecture: str) -> None:
    found = {each.name: each for each in releases.downloads(minor, architecture)}
    assert found.keys() == {"kubeadm", "kubelet", "kubectl", "containerd", "runc", "cni-plugins"}
    assert all(len(bytes.fromhex(each.digest)) == 32 and architecture in each.url for each in found.values())
    assert len({each.digest for each in found.values()}) == len(found)
    assert f"/v{releases.PATCHES[minor]}/" in found["kubelet"].url


def test_the_hash_of_an_authority_is_that_of_its_certificate() -> None:
    certificate = pem(Authority.made("kubernetes").certificate).decode()
    key = load_pem_x509_certificate(certificate.encode()).public_key()
    public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert public_key_hash(public) == authority_hash(certificate)


@pytest.mark.drill
@pytest.mark.parametrize("etcd", [(), MEMBERS], ids=["beside", "on machines of its own"])
@pytest.mark.parametrize("node", [NODE, HOST], ids=["in a cloud", "a host"])
@pytest.mark.parametrize("role", [FIRST, CONTROL_PLANE, WORKER])
def test_kubeadm_itself_finds_nothing_wrong(role: str, node: NodeFacts, etcd: Sequence[str], tmp_path: Path) -> None:
    kubeadm_ = ensure(["kubeadm"])["kubeadm"].path
    told = config(role, node, etcd=etcd)
    for name in ("init", "join"):
        if text := told.files.get(f"/etc/polykube/{name}.yaml"):
            file = tmp_path / f"{name}.yaml"
            file.write_text(text)
            command = [str(kubeadm_), "config", "validate", "--config", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


@pytest.mark.drill
def test_kubeadm_itself_takes_the_authorities_and_names_the_api_server_by_them(tmp_path: Path) -> None:
    made = Desk(TlsProvider())
    pki = tmp_path / "pki"
    (pki / "etcd").mkdir(parents=True)
    for name in ("ca", "front-proxy-ca", "etcd/ca"):
        key = made.outputs("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")["privateKeyPem"]
        uses = ["cert_signing", "digital_signature", "key_encipherment"]
        subject = {"commonName": name}
        certificate = made.outputs(
            "SelfSignedCert",
            privateKeyPem=key,
            isCaCertificate=True,
            setSubjectKeyId=True,
            allowedUses=uses,
            subject=subject,
            validityPeriodHours=87600,
        )
        (pki / f"{name}.key").write_text(key)
        (pki / f"{name}.crt").write_text(certificate["certPem"])
    tokens = made.outputs("PrivateKey", algorithm="ECDSA", ecdsaCurve="P256")
    (pki / "sa.key").write_text(tokens["privateKeyPem"])
    (pki / "sa.pub").write_text(tokens["publicKeyPem"])
    authority = (pki / "ca.crt").read_bytes()
    documents = list(yaml.safe_load_all(config().files["/etc/polykube/init.yaml"]))
    documents[1]["certificatesDir"] = str(pki)
    file = tmp_path / "init.yaml"
    file.write_text(yaml.safe_dump_all(documents))
    command = [str(ensure(["kubeadm"])["kubeadm"].path), "init", "phase", "certs", "all", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (pki / "ca.crt").read_bytes() == authority
    served = load_pem_x509_certificate((pki / "apiserver.crt").read_bytes())
    served.verify_directly_issued_by(load_pem_x509_certificate(authority))
    names = served.extensions.get_extension_for_class(SubjectAlternativeName).value.get_values_for_type(DNSName)
    assert {FACTS.host, *FACTS.names} <= set(names)
