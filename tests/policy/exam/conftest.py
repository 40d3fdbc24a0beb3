"""What the exam comes to, as a table at the end of the run."""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from automation.show import out, table
from tests.support.api import Api, takes_pods
from tests.support.objects import node


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


@contextmanager
def namespaces_with_a_node(api: Api, count: int, pool: str) -> Iterator[list[str]]:
    """`count` namespaces that take pods, and a node of `pool` with room for all of these."""
    run = secrets.token_hex(3)
    names = [f"exam-{run}-{index}" for index in range(count)]
    host = node(f"{pool}-{run}", {"pool": pool}, cpu="64", memory="64Gi", pods="500")
    api.apply(host, *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names))
    api.until(api.path(host), takes_pods)
    for name in names:
        api.until(f"/api/v1/namespaces/{name}/serviceaccounts/default", bool)
    yield names
    for name in names:
        api.delete(f"/api/v1/namespaces/{name}")
    api.delete(api.path(host))


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
