"""An issuer that kubeadm's API servers would not take."""

import socket
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components.clusters.kubeadm.documents import settings_files
from components.clusters.kubeadm.oidc import OidcSpec
from rehearsal.control_plane import Binaries

ISSUER: Final = {"issuer": "https://127.0.0.1:1", "audiences": ["kubernetes", "cli"]}


def said(document: Any, binaries: Binaries, directory: Path) -> str:
    """What kube-apiserver says to an AuthenticationConfiguration: that it asks the issuer, or why it never will."""
    file, key = directory / "authentication.yaml", directory / "key"
    file.write_text(yaml.safe_dump(document))
    private = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [
        *(str(binaries.kube_apiserver), f"--authentication-config={file}", f"--cert-dir={directory}"),
        *("--etcd-servers=http://127.0.0.1:1", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24"),
        *("--service-account-issuer=https://example.com", f"--service-account-key-file={key}"),
        *(f"--service-account-signing-key-file={key}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"),
        f"--secure-port={port}",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "oidc authenticator" in line:
                process.kill()
                return line
    return "".join(lines)


def test_kube_apiserver_takes_the_issuer_and_would_say_if_it_did_not(binaries: Binaries, tmp_path: Path) -> None:
    issuer = OidcSpec.model_validate(ISSUER).jwt()
    document = settings_files(issuer)["authentication.yaml"]
    assert f'Get "{ISSUER["issuer"]}/.well-known/openid-configuration"' in said(document, binaries, tmp_path)
    broken = settings_files(issuer | {"userValidationRules": [{"expression": "user.groups.every(group, true)"}]})
    assert "jwt[0].userValidationRules[0].expression" in said(broken["authentication.yaml"], binaries, tmp_path)
