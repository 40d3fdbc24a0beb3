"""A store that speaks Google Cloud Storage's API: fake-gcs-server, which asks for no credentials.

The engine refuses to open a bucket without credentials, and then sends none to an emulator
(gocloud.dev, blob/gcsblob/gcsblob.go, openBucket; pulumi v3.259, pkg/authhelpers/gcpauth.go). A service account whose
key does not count any more is refused by who issues tokens, which a script plays here.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rehearsal.toolchain import ensure
from tests.support.json_server import Answer, serving
from tests.support.processes import answers_at_all, free_ports, running
from tests.support.stores.front import in_front_of
from tests.support.stores.store import BUCKET, Store


@dataclass
class Gcs(Store):
    """Fake-gcs-server, whose objects are in its memory."""

    patient = (
        True  # "Retry strategy", cloud.google.com/storage/docs/retry-strategy: Go's client has no limit of its own
    )

    def url(self, bucket: str = BUCKET) -> str:
        return f"gs://{bucket}"

    def objects(self, prefix: str) -> list[str]:
        listed = self.request("GET", f"storage/v1/b/{BUCKET}/o", params={"prefix": prefix}).json()
        return [each["name"] for each in listed.get("items", ())]

    def read(self, name: str) -> bytes:
        return self.request("GET", f"storage/v1/b/{BUCKET}/o/{quote(name, safe='')}", params={"alt": "media"}).content

    def write(self, name: str, content: bytes) -> None:
        parameters = {"uploadType": "media", "name": name}
        self.request("POST", f"upload/storage/v1/b/{BUCKET}/o", params=parameters, content=content)

    def request(  # what goes to the JSON API (cloud.google.com/storage/docs/json_api)
        self, method: str, path: str, *, params: dict[str, str], content: bytes = b""
    ) -> httpx2.Response:
        """The answer to a request, which has to be granted."""
        url = f"http://127.0.0.1:{self.front.behind}/{path}"
        with httpx2.Client(trust_env=False) as client:
            return client.request(method, url, params=params, content=content).raise_for_status()


@contextmanager
def gcs(directory: Path) -> Iterator[Gcs]:
    """Fake-gcs-server."""
    (port,) = free_ports(1)
    program = ensure(["fake-gcs-server"])["fake-gcs-server"].path
    token = secrets.token_hex(16)
    with in_front_of(port) as front, _refused_account() as account:
        address = f"127.0.0.1:{front.port}"  # objects are read where it is told that it is
        how = ("-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory")
        where = ("-public-host", address, "-external-url", f"http://{address}")
        with running([program, *how, *where], directory, lambda: answers_at_all(port)):
            variables = {"GOOGLE_OAUTH_ACCESS_TOKEN": token, "STORAGE_EMULATOR_HOST": address}
            store = Gcs(front, variables, {"GOOGLE_CREDENTIALS": account}, token)
            made = f'{{"name": "{BUCKET}"}}'.encode()
            store.request("POST", "storage/v1/b", params={"project": "polykube"}, content=made)
            yield store


@contextmanager
def _refused_account() -> Iterator[str]:
    """The file of a service account, with who says that its key does not count.

    The answer: googleapis/google-auth-library-python, tests/oauth2/test__client.py; RFC 6749, section 5.2.
    """
    refusal = Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with serving(lambda _: refusal) as port:
        whose = {"type": "service_account", "client_email": "states@polykube.iam.gserviceaccount.com"}
        issuer = f"http://127.0.0.1:{port}/token"
        yield json.dumps({**whose, "private_key_id": "1", "private_key": key.decode(), "token_uri": issuer})
