"""Passwords of local accounts, as argon2id hashes."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = (
    12  # characters: NIST SP 800-63B-4 (2025) wants 15 where nothing else is asked, 8 beside a second factor
)
LONGEST: Final = 128  # characters: hashing takes the same time for all of them
_HASHER: Final = PasswordHasher()  # argon2id, as RFC 9106 recommends for machines with little memory


def hashed(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def is_right(password: str, kept: str) -> bool:
    """Whether this is the password of which `kept` is the hash; it takes as long where there is none ("")."""
    try:
        return _HASHER.verify(kept or _nobodys(), password[: LONGEST + 1]) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(kept: str) -> bool:
    """Whether it was hashed with less than what is usual now."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's")
