"""Random values that open something: kept as hashes, so that who reads the database cannot use them."""

import hashlib
import hmac
import secrets
from typing import Final

TOKEN: Final = "pk_"  # noqa: S105 - what tokens begin with, so that scanners of repositories find them


def made(prefix: str = "") -> str:
    """A new value of 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def kept(value: str) -> str:
    """What is kept of one: it has too many bits to be guessed, so that one round of SHA-256 is enough."""
    return hashlib.sha256(value.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two are the same, in a time that does not tell how far."""
    return hmac.compare_digest(one.encode(), other.encode())
