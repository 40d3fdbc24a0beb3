"""A kubeconfig of `polykube access` that lets in nobody, somebody else, or for too long.

Kubernetes' own controller manager signs, with the authority, as it does in clusters of kubeadm's.
"""

import base64
import datetime as dt
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lightkube import KubeConfig

from automation import access
from automation.access import Person, give_access, signed
from automation.project import Project
from common.errors import AccessError
from rehearsal.control_plane import Binaries, ControlPlane
from rehearsal.control_plane.identity import Given
from tests.contract.test_hosts import STACK
from tests.support.api import Api

JANE: Final = Person("jane", "shop-developers")


@pytest.fixture
def administered(absent: ControlPlane, tmp_path: Path) -> KubeConfig:
    """The administrator's kubeconfig of a control plane whose authority is in `ca.crt` and `ca.key`; nobody signs."""
    certificate, key = _authority()
    (tmp_path / "ca.crt").write_text(certificate)
    (tmp_path / "ca.key").write_text(key)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    absent.give(Given(certificate, key, "127.0.0.1", port, ()))
    absent.start(alone=True)
    return KubeConfig.from_file(str(absent.kubeconfig))


@pytest.fixture
def signing(administered: KubeConfig, absent: ControlPlane, binaries: Binaries, tmp_path: Path) -> Iterator[KubeConfig]:
    """The same, with a controller that signs."""
    command = [
        *(str(binaries.kube_controller_manager), f"--kubeconfig={absent.kubeconfig}"),
        *("--controllers=certificatesigningrequest-signing-controller", "--leader-elect=false", "--secure-port=0"),
        *(f"--cluster-signing-{file}-file={tmp_path}/ca.{end}" for file, end in (("cert", "crt"), ("key", "key"))),
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        yield administered
        process.terminate()


def _authority() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()


def _with_files(kubeconfig: Any, directory: Path) -> Path:
    """The same, with files for what it holds, as tests read kubeconfigs."""
    user = kubeconfig["users"][0]["user"]
    for what in ("client-certificate", "client-key"):
        (directory / what).write_bytes(base64.b64decode(user.pop(f"{what}-data")))
        user[what] = str(directory / what)
    file = directory / "with-files"
    file.write_text(yaml.safe_dump(kubeconfig))
    return file


def test_who_has_it_is_of_the_tenants_group_until_it_ends(
    signing: KubeConfig, absent: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "kubeconfig_of", lambda _: signing)
    file = tmp_path / "jane"
    give_access(Project.open(STACK), "shop", "jane", 2, file)
    assert file.stat().st_mode & 0o077 == 0
    given: Any = yaml.safe_load(file.read_text())
    assert given["contexts"][0]["context"]["namespace"] == "shop"
    with closing(Api(_with_files(given, tmp_path))) as jane, closing(Api(absent.kubeconfig)) as administrator:
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        who = jane.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)["status"]["userInfo"]
        assert (who["username"], set(who["groups"])) == ("jane", {"shop-developers", "system:authenticated"})
        requests = administrator.list("/apis/certificates.k8s.io/v1/certificatesigningrequests")
        assert not requests, "nothing is left of it"


def test_it_ends_when_it_was_said_to(signing: KubeConfig) -> None:
    _, certificate = signed(signing, JANE, 3, 30.0)
    ends = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
    left = ends - dt.datetime.now(dt.UTC)
    assert dt.timedelta(hours=2, minutes=50) < left <= dt.timedelta(hours=3)


def test_a_cluster_that_signs_nothing_says_so_and_keeps_no_request(
    administered: KubeConfig, absent: ControlPlane
) -> None:
    with pytest.raises(AccessError, match=r"PK921.*\n.*nothing within 0 s"):
        signed(administered, JANE, 1, 0.0)
    with closing(Api(absent.kubeconfig)) as administrator:
        assert not administrator.list("/apis/certificates.k8s.io/v1/certificatesigningrequests")
