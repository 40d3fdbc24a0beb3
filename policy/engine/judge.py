"""Applies rules to resources. One rule's trouble never costs another's verdict."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final

from policy.engine.settings import STACK_KEY, RuleSettings
from policy.model.resource import Resource
from policy.model.rule import Level, ResourceRule, Rule, RuleFinding, StackRule
from policy.model.stack import Stack
from policy.model.unknown import Undetermined

UNDETERMINED: Final = "is undetermined until up"
"""What every message says of a rule that a preview could not judge."""


class VerdictKind(Enum):
    """Whether a rule is broken, cannot be judged before `up`, or failed itself."""

    BROKEN = "broken"
    UNDETERMINED = "undetermined"
    DEFECT = "defect"


@dataclass(frozen=True)
class Verdict:
    """A finding with the rule, and the level that it has in this run."""

    rule: Rule
    level: Level
    finding: RuleFinding
    kind: VerdictKind = VerdictKind.BROKEN

    @property
    def text(self) -> str:
        """One style for all: where, what is wrong, why it matters, what to do."""
        where = " ".join(part for part in (self.finding.resource.title, self.finding.path) if part)
        return f"{where}: {self.message}"

    @property
    def message(self) -> str:
        """The text without the place."""
        return f"{self.finding.message}; {self.why}. {self.finding.remedy}"

    @property
    def why(self) -> str:
        """Why it matters, as one clause."""
        return self.finding.why or self.rule.why


class Judge:
    """The rules with their settings."""

    def __init__(self, rules: Iterable[Rule], settings: RuleSettings | None = None) -> None:
        self.settings = settings or RuleSettings()
        active = [rule for rule in rules if self.settings.level(rule) != Level.DISABLED]
        self._stack_rules = [rule for rule in active if isinstance(rule, StackRule)]
        self._resource_rules = [rule for rule in active if isinstance(rule, ResourceRule)]
        self._by_kind: dict[str, list[ResourceRule]] = {}

    def rules_for(self, kind: str) -> list[ResourceRule]:
        """The rules that judge single resources of a kind."""
        if kind not in self._by_kind:
            self._by_kind[kind] = [rule for rule in self._resource_rules if not rule.kinds or kind in rule.kinds]
        return self._by_kind[kind]

    def judge(self, resource: Resource) -> Iterator[Verdict]:
        """What the rules on single resources find."""
        subject = resource.as_read
        for rule in self.rules_for(resource.kind):
            yield from self._verdicts(rule, subject, partial(rule.check, subject))

    def judge_stack(self, stack: Stack) -> Iterator[Verdict]:
        """What the rules on the whole stack find."""
        said: set[tuple[str, str, str]] = set()
        for rule in self._stack_rules:
            for subject in stack.subjects_of(rule.kinds):
                for verdict in self._verdicts(rule, subject, partial(rule.check, subject, stack)):
                    finding = verdict.finding
                    what = (finding.resource.urn, finding.path, finding.message)
                    if what not in said:  # a standard includes another
                        said.add(what)
                        yield verdict

    def _verdicts(
        self, rule: Rule, subject: Resource, check: Callable[..., Iterable[RuleFinding]]
    ) -> Iterator[Verdict]:
        level = self.settings.level(rule)
        try:
            for finding in check(**self.settings.arguments(rule)):
                if not _is_about_damage(finding):
                    only_advice = finding.advice and level == Level.MANDATORY
                    yield Verdict(rule, Level.ADVISORY if only_advice else level, finding)
        except Undetermined as unknown:
            yield Verdict(rule, level, _undetermined(rule, subject, unknown), VerdictKind.UNDETERMINED)
        except Exception as error:  # noqa: BLE001 - a defect of one rule is reported and costs no other verdict
            yield Verdict(rule, level, _defect(rule, subject, error), VerdictKind.DEFECT)


def _is_about_damage(finding: RuleFinding) -> bool:
    """Whether a finding is about a field that cannot be read, or about what is in it."""
    return any(
        finding.path
        and (f"{damage.path}.".startswith(f"{finding.path}.") or f"{finding.path}.".startswith(f"{damage.path}."))
        for damage in finding.resource.damages
    )


def damage(resource: Resource) -> RuleFinding | None:
    """What is wrong with the form of an object, all of it at once; None where the API server can read it."""
    resource = resource.as_read
    damages = resource.damages
    if not damages:
        return None
    found = "; ".join(f"{each.path} is {each.found}, and the API server takes {each.allowed}" for each in damages)
    remedy = "Mend it: what cannot be read is judged by no rule, and the cluster refuses the object as a whole."
    return RuleFinding(resource, damages[0].path, found, remedy)


def _undetermined(rule: Rule, subject: Resource, unknown: Undetermined) -> RuleFinding:
    return RuleFinding(
        subject,
        "",
        f"{rule.id} {UNDETERMINED}, as {unknown} is not known yet",
        "The rule is applied again during up, with the value known.",
    )


def _defect(rule: Rule, subject: Resource, error: Exception) -> RuleFinding:
    return RuleFinding(
        subject,
        "",
        f"the rule {rule.id} itself failed with {type(error).__name__}: {error}",
        f"Report it; until it is mended, set {STACK_KEY}.levels.{rule.id} to disabled.",
    )
