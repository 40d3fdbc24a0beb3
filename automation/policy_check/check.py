"""Judging what `sources` reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from automation.policy_check.sources import Read
from common.errors import PolicyInputError, Problem
from policy.closing import Run
from policy.judge import Judge, Outcome, Verdict, damage
from policy.leave import WAIVERS, Book, Leave, read_waivers
from policy.model import Finding, Level, Resource, Rule, Stack
from policy.rules import RULES
from policy.settings import STACK_KEY, Settings, no_such_rule, read_settings


@dataclass(frozen=True)
class Choice:
    """Which rules are applied, and how."""

    rules: Sequence[Rule] = RULES
    settings: Settings = field(default_factory=Settings)
    waivers: Sequence[Leave] = ()


@dataclass
class Report:
    """What was found. An error is something that no rule could judge."""

    findings: list[Verdict] = field(default_factory=list)
    undetermined: list[Verdict] = field(default_factory=list)
    waived: list[tuple[Leave, str]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 nothing mandatory, 1 mandatory findings, 2 input that could not be judged."""
        return 2 if self.errors else int(any(verdict.level == Level.MANDATORY for verdict in self.findings))


def choose(only: str, *, all_mandatory: bool, stack_file: Path | None) -> Choice:
    """The rules named in `only` (all if empty), with settings and waivers of a stack if its file is given."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in names if name not in {rule.id for rule in RULES}]:
        raise PolicyInputError([no_such_rule(name, (rule.id for rule in RULES)) for name in unknown])
    rules = [rule for rule in RULES if not names or rule.id in names]
    settings, waivers = _of_stack(stack_file) if stack_file else (Settings(), ())
    if all_mandatory:
        settings = settings.changed(Settings({rule.id: Level.MANDATORY for rule in rules}))
    return Choice(rules, settings, waivers)


def check(sources: Iterable[Read], choice: Choice) -> Report:
    """Judge resources by the chosen rules."""
    report, resources = Report(), []
    for read in sources:
        if isinstance(read, Problem):
            report.errors.append(read)
        else:
            resources.append(read)
    report.errors += [_malformed(found) for resource in resources if (found := damage(resource))]
    run = Run(Book(choice.waivers))
    for resource in resources:
        run.book.learn(resource)
    for verdict in run.sift(_verdicts(Judge(choice.rules, choice.settings), resources)):
        _file(verdict, report)
    report.waived += run.book.applied
    report.errors += [_expired(leave) for leave in run.book.expired]
    return report


def _verdicts(judge: Judge, resources: Sequence[Resource]) -> Iterator[Verdict]:
    for resource in resources:
        yield from judge.judge(resource)
    yield from judge.judge_stack(Stack(resources))


def _file(verdict: Verdict, report: Report) -> None:
    match verdict.outcome:
        case Outcome.BROKEN:
            report.findings.append(verdict)
        case Outcome.UNDETERMINED:
            report.undetermined.append(verdict)
        case Outcome.DEFECT:  # without an API server before it, a rule may meet text where a list should be
            report.errors.append(_not_judged(verdict))


def _of_stack(stack_file: Path) -> tuple[Settings, tuple[Leave, ...]]:
    config: Any = yaml.safe_load(stack_file.read_text(encoding="utf-8")) or {}
    given = (config.get("config") or {}).get(STACK_KEY) or {}
    settings = read_settings(RULES, given.get("levels"), given.get("options"))
    return settings, read_waivers(stack_file.parent / WAIVERS, RULES)


def _malformed(found: Finding) -> Problem:
    return _unreadable(found, f"{found.resource.title} cannot be read as the API server reads it")


def _not_judged(verdict: Verdict) -> Problem:
    return _unreadable(verdict.finding, f"{verdict.finding.resource.title} cannot be judged by {verdict.rule.id}")


def _unreadable(found: Finding, summary: str) -> Problem:
    file, _, line = found.resource.urn.rpartition(":")
    return Problem(
        "PK516",
        summary,
        where=found.path,
        file=file,
        line=int(line) if line.isdigit() else 0,
        found=found.message,
        allowed="an object as the API server takes it",
        remedy="mend the object; `kubectl apply --dry-run=server` says what is wrong with it",
    )


def _expired(leave: Leave) -> Problem:
    return Problem("PK517", f"{leave.title} has expired", file=str(WAIVERS), remedy=f"ask {leave.owner}, or remove it")
