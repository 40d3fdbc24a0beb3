"""What the exam comes to, as a table at the end of the run."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from automation.show import out, table


@dataclass
class Tally:
    """How many cases of each kind were put to the rules and to whoever knows, and on how many both agreed."""

    asked: Counter[str] = field(default_factory=Counter)
    agreed: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, asked: int, agreed: int, verdicts: Mapping[str, int] | None = None) -> None:
        """Count cases; `verdicts` says how many had which answer."""
        self.asked[what] += asked
        self.agreed[what] += agreed
        self.verdicts[what] = ", ".join(f"{count} {verdict}" for verdict, count in sorted((verdicts or {}).items()))


_TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin at nothing."""
    config.stash[_TALLY] = Tally()


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """The count of this run."""
    return pytestconfig.stash[_TALLY]


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Show what was counted."""
    count = config.stash[_TALLY]
    rows = [(what, str(asked), str(count.agreed[what]), count.verdicts[what]) for what, asked in count.asked.items()]
    if rows:
        out.print(table("Put to the rules and to whoever knows", ("what", "of", "agreed", "answers"), rows))
