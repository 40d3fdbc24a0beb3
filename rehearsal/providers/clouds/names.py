"""What the clouds take as names, and how long a name gets that a provider makes up: `names.yaml` of each cloud."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from common.wire import has_unknown
from rehearsal.providers.base import Failure

_AUTOMATIC: Final = 255


@dataclass(frozen=True)
class NameRule:
    """Lengths in characters; `form` is a pattern for all of the name, `automatic` the longest that is made up."""

    longest: int
    shortest: int = 1
    form: str = ".*"
    automatic: int = _AUTOMATIC

    def __str__(self) -> str:
        return f"{self.shortest} to {self.longest} characters"

    def problem(self, name: str) -> str:
        """What is wrong with a name; empty when nothing is."""
        if not self.shortest <= len(name) <= self.longest:
            return f"must have {self.shortest} to {self.longest} characters, and has {len(name)}"
        return "" if re.fullmatch(self.form, name, re.ASCII) else f"must be of the form {self.form}"


@dataclass(frozen=True)
class Names:
    """The names of one cloud: by type and input."""

    source: str
    types: Mapping[str, Mapping[str, NameRule]]

    def problems(self, type_: str, inputs: Mapping[str, Any], automatic: str) -> Iterator[Failure]:
        """What is wrong with the names among `inputs`; the one called `automatic` was made up.

        A bridged provider does not shorten what it makes up: it fails (pulumi-terraform-bridge, AutoName; pulumi,
        NewUniqueName, 2026-08).
        """
        for name, rule in self.types.get(type_, {}).items():
            value = inputs.get(name)
            if not isinstance(value, str) or has_unknown(value):
                continue
            if name == automatic and len(value) > rule.automatic:
                reason = f"could not be made up: logical name and random digits have {len(value)} characters"
                yield Failure(name, f"{reason}, longer than the maximum length {rule.automatic}")
            elif reason := rule.problem(value):
                yield Failure(name, reason)


def read_names(path: Path) -> Names:
    """The names in the package of a cloud."""
    content = yaml.safe_load((path / "names.yaml").read_text())
    rules = {type_: {name: NameRule(**row) for name, row in rows.items()} for type_, rows in content["types"].items()}
    return Names(content["source"], rules)
