"""Exemptions from rules: waivers, which people write beside the stack, and those that add-ons declare.

A waiver file is `policy/waivers.yaml` in the project's directory, a list of:

    - rule: image
      resource: shop/Deployment/legacy-*   # the title of findings, or a URN; * and ? as in file names
      reason: its vendor publishes no digests
      owner: shop-developers
      expires: 2027-03-31

An add-on's stands among the inputs of an add-on's component and holds for what is below that component only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from common.errors import PolicyInputError, Problem
from policy.engine.settings import name_one_of
from policy.model.resource import ADD_ON, Resource
from policy.model.rule import Rule
from policy.model.unknown import Undetermined

_FIELDS: Final = ("rule", "resource", "reason", "owner", "expires")


@dataclass(frozen=True)
class ScopedExemption:
    """Exemption to break `rule`, up to and on the day `expires`, for what `resource` and `below` say.

    `resource` is a pattern; `below` is the type of a component that must be among the parents, if it is not empty.
    """

    rule: str
    reason: str
    owner: str
    expires: date
    resource: str = "*"
    below: str = ""

    def covers(self, resource: Resource) -> bool:
        """Whether it is for this resource."""
        return (not self.below or self.below in resource.ancestry) and (
            fnmatchcase(resource.title, self.resource) or fnmatchcase(resource.urn, self.resource)
        )

    @property
    def title(self) -> str:
        """What it is and whose: `the waiver of image for shop/Deployment/x (shop-developers)`."""
        what = (
            f"exemption of {self.rule} for {self.below}" if self.below else f"waiver of {self.rule} for {self.resource}"
        )
        return f"the {what} ({self.owner}, until {self.expires}: {self.reason})"


def declared_exemptions(component: Resource) -> Iterator[ScopedExemption]:
    """What a resource declares, if it is the component of an add-on."""
    if component.type.startswith(ADD_ON):
        for given in component.properties.get("exemptions") or ():
            yield ScopedExemption(
                str(given["rule"]),
                str(given["reason"]),
                str(given["owner"]),
                date.fromisoformat(given["expires"]),
                below=component.type,
            )


def read_waivers(file: Path, rules: Sequence[Rule]) -> tuple[ScopedExemption, ...]:
    """The waivers in `file`, none if there is no such file; PolicyInputError (PK514) with every problem."""
    if not file.is_file():
        return ()
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyInputError(_problem(file, "", " ".join(str(error).split()), "YAML", "mend the file")) from None
    if not isinstance(entries, list):
        raise PolicyInputError(_problem(file, "", type(entries).__name__, "a list", "begin each waiver with `- rule:`"))
    known = {rule.id for rule in rules}
    problems = [problem for index, entry in enumerate(entries) for problem in _problems(file, index, entry, known)]
    if problems:
        raise PolicyInputError(problems)
    return tuple(
        ScopedExemption(entry["rule"], entry["reason"], entry["owner"], _date(entry["expires"]), entry["resource"])
        for entry in entries
    )


def _problems(file: Path, index: int, entry: Any, rules: set[str]) -> Iterator[Problem]:
    where = f"[{index}]"
    if not isinstance(entry, Mapping):
        yield _problem(file, where, repr(entry), ", ".join(_FIELDS), "write a mapping with these keys")
        return
    for key in entry.keys() - set(_FIELDS):
        yield _problem(file, f"{where}.{key}", "an unknown key", ", ".join(_FIELDS), "remove it")
    for key in _FIELDS:
        value = entry.get(key)
        if key == "expires":
            if not isinstance(_date(value), date):
                yield _problem(file, f"{where}.expires", repr(value), "a day: 2027-03-31", "say when it ends")
        elif not isinstance(value, str) or not value:
            yield _problem(file, f"{where}.{key}", repr(value), "a text", f"add {key}: all five keys are required")
    if isinstance(rule := entry.get("rule"), str) and rule not in rules:
        yield _problem(file, f"{where}.rule", rule, ", ".join(sorted(rules)), name_one_of(rule, rules))


def _date(value: Any) -> Any:
    """A date for what spells one, anything else for what does not."""
    if isinstance(value, datetime):
        return None  # a time of day would be ignored
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None


def _problem(file: Path, where: str, found: str, allowed: str, remedy: str) -> Problem:
    return Problem("PK514", "a waiver cannot be read", where, str(file), found=found, allowed=allowed, remedy=remedy)


class ExemptionRegistry:
    """The exemptions of a run, and which of them were applied to what."""

    def __init__(self, exemptions: Sequence[ScopedExemption] = (), today: date | None = None) -> None:
        self._today = today or date.today()  # noqa: DTZ011 - a waiver ends with the day of whoever runs the pack
        self._exemptions = dict.fromkeys(exemptions)
        self.applied: dict[tuple[ScopedExemption, str], None] = {}

    def register(self, component: Resource) -> None:
        """Take the exemptions of a component, if it is an add-on's."""
        self._exemptions.update(dict.fromkeys(declared_exemptions(component)))

    def exemption_for(self, rule: str, resource: Resource) -> ScopedExemption | None:
        """The exemption that lets `resource` break `rule`; it counts as applied from now on."""
        for exemption in self._exemptions:
            if exemption.rule == rule and exemption.expires >= self._today and _covers(exemption, resource):
                self.applied[exemption, resource.title] = None
                return exemption
        return None

    @property
    def expired(self) -> list[ScopedExemption]:
        """Exemption whose last day has passed."""
        return [exemption for exemption in self._exemptions if exemption.expires < self._today]

    @property
    def unused(self) -> list[ScopedExemption]:
        """Waivers that let nothing pass; those of add-ons may, as not every stack has all that an add-on can have."""
        used = {exemption for exemption, _ in self.applied}
        return [
            exemption
            for exemption in self._exemptions
            if not (exemption.below or exemption in used or exemption in self.expired)
        ]


def _covers(exemption: ScopedExemption, resource: Resource) -> bool:
    try:
        return exemption.covers(resource)
    except Undetermined:
        return False
