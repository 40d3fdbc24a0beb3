"""istiod itself (pilot-discovery, built from source) on a test's API server, asked as that server would ask it."""

import copy
import os
import ssl
import subprocess
import uuid
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

import httpx

from rehearsal.toolchain import ensure
from tests.support.api import Api, Object
from tests.support.polling import eventually
from tests.support.processes import free_ports

_WEBHOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-sidecar-injector"
_HOST = "istiod.istio-system.svc"
_ITS_CONFIG_MAPS = {"istio-ca-crl", "istio-ca-root-cert"}  # in every namespace


@dataclass(frozen=True)
class Istiod:
    """A running istiod: ports of its debugging pages and of its webhooks, and what it wrote to its log so far."""

    pages: int
    webhooks: int
    log: Path

    def ready(self) -> bool:
        """Whether it has read everything and answers."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.pages}/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def mesh_config(self) -> Object:
        """The configuration that it works with."""
        return dict(httpx.get(f"http://127.0.0.1:{self.pages}/debug/mesh", trust_env=False).json())

    def inject(self, pod: Object, api: Api) -> Object:
        """`pod` as the sidecar injector returns it, trusted by the certificate that it put into its webhook."""
        (webhook,) = [each for each in api.get(_WEBHOOK)["webhooks"] if each["name"].startswith("namespace.")]
        trusted = ssl.create_default_context(cadata=b64decode(webhook["clientConfig"]["caBundle"]).decode())
        request = {
            "uid": str(uuid.uuid4()),
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": pod["metadata"]["namespace"],
            "operation": "CREATE",
            "object": pod,
        }
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        with httpx.Client(verify=trusted, trust_env=False) as client:
            address = f"https://127.0.0.1:{self.webhooks}{webhook['clientConfig']['service']['path']}"
            answer = client.post(address, json=review, extensions={"sni_hostname": _HOST}).raise_for_status().json()
        assert answer["response"]["allowed"], answer
        return patched(pod, loads(b64decode(answer["response"]["patch"])))


@contextmanager
def running_istiod(kubeconfig: Path, directory: Path, api: Api, **environment: str) -> Iterator[Istiod]:
    """istiod in `directory`, on the cluster of `kubeconfig`; what it leaves in namespaces is deleted afterwards."""
    pages, webhooks, proxies, metrics = free_ports(4)
    istiod = Istiod(pages, webhooks, directory / "istiod.log")
    command = [
        str(ensure(["pilot-discovery"])["pilot-discovery"].path),
        "discovery",
        f"--kubeconfig={kubeconfig}",
        f"--httpAddr=127.0.0.1:{pages}",
        f"--httpsAddr=127.0.0.1:{webhooks}",
        f"--secureGRPCAddr=127.0.0.1:{proxies}",
        f"--monitoringAddr=127.0.0.1:{metrics}",
        "--grpcAddr=",
        "--ctrlz_port=0",
    ]
    itself = {"POD_NAMESPACE": "istio-system", "POD_NAME": "istiod", "SERVICE_ACCOUNT": "istiod", "REVISION": "default"}
    with istiod.log.open("w") as log:
        process = subprocess.Popen(
            command, cwd=directory, env=os.environ | itself | environment, stdout=log, stderr=log
        )
    try:
        eventually(lambda: istiod.ready() or process.poll() is not None, what="istiod")
        assert process.poll() is None, istiod.log.read_text()[-3000:]
        api.until(_WEBHOOK, lambda found: all("caBundle" in each["clientConfig"] for each in found["webhooks"]))
        yield istiod
    finally:
        process.terminate()
        process.wait(timeout=60)
        for each in api.list("/api/v1/configmaps"):
            if each["metadata"]["name"] in _ITS_CONFIG_MAPS:
                api.delete(api.path(each))


def patched(document: Object, patch: list[dict[str, Any]]) -> Object:
    """`document` after the operations that admission webhooks use of JSON Patch (RFC 6902)."""
    document = copy.deepcopy(document)
    for operation in patch:
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        target: Any = document
        for step in way:
            target = target[int(step)] if isinstance(target, list) else target[step]
        key = (len(target) if last == "-" else int(last)) if isinstance(target, list) else last
        if operation["op"] == "remove":
            del target[key]
        elif operation["op"] == "add" and isinstance(target, list):
            target.insert(key, operation["value"])
        else:
            assert operation["op"] in ("add", "replace"), operation
            target[key] = operation["value"]
    return document
