"""Velero itself and a store that speaks S3 with TLS (versitygw), both built from source, beside a test's API server."""

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from rehearsal.toolchain import ensure
from tests.support.polling import eventually
from tests.unit.rehearsal.tls_makers import DESK, authority_inputs, key_pem, leaf_inputs, request_pem

BUCKET = "backups"
KEY, SECRET = "polykube", "hunter2hunter2"


@dataclass(frozen=True)
class Store:
    """A store with one bucket; its objects are the files below `directory`."""

    endpoint: str
    authority: str
    directory: Path

    def objects(self) -> list[str]:
        """The names of the bucket's objects."""
        bucket = self.directory / BUCKET
        return sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())


@contextmanager
def running_store(directory: Path) -> Iterator[Store]:
    """A store whose certificate only its own authority has signed."""
    (directory / "root" / BUCKET).mkdir(parents=True)
    (directory / "metadata").mkdir()
    authority = str(DESK.outputs("SelfSignedCert", **authority_inputs())["certPem"])
    request = request_pem(ipAddresses=["127.0.0.1"])
    leaf = DESK.outputs("LocallySignedCert", **leaf_inputs(certRequestPem=request))
    (directory / "tls.crt").write_text(str(leaf["certPem"]))
    (directory / "tls.key").write_text(key_pem("ED25519"))
    store = Store(f"https://127.0.0.1:{free_port()}", authority, directory / "root")
    command = [
        *(str(ensure(["versitygw"])["versitygw"].path), "--port", store.endpoint.removeprefix("https://")),
        *("--cert", str(directory / "tls.crt"), "--key", str(directory / "tls.key"), "--quiet"),
        *("posix", "--sidecar", str(directory / "metadata"), str(directory / "root")),
    ]
    trusted = ssl.create_default_context(cadata=authority)
    with _running(command, directory, ROOT_ACCESS_KEY=KEY, ROOT_SECRET_KEY=SECRET) as process:
        eventually(lambda: process.poll() is not None or _answers(store.endpoint, trusted), what="the store")
        assert process.poll() is None, (directory / "log").read_text()[-3000:]
        yield store


@contextmanager
def running_velero(kubeconfig: Path, directory: Path, arguments: Sequence[str]) -> Iterator[Path]:
    """Velero itself with `arguments`, and the plugin for S3; its log comes back."""
    tools = ensure(["velero", "velero-plugin-for-aws"])
    plugins = directory / "plugins"
    plugins.mkdir()
    (plugins / "velero-plugin-for-aws").symlink_to(tools["velero-plugin-for-aws"].path)
    command = [
        *(str(tools["velero"].path), *arguments, "--kubeconfig", str(kubeconfig), "--namespace", "velero"),
        *("--plugin-dir", str(plugins)),
        *("--metrics-address", f"127.0.0.1:{free_port()}", "--profiler-address", f"127.0.0.1:{free_port()}"),
    ]
    scratch = str(directory)
    with _running(command, directory, HOME=scratch, TMPDIR=scratch, VELERO_SCRATCH_DIR=scratch):
        yield directory / "log"


@contextmanager
def _running(command: list[str], directory: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=directory, env=os.environ | environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(endpoint: str, trusted: ssl.SSLContext) -> bool:
    try:
        httpx2.get(endpoint, verify=trusted, trust_env=False)
    except httpx2.TransportError:
        return False
    return True


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
