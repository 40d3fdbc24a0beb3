"""Where states can be: in files, in a bucket, at Pulumi Cloud; and what it means when one cannot be used.

The engine's words are those of v3.259, and of what it reaches buckets by: gocloud.dev/blob and the clouds' SDKs for Go.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlparse

from common.errors import EngineError, Problem

VARIABLE: Final = "PULUMI_BACKEND_URL"
VARIABLES: Final = frozenset(
    {
        *(
            "STORAGE_EMULATOR_HOST",
            "GCE_METADATA_HOST",
        ),  # gocloud.dev, blob/gcsblob; cloud.google.com/go/compute/metadata
        *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT"),
        *("MSI_ENDPOINT", "MSI_SECRET"),  # as the line above: azidentity v1.14, managed_identity_client.go
    }
)
"""What else backends and their credentials are found by, besides what begins with Pulumi's name or a cloud's."""
PATIENCE: Final = 120.0
"""Seconds that a backend gets for its first answer: Google Cloud's SDK would ask one that is not there for ever."""
_ALLOWED: Final = "file://, s3://, gs://, azblob://, or https:// of Pulumi Cloud"


@dataclass(frozen=True)
class Backend:
    """A kind of backend: what it is, and how it gets credentials."""

    what: str
    credentials: str = ""


BACKENDS: Final[Mapping[str, Backend]] = MappingProxyType(
    {
        "file": Backend("files"),
        "s3": Backend(
            "a bucket that speaks S3",
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the region by AWS_REGION or "
            "?region=…; a machine of AWS may have a role in their place",
        ),
        "gs": Backend(
            "a bucket of Google Cloud",
            "set GOOGLE_APPLICATION_CREDENTIALS to a file with credentials, or run "
            "`gcloud auth application-default login`",
        ),
        "azblob": Backend(
            "a container of Azure Blob Storage",
            "set AZURE_STORAGE_ACCOUNT (or ?storage_account=…), and AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN; or "
            "run `az login`",
        ),
        "https": Backend("Pulumi Cloud", "set PULUMI_ACCESS_TOKEN; a `pulumi login` of your own does not count here"),
    }
)

_ABOUT: Final = re.compile(
    r"blob \(key|could not list bucket|unable to open |missing google cred|azureblob:"
    r'|PULUMI_ACCESS_TOKEN must|requires logging in|SAML SSO|performing HTTP request: \w+ "https://|pulumi service:'
    r"|^error: (Unauthorized|\[(401|403|5\d\d)\])",
    re.MULTILINE,
)
_MEANINGS: Final = (  # what it means, the words by which that is known, and what helps besides credentials
    (
        "it gets no credentials",
        "could not find default|AccountName is required|DefaultAzureCredential|must be set for login|no EC2 IMDS role",
        "",
    ),
    (
        "it does not accept the credentials",
        (
            "SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken|invalid_grant|failed to authenticate|Unauthorized"
            "|requires logging in|SAML SSO"
        ),
        "",
    ),
    (
        "it does not allow what is asked",
        "AccessDenied|Forbidden|PermissionDenied|AuthorizationPermissionMismatch|AuthorizationFailure",
        "have whoever keeps it let you list, read, write and delete objects there",
    ),
    (
        "there is no such bucket",
        "NoSuchBucket|bucket doesn't exist|ContainerNotFound",
        "make it, versioned and private; or name another by PULUMI_BACKEND_URL",
    ),
    (
        "its certificate is not trusted",
        "failed to verify certificate",
        "set SSL_CERT_FILE to a file with the certificate of whoever signed its own, or that of a proxy in between",
    ),
    (
        "it does not answer, or fails",
        (
            r"dial tcp|no such host|timeout|connection re|EOF|StatusCode: (0|5\d\d)|InternalError|ServiceUnavailable"
            r"|\[5\d\d\]|rate-limit exceeded|RESPONSE 5\d\d|Error 5\d\d"
        ),
        "see whether it can be reached from here; then run the same command again, which goes on from what is there",
    ),
)


def check_url(url: str) -> None:
    """EngineError (PK416) for what is no URL of a backend; the engine would take it for another Pulumi Cloud."""
    if urlparse(url).scheme not in BACKENDS:
        raise EngineError(
            Problem(
                code="PK416",
                summary="there is no such backend",
                where=VARIABLE,
                found=shown(url),
                allowed=_ALLOWED,
                remedy="name one of these, or nothing for files of this machine",
            )
        )


def trouble(url: str, said: str) -> Problem | None:
    """What is wrong with the backend at `url`, if that is what the engine means."""
    backend = BACKENDS.get(urlparse(url).scheme)
    if not (backend and backend.credentials and _ABOUT.search(said)):
        return None
    for meaning, words, remedy in _MEANINGS:
        if re.search(words, said):
            return _unusable(url, f"{meaning}: {said}", remedy or backend.credentials)
    return None


def silent(url: str, seconds: float) -> Problem:
    """What is wrong with the backend at `url`, if it has not answered in this time."""
    return _unusable(url, f"no answer in {seconds:.0f} s", _MEANINGS[-1][-1])


def _unusable(url: str, found: str, remedy: str) -> Problem:
    backend = BACKENDS.get(urlparse(url).scheme, Backend("a backend"))
    return Problem(
        code="PK417",
        summary="the backend cannot be used",
        where=f"{VARIABLE} {shown(url)}",
        found=found,
        allowed=f"{backend.what} that can be listed, read and written",
        remedy=remedy,
    )


def shown(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlparse(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
