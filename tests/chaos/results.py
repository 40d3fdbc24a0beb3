"""What came of the cases: a line for each in a file, and tables of kind and converged."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.chaos.cases import BLOCK, DAMAGES, KILLS, PAIRS
from tests.chaos.trial import Result

_COMMANDS: Final = tuple(dict.fromkeys(BLOCK))
_TOGETHER: Final = "together"


@dataclass(frozen=True)
class Results:
    """A file with the results of a run that may be interrupted and go on: the newest of each case counts."""

    file: Path

    def add(self, result: Result, **circumstances: str) -> None:
        """Write down how a case went."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps(result.as_json() | circumstances) + "\n")

    def read(self, seed: int) -> dict[str, dict[str, Any]]:
        """The results of a seed by case: `kills/17`."""
        lines = self.file.read_text().splitlines() if self.file.exists() else ()
        found = [json.loads(line) for line in lines]
        return {f"{each['family']}/{each['number']}": each for each in found if each["seed"] == seed}


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
