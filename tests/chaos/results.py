"""What came of the cases: a line for each in a file, and tables of kind and converged."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final

from common.files import write_atomically
from tests.chaos.cases import BLOCK, DAMAGES, KILLS, PAIRS
from tests.chaos.trial import Result

_COMMANDS: Final = tuple(dict.fromkeys(BLOCK))
_TOGETHER: Final = "together"


@dataclass(frozen=True)
class Results:
    """A file with the results of a run that may be interrupted and go on, on another machine too.

    It has a line for each case, the newest result of it, in the order of the cases.
    """

    file: Path
    _adding: Lock = field(default_factory=Lock, compare=False)

    def add(self, result: Result, **circumstances: str) -> None:
        """Write down how a case went, in place of what is known of it."""
        with self._adding:
            every = {_identity(each): each for each in self._lines()}
            new = result.as_json() | circumstances
            every[_identity(new)] = new
            lines = (json.dumps(every[identity]) for identity in sorted(every))
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.file, "".join(f"{line}\n" for line in lines))

    def read(self, seed: int) -> dict[str, dict[str, Any]]:
        """The results of a seed by case: `kills/17`."""
        return {f"{each['family']}/{each['number']}": each for each in self._lines() if each["seed"] == seed}

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []


def _identity(result: dict[str, Any]) -> tuple[int, str, int]:
    return result["seed"], result["family"], result["number"]


def tables(results: Iterable[dict[str, Any]]) -> str:
    """Tables in Markdown: each family's kinds, with how many converged of how many."""
    every = list(results)
    return "\n\n".join(text for family in (KILLS, PAIRS, DAMAGES) if (text := _table(family, every)))


def _table(family: str, results: Sequence[dict[str, Any]]) -> str:
    ours = [each for each in results if each["family"] == family]
    if not ours:
        return ""
    heads = [*_COMMANDS, _TOGETHER] if family == KILLS else [_TOGETHER]
    rows = [
        _row(kind, [each for each in ours if _kind(each) == kind], heads) for kind in dict.fromkeys(map(_kind, ours))
    ]
    titles = {KILLS: "killed, or failing to write", PAIRS: "at the same time", DAMAGES: "damaged"}
    lines = [[titles[family], *heads], ["-"] * (len(heads) + 1), *sorted(rows), _row("**all**", ours, heads)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _kind(result: dict[str, Any]) -> str:
    if result["family"] == PAIRS:
        return f"`{result['command']}` and `{result['what']}`"
    return str(result["what"]).partition(": ")[0]


def _row(kind: str, results: Sequence[dict[str, Any]], heads: Sequence[str]) -> list[str]:
    return [kind, *(_score(results if head == _TOGETHER else _of(head, results)) for head in heads)]


def _of(command: str, results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in results if each["command"] == command]


def _score(results: Sequence[dict[str, Any]]) -> str:
    converged = sum(not each["problems"] for each in results)
    return f"{converged}/{len(results)}" if results else "–"


def failures(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Each case that did not converge, with why."""
    for each in results:
        if each["problems"]:
            yield f"{each['family']}/{each['number']} {each['command']}, {each['what']}: {each['problems'][0][:300]}"
