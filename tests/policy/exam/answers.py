"""Answers of the API server that were recorded, so that rules can be held to them where there is none.

`python -m pytest --accept tests/policy/exam` writes them anew; POLYKUBE_EXAM says how many. Each run of the exam holds
those that it asks again against the recorded ones.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SEED: Final = "polykube"


@dataclass(frozen=True)
class Answers:
    """A file with an answer a line, by the number in the seed."""

    file: Path

    def read(self) -> list[Any]:
        """The answers that were recorded."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def check(self, answers: Sequence[Any], *, accept: bool) -> None:
        """AssertionError where the API server answers otherwise than it did; with `accept`, take what it says now."""
        if accept:
            lines = (json.dumps(answer, separators=(",", ":"), sort_keys=True) for answer in answers)
            self.file.write_text("".join(f"{line}\n" for line in lines))
        known = self.read()[: len(answers)]
        assert list(answers[: len(known)]) == known, f"the API server answers otherwise than in {self.file.name}"


NAMESPACES: Final = Answers(Path(__file__).with_name("namespaces.jsonl"))
PODS: Final = Answers(Path(__file__).with_name("pods.jsonl"))
