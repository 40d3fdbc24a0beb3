"""What is known of how a type of resource behaves, with where it is known from and the test that holds the stand-in.

`behaviours.yaml` of each cloud has, by type, what somebody has read: each behaviour under one of the words of `WORDS`.

    azure-native:containerservice:AgentPool:
      read: 2026-11-29   # when its documentation and its provider's issues were read, whatever came of it
      issues: [...]      # those that were read besides the sources of behaviours, with their months
      behaviours:
        - {limits: no surge on spot pools, source: "terraform-provider-azurerm #19355", test: "tests/…/x.py::test_y"}

What rules.yaml and account.yaml say (replacements, order, what is read back, references, limits of accounts) is not
said again. `trackers.yaml` has, by type, what single issues tell, each settled:

    azure-native:keyvault:Vault:
      - issue: "Azure/azure-cli#29115"
        month: 2024-06        # of what was read
        tells: "a deleted vault keeps its name: ConflictError"
        ours: "no: …"         # whether programs of ours suffer: no, yes or unknown, and why
        shown: tests/…/x.py::test_y   # the test by which a stand-in shows it, or "no: …" with why it does not
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

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


@dataclass(frozen=True)
class ReviewedType:
    """What somebody has read of a type, and when; an empty date if nobody has. `issues` are such of trackers."""

    behaviours: tuple[Known, ...] = ()
    read: str = ""
    issues: tuple[str, ...] = ()


def read_known(package: Path) -> dict[str, ReviewedType]:
    """What is known of the types of the cloud whose package is the directory `package`."""
    content = yaml.safe_load((package / "behaviours.yaml").read_text()) or {}
    return {
        token: ReviewedType(
            tuple(known(entry.get("behaviours", ()))), str(entry.get("read", "")), tuple(entry.get("issues", ()))
        )
        for token, entry in content.items()
    }


@dataclass(frozen=True)
class SettledIssue:
    """What an issue of a tracker tells, whether programs of ours suffer from it, and the test by which it shows."""

    issue: str
    month: str
    tells: str
    ours: str
    shown: str


def read_settled(package: Path) -> dict[str, tuple[SettledIssue, ...]]:
    """The issues about the types of the cloud whose package is the directory `package`."""
    content = yaml.safe_load((package / "trackers.yaml").read_text())
    return {token: tuple(SettledIssue(**row) for row in rows) for token, rows in content.items()}


def known(rows: Any) -> Iterator[Known]:
    """The behaviours as they are written; ValueError says which one is none."""
    for row in rows:
        rest = dict(row)
        words = rest.keys() & WORDS.keys()
        if len(words) != 1 or rest.keys() - words != {"source", "test"}:
            raise ValueError(f"a behaviour is one of {', '.join(WORDS)} with source and test: {row}")
        word = words.pop()
        yield Known(word, str(row[word]), str(row["source"]), str(row["test"]))
