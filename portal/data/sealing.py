"""Secrets that the portal has to use again, encrypted (Fernet: AES-128-CBC, HMAC-SHA256) by a key beside the database.

The key is `POLYKUBE_PORTAL_KEY`, or a file in the state directory that its owner alone reads: a copy of the database
opens nothing.
"""

import os
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from common.errors import PortalError, Problem
from common.locks import exclusive
from common.paths import state_dir

KEY: Final = "POLYKUBE_PORTAL_KEY"


def sealed(text: str) -> str:
    """The text, encrypted."""
    return Fernet(_key()).encrypt(text.encode()).decode()


def unsealed(text: str) -> str:
    """The text that `sealed` made this of; PortalError (PK937) when that was with another key."""
    try:
        return Fernet(_key()).decrypt(text).decode()
    except (InvalidToken, ValueError):
        raise PortalError(
            Problem(
                code="PK937",
                summary="a secret of the portal cannot be read",
                found="it was encrypted with another key",
                allowed=f"the key in {KEY}, or in {_file()}",
                remedy="bring that key back, or give the secret anew",
            )
        ) from None


def _key() -> bytes:
    if given := os.environ.get(KEY):
        return given.encode()
    with exclusive(_file().with_suffix(".lock")):
        if not _file().is_file():
            descriptor = os.open(_file().with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
            _file().with_suffix(".new").rename(_file())
        return _file().read_bytes()


def _file() -> Path:
    return state_dir() / "portal" / "secrets.key"
