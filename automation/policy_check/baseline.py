"""What a team begins with: findings that are known, in a file, so that only new ones count.

    [
    {"rule": "image", "resource": "shop/Pod/web", "path": "spec.containers[web].image", "count": 1}
    ]

A finding is known by its rule, its resource and its field, with the items of lists by their names: it survives other
lines, another file, another order, and other words for the same. `count` says how many are alike.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from automation.policy_check.places import by_name
from common.errors import PolicyInputError, Problem
from common.files import write_atomically
from policy.engine.judge import Verdict
from policy.model.rule import Rule


class BaselineEntry(NamedTuple):
    """What makes two findings the same one."""

    rule: str
    resource: str
    path: str


@dataclass(frozen=True)
class Baseline:
    """Known findings, and how many of each."""

    entries: Mapping[BaselineEntry, int] = field(default_factory=dict)

    def apart(
        self, found: Iterable[Verdict], rules: Sequence[Rule]
    ) -> tuple[list[Verdict], list[Verdict], list[BaselineEntry]]:
        """New findings, known ones, and the entries of `rules` that nothing, or less than before, was found for."""
        if not self.entries:
            return list(found), [], []
        left = Counter(self.entries)
        new: list[Verdict] = []
        known: list[Verdict] = []
        for verdict in found:
            entry = entry_of(verdict)
            (known if left[entry] > 0 else new).append(verdict)
            left[entry] -= 1
        applied = {rule.id for rule in rules}
        return new, known, [entry for entry, count in left.items() if count > 0 and entry.rule in applied]


def entry_of(verdict: Verdict) -> BaselineEntry:
    """How a baseline knows a finding."""
    finding = verdict.finding
    return BaselineEntry(verdict.rule.id, finding.resource.title, by_name(finding.resource, finding.path))


def write_baseline(file: Path, found: Iterable[Verdict]) -> None:
    """Write what was found, so that it is known from now on."""
    counted = sorted(Counter(map(entry_of, found)).items())
    lines = ",\n".join(json.dumps(entry._asdict() | {"count": count}, ensure_ascii=False) for entry, count in counted)
    write_atomically(file, f"[\n{lines}\n]\n" if lines else "[]\n")


def read_baseline(file: Path) -> Baseline:
    """The baseline in a file; PolicyInputError (PK518) if it is none."""
    try:
        entries: Any = json.loads(file.read_text(encoding="utf-8"))
        return Baseline(
            {BaselineEntry(str(it["rule"]), str(it["resource"]), str(it["path"])): int(it["count"]) for it in entries}
        )
    except OSError as error:
        raise PolicyInputError(_problem(file, error.strerror or str(error))) from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise PolicyInputError(_problem(file, f"{type(error).__name__}: {error}")) from None


def _problem(file: Path, found: str) -> Problem:
    return Problem(
        "PK518",
        "a baseline cannot be read",
        file=str(file),
        found=found,
        allowed="a list of findings with rule, resource, path and count",
        remedy="write it by `polykube policy check … --write-baseline FILE`",
    )
