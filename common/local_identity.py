"""What names the objects of an embedded control plane, for as long as they are there, whatever becomes of its keys.

It is that of the first authority, kept in a file beside the kubeconfig with a digest of it: keys that are damaged are
made anew, with another authority, and a stack whose cluster had another name then would replace all that is in it.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final

import yaml

from common.files import write_atomically

_FILE: Final = "identity"


def identity_of(directory: Path) -> str:
    """The one that was kept in a control plane's directory, or that of its authority now; empty if it has none yet."""
    return _kept(directory) or _of_authority(directory)


def keep_identity(directory: Path) -> None:
    """Keep the present one, unless one is kept."""
    if not _kept(directory) and (identity := _of_authority(directory)):
        write_atomically(directory / _FILE, f"{identity} {_digest(identity)}\n", mode=0o600)


def _kept(directory: Path) -> str:
    with suppress(OSError, ValueError):
        identity, digest = (directory / _FILE).read_text().split()
        return identity if digest == _digest(identity) else ""
    return ""


def _of_authority(directory: Path) -> str:
    with suppress(OSError, ValueError, yaml.YAMLError, LookupError, TypeError):
        kubeconfig = yaml.safe_load((directory / "kubeconfig").read_text())
        return f"local-{_digest(kubeconfig['clusters'][0]['cluster']['certificate-authority-data'])}"
    return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
