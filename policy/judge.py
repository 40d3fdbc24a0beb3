"""Applies rules to resources. One rule's trouble never costs another's verdict."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from policy.model import (
    UNDETERMINED,
    Finding,
    Level,
    Resource,
    ResourceRule,
    Rule,
    Stack,
    StackRule,
    Undetermined,
)


@dataclass(frozen=True)
class Verdict:
    """A finding with the rule and the level that it has in this run."""

    rule: Rule
    level: Level
    finding: Finding

    @property
    def text(self) -> str:
        """One style for all: where, what is wrong, why it matters, what to do."""
        where = " ".join(part for part in (self.finding.resource.title, self.finding.path) if part)
        return f"{where}: {self.finding.message}; {self.rule.why}. {self.finding.remedy}"


class Judge:
    """The rules with their levels; `levels` maps rule ids to levels other than the rules' own."""

    def __init__(self, rules: Iterable[Rule], levels: Mapping[str, Level] | None = None) -> None:
        levels = levels or {}
        active = [(rule, levels.get(rule.id, rule.level)) for rule in rules]
        self._resource_rules = [
            (rule, level) for rule, level in active if isinstance(rule, ResourceRule) and level != Level.DISABLED
        ]
        self._stack_rules = [
            (rule, level) for rule, level in active if isinstance(rule, StackRule) and level != Level.DISABLED
        ]

    def judge(self, resource: Resource) -> Iterator[Verdict]:
        """What the rules on single resources find."""
        for rule, level in self._resource_rules:
            if not rule.kinds or _kind(resource) in rule.kinds:
                yield from _verdicts(rule, level, resource, partial(rule.check, resource))

    def judge_stack(self, stack: Stack) -> Iterator[Verdict]:
        """What the rules on the whole stack find."""
        for rule, level in self._stack_rules:
            for subject in stack.of_kind(*rule.kinds):
                yield from _verdicts(rule, level, subject, partial(rule.check, subject, stack))


def _kind(resource: Resource) -> str:
    return "" if resource.properties.get("kind") is UNDETERMINED else resource.kind


def _verdicts(rule: Rule, level: Level, subject: Resource, check: Callable[[], Iterable[Finding]]) -> Iterator[Verdict]:
    try:
        for finding in check():
            yield Verdict(rule, level, finding)
    except Undetermined:
        yield Verdict(rule, Level.ADVISORY, _undetermined(rule, subject))
    except Exception as error:  # noqa: BLE001 - a defect of one rule is reported and costs no other verdict
        yield Verdict(rule, Level.MANDATORY, _defect(rule, subject, error))


def _undetermined(rule: Rule, subject: Resource) -> Finding:
    unknown = ", ".join(_unknown_paths(subject.properties)) or "an input of another resource"
    return Finding(
        subject,
        "",
        f"{rule.id} is undetermined until up, as {unknown} is not known yet",
        "The rule is applied again during up, with the value known.",
    )


def _defect(rule: Rule, subject: Resource, error: Exception) -> Finding:
    return Finding(
        subject,
        "",
        f"the rule {rule.id} itself failed with {type(error).__name__}: {error}",
        f"Report it; until it is mended, set polykube:policy.levels.{rule.id} to disabled.",
    )


def _unknown_paths(value: Any, path: str = "") -> Iterator[str]:
    if value is UNDETERMINED:
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknown_paths(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown_paths(item, f"{path}[{index}]")
