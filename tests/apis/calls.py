"""Which calls of a cloud's API a resource's inputs go into: the `.yaml` of each cloud, as it says itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Calls:
    """The calls of one type: `call` makes the resource, if it takes more than its URL.

    `given` are members that the provider fills in itself. `limits` are shapes (shapes.py) of inputs of which the models
    tell less than the documentation, or nothing.
    """

    call: str
    names: Mapping[str, str | None]
    given: frozenset[str]
    limits: Mapping[str, Mapping[str, Any]]

    def place(self, path: str) -> tuple[str, str] | None:
        """The call that the input at `path` goes into, with its path there; None when it is not sent."""
        name = self.names.get(path, path.rpartition(".")[2])
        if name is None:
            return None
        call, _, inner = name.rpartition(":")
        return call or self.call, inner


@cache
def read_calls(cloud: str) -> Mapping[str, Calls]:
    """The calls of every type of a cloud."""
    rows = yaml.safe_load((HERE / f"{cloud}.yaml").read_text())
    return {
        token: Calls(row["call"] or "", row.get("names", {}), frozenset(row.get("given", ())), row.get("limits", {}))
        for token, row in rows.items()
    }


def all_calls(cloud: str) -> Iterator[str]:
    """The name of every call of a cloud that some type is made by."""
    for each in read_calls(cloud).values():
        if each.call:
            yield each.call
        yield from (name.rpartition(":")[0] for name in each.names.values() if name and ":" in name)
