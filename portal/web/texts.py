"""Texts that people write into the portal: bounded, and without NUL, which PostgreSQL keeps in no text."""

from typing import Annotated, Final, TypeAlias

from pydantic import Field

LONGEST: Final = 500
"""Characters of a reason."""
MOST: Final = 2**31 - 1
"""The largest number that databases take for one."""
_NO_NUL: Final = r"^[^\x00]*$"

Reason: TypeAlias = Annotated[str, Field(max_length=LONGEST, pattern=_NO_NUL)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=128, pattern=_NO_NUL)]
Email: TypeAlias = Annotated[str, Field(max_length=200, pattern=_NO_NUL)]
Number: TypeAlias = Annotated[int, Field(ge=0, le=MOST)]


def shortened(text: object) -> str:
    """What somebody wrote as a reason."""
    return str(text or "")[:LONGEST].replace("\0", "")
