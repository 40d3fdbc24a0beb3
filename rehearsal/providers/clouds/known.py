"""What is known of how a type of resource behaves, with where it is known from and the test that holds it.

`behaviours` in the rules of a type are what somebody has read: what it is, in one of the words of `WORDS`, then

    behaviours:
      - {limits: no surge on spot pools, source: "terraform-provider-azurerm #19355", test: "tests/…/test_x.py::test_y"}
    read: 2026-11-29   # when its documentation and its provider's issues were read, whether anything came of it or not

What the other rules say (`replace`, `named`, `order`, `readBack`, `in`) need not be said again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

WORDS: Final[Mapping[str, str]] = {
    "limits": "limits",
    "replaced": "replaced by",
    "order": "order of replacement",
    "readBack": "read back as",
    "waits": "waits",
    "propagates": "propagation",
    "deletesLate": "deletes late",
    "inUse": "refuses while in use",
}
"""The key of a behaviour, and how it reads."""


@dataclass(frozen=True)
class Known:
    """One behaviour: a key of WORDS, what it is, its source, and the test (`file::name`) that holds the stand-in."""

    word: str
    says: str
    source: str
    test: str


def known(rows: Any) -> Iterator[Known]:
    """The behaviours as they are written; ValueError says which one is none."""
    for row in rows:
        rest = dict(row)
        words = rest.keys() & WORDS.keys()
        if len(words) != 1 or rest.keys() - words != {"source", "test"}:
            raise ValueError(f"a behaviour is one of {', '.join(WORDS)} with source and test: {row}")
        word = words.pop()
        yield Known(word, str(row[word]), str(row["source"]), str(row["test"]))
