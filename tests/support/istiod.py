"""istiod itself (pilot-discovery, built from source) on a test's API server, asked as that server would ask it."""

import copy
import os
import ssl
import subprocess
import uuid
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

import httpx2

from rehearsal.toolchain import ensure
from tests.support.api import Api, Object
from tests.support.polling import eventually
from tests.support.processes import free_ports

_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_ITS_CONFIG_MAPS = {"istio-ca-crl", "istio-ca-root-cert"}  # in every namespace


@dataclass(frozen=True)
class Istiod:
    """A running istiod: its Service, its ports (pages for debugging, webhooks, proxies in the clear), and its log."""

    service: str
    pages: int
    webhooks: int
    proxies: int
    log: Path

    def ready(self) -> bool:
        """Whether it has read everything and answers."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.pages}/ready", trust_env=False).is_success
        except httpx2.TransportError:
            return False

    def mesh_config(self) -> Object:
        """The configuration that it works with."""
        return dict(httpx2.get(f"http://127.0.0.1:{self.pages}/debug/mesh", trust_env=False).json())

    def configuration(self) -> list[Object]:
        """What it makes of everything that it reads, as objects of its own API."""
        return list(httpx2.get(f"http://127.0.0.1:{self.pages}/debug/configz", trust_env=False).json())

    def inject(self, pod: Object, api: Api) -> Object:
        """`pod` as the sidecar injector returns it, trusted by the certificate that it put into its webhook.

        The API server would ask exactly one webhook about the pod, which has to be this istiod's.
        """
        (webhook,) = webhooks_for(pod, api)
        assert webhook["clientConfig"]["service"]["name"] == self.service
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
        host = f"{self.service}.istio-system.svc"
        with httpx2.Client(verify=trusted, trust_env=False) as client:
            address = f"https://127.0.0.1:{self.webhooks}{webhook['clientConfig']['service']['path']}"
            answer = client.post(address, json=review, extensions={"sni_hostname": host}).raise_for_status().json()
        assert answer["response"]["allowed"], answer
        return patched(pod, loads(b64decode(answer["response"]["patch"])))


def webhooks_for(pod: Object, api: Api) -> list[Object]:
    """The webhooks that the API server would ask about a new `pod`, by its labels and those of its namespace."""
    namespace = api.get(f"/api/v1/namespaces/{pod['metadata']['namespace']}")["metadata"]["labels"]
    return [
        webhook
        for configuration in api.list(_WEBHOOKS)
        for webhook in configuration["webhooks"]
        if any("pods" in rule["resources"] for rule in webhook["rules"])
        and _selects(webhook["namespaceSelector"], namespace)
        and _selects(webhook["objectSelector"], pod["metadata"].get("labels", {}))
    ]


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector finds what has `labels`."""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        _fits(each["operator"], labels.get(each["key"]), each.get("values", ()))
        for each in selector.get("matchExpressions", ())
    )


def _fits(operator: str, value: str | None, values: Sequence[str]) -> bool:
    if operator in ("In", "NotIn"):
        return (value in values) == (operator == "In")
    return (value is not None) == (operator == "Exists")


@contextmanager
def running_istiod(
    kubeconfig: Path, directory: Path, api: Api, revision: str = "", **environment: str
) -> Iterator[Istiod]:
    """istiod in `directory`, on the cluster of `kubeconfig`; what it leaves in namespaces is deleted afterwards."""
    suffix = f"-{revision}" if revision else ""
    pages, webhooks, proxies, with_tls, metrics = free_ports(5)
    istiod = Istiod(f"istiod{suffix}", pages, webhooks, proxies, directory / "istiod.log")
    command = [
        str(ensure(["pilot-discovery"])["pilot-discovery"].path),
        "discovery",
        f"--kubeconfig={kubeconfig}",
        f"--httpAddr=127.0.0.1:{pages}",
        f"--httpsAddr=127.0.0.1:{webhooks}",
        f"--secureGRPCAddr=127.0.0.1:{with_tls}",
        f"--grpcAddr=127.0.0.1:{proxies}",
        f"--monitoringAddr=127.0.0.1:{metrics}",
        "--ctrlz_port=0",
    ]
    itself = {"POD_NAMESPACE": "istio-system", "REVISION": revision or "default"}
    itself |= dict.fromkeys(("POD_NAME", "SERVICE_ACCOUNT"), istiod.service)
    with istiod.log.open("w") as log:
        process = subprocess.Popen(
            command, cwd=directory, env=os.environ | itself | environment, stdout=log, stderr=log
        )
    try:
        eventually(lambda: istiod.ready() or process.poll() is not None, what="istiod")
        assert process.poll() is None, istiod.log.read_text()[-3000:]
        configuration = f"{_WEBHOOKS}/istio-sidecar-injector{suffix}"
        api.until(configuration, lambda found: all("caBundle" in each["clientConfig"] for each in found["webhooks"]))
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
