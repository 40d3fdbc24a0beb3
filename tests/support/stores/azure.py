"""A store that speaks Azure Blob Storage's API: Azurite, Microsoft's own emulator."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import httpx2

from tests.support.processes import answers_at_all, free_ports, running
from tests.support.stores.azurite import azurite
from tests.support.stores.front import in_front_of
from tests.support.stores.store import BUCKET, Store

ACCOUNT: Final = "polykube"
_VERSION: Final = "2021-12-02"


@dataclass
class Azure(Store):
    """Azurite; `secret` is the account's key."""

    def url(self, bucket: str = BUCKET) -> str:
        return f"azblob://{bucket}?protocol=http&domain=127.0.0.1:{self.front.port}"

    def objects(self, prefix: str) -> list[str]:
        query = {"restype": "container", "comp": "list", "prefix": prefix}
        listed = ET.fromstring(self.request("GET", BUCKET, query).content)  # noqa: S314 - our own server's
        return [each.text or "" for each in listed.iterfind("Blobs/Blob/Name")]

    def read(self, name: str) -> bytes:
        return self.request("GET", f"{BUCKET}/{name}").content

    def write(self, name: str, content: bytes) -> None:
        self.request("PUT", f"{BUCKET}/{name}", content=content)

    def request(self, method: str, path: str, query: Mapping[str, str] = {}, content: bytes = b"") -> httpx2.Response:
        """The answer to a request, which has to be granted, signed by the account's key.

        learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key, read on 2026-11-30; the account is in
        the path, too, as that is how an emulator is told it.
        """
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "x-ms-date": format_datetime(datetime.now(UTC), usegmt=True),
            "x-ms-version": _VERSION,
        }
        length = str(len(content)) if content else ""
        standard = [method, "", "", length, *[""] * 8]  # Content-Length is the only standard header that is sent
        resource = [f"/{ACCOUNT}/{ACCOUNT}/{path}", *(f"{name}:{value}" for name, value in sorted(query.items()))]
        signed = "\n".join([*standard, *(f"{name}:{value}" for name, value in headers.items()), *resource])
        digest = hmac.digest(base64.b64decode(self.secret), signed.encode(), hashlib.sha256)
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        url = f"http://127.0.0.1:{self.front.behind}/{ACCOUNT}/{path}"
        with httpx2.Client(trust_env=False) as client:
            return client.request(method, url, params=query, headers=headers, content=content).raise_for_status()


@contextmanager
def azure(directory: Path) -> Iterator[Azure]:
    """Azurite."""
    (port,) = free_ports(1)
    key, other = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    command = [*azurite(), "--blobPort", str(port), "--location", directory, "--silent", "--disableTelemetry"]
    variables = {"AZURE_STORAGE_ACCOUNT": ACCOUNT, "AZURE_STORAGE_KEY": key}
    accounts = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    with in_front_of(port) as front, running(command, directory, lambda: answers_at_all(port), accounts):
        store = Azure(front, variables, {**variables, "AZURE_STORAGE_KEY": other}, key)
        store.request("PUT", BUCKET, {"restype": "container"})
        yield store
