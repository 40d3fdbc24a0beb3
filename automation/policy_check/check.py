"""Judging what `sources` reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from automation.policy_check.baseline import Baseline, BaselineEntry, read_baseline, write_baseline
from automation.policy_check.places import place_of
from automation.policy_check.sources import PassedOver, Read
from common.errors import PolicyInputError, Problem, StackFileError
from common.waivers import WAIVERS
from policy.engine.exemptions import ExemptionRegistry, ScopedExemption, read_waivers
from policy.engine.judge import Judge, Verdict, VerdictKind, damage
from policy.engine.run import PackRun
from policy.engine.settings import (
    CLUSTER_KEY,
    STACK_KEY,
    RuleSettings,
    implied,
    no_such_rule,
    read_settings,
)
from policy.model.resource import Resource
from policy.model.rule import Level, Rule, RuleFinding
from policy.model.stack import Stack
from policy.rules import RULES
from spec.documents import read
from spec.problems import Finding as Unreadable


@dataclass(frozen=True)
class Choice:
    """Which rules are applied, and how; findings in the baseline are known and do not count."""

    rules: Sequence[Rule] = RULES
    settings: RuleSettings = field(default_factory=RuleSettings)
    waivers: Sequence[ScopedExemption] = ()
    baseline: Baseline = field(default_factory=Baseline)


@dataclass
class CheckReport:
    """What was found in how many objects. An error is something that no rule could judge.

    `known` findings are in the baseline; `gone` are entries of it that nothing was found for.
    """

    findings: list[Verdict] = field(default_factory=list)
    undetermined: list[Verdict] = field(default_factory=list)
    waived: list[tuple[ScopedExemption, str]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    judged: int = 0
    passed_over: list[str] = field(default_factory=list)
    known: list[Verdict] = field(default_factory=list)
    gone: list[BaselineEntry] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 nothing mandatory, 1 mandatory findings, 2 input that could not be judged."""
        return 2 if self.errors else int(any(verdict.level == Level.MANDATORY for verdict in self.findings))


def choose(only: str, *, all_mandatory: bool, stack_file: Path | None, baseline: Path | None = None) -> Choice:
    """The rules named in `only` (all if empty), with settings and waivers of a stack, and a baseline, if given."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in names if name not in {rule.id for rule in RULES}]:
        raise PolicyInputError([no_such_rule(name, (rule.id for rule in RULES)) for name in unknown])
    rules = [rule for rule in RULES if not names or rule.id in names]
    settings, waivers = _of_stack(stack_file) if stack_file else (RuleSettings(), ())
    if all_mandatory:
        settings = settings.changed(RuleSettings({rule.id: Level.MANDATORY for rule in rules}))
    return Choice(rules, settings, waivers, read_baseline(baseline) if baseline else Baseline())


def check(sources: Iterable[Read | Resource], choice: Choice) -> CheckReport:
    """Judge resources by the chosen rules."""
    report = CheckReport()
    resources: list[Resource] = []
    for source in sources:
        match source:
            case Problem():
                report.errors.append(source)
            case PassedOver():
                report.passed_over.append(source.file)
            case _:
                resources.append(source)
    report.judged = len(resources)
    report.errors += [_malformed(found) for resource in resources if (found := damage(resource))]
    run = PackRun(ExemptionRegistry(choice.waivers))
    for resource in resources:
        run.exemptions.register(resource)
    for verdict in run.filter(_verdicts(Judge(choice.rules, choice.settings), resources)):
        _file(verdict, report)
    report.findings, report.known, report.gone = choice.baseline.apart(report.findings, choice.rules)
    report.waived += run.exemptions.applied
    report.errors += [_expired(exemption) for exemption in run.exemptions.expired]
    return report


def keep(report: CheckReport, file: Path) -> None:
    """Write what was found to a baseline, by which it is known already."""
    write_baseline(file, report.findings)
    report.known, report.findings = [*report.known, *report.findings], []


def _verdicts(judge: Judge, resources: Sequence[Resource]) -> Iterator[Verdict]:
    for resource in resources:
        yield from judge.judge(resource)
    yield from judge.judge_stack(Stack(resources))


def _file(verdict: Verdict, report: CheckReport) -> None:
    match verdict.kind:
        case VerdictKind.BROKEN:
            report.findings.append(verdict)
        case VerdictKind.UNDETERMINED:
            report.undetermined.append(replace(verdict, finding=_of_state(verdict.finding)))
        case VerdictKind.DEFECT:  # without an API server before it, a rule may meet text where a list should be
            report.errors.append(_not_judged(verdict))


def _of_state(finding: RuleFinding) -> RuleFinding:
    """What is undetermined here will not be determined by `up`: it is encrypted in a state."""
    message = finding.message.replace("undetermined until up", "undetermined")
    return replace(finding, message=message, remedy="Export the state by `pulumi stack export --show-secrets`.")


def _of_stack(stack_file: Path) -> tuple[RuleSettings, tuple[ScopedExemption, ...]]:
    config = _mapping(_content(stack_file).get("config"))
    given = _mapping(config.get(STACK_KEY))
    settings = read_settings(RULES, given.get("levels"), given.get("options"))
    return implied(config.get(CLUSTER_KEY)).changed(settings), read_waivers(stack_file.parent / WAIVERS, RULES)


def _content(stack_file: Path) -> Mapping[str, Any]:
    """What is in a stack file; StackFileError if it cannot be read."""
    documents = read(stack_file)
    if documents.findings and not documents.nodes:
        raise StackFileError([_of_stack_file(finding, str(stack_file)) for finding in documents.findings])
    return _mapping(documents.nodes[0].plain() if documents.nodes else None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _of_stack_file(finding: Unreadable, file: str) -> Problem:
    return Problem(finding.code.id, finding.code.title, "", file, finding.line, finding.found, "", finding.remedy)


def _malformed(found: RuleFinding) -> Problem:
    return _unreadable(found, f"{found.resource.title} cannot be read as the API server reads it")


def _not_judged(verdict: Verdict) -> Problem:
    return _unreadable(verdict.finding, f"{verdict.finding.resource.title} cannot be judged by {verdict.rule.id}")


def _unreadable(found: RuleFinding, summary: str) -> Problem:
    file, line = place_of(found.resource, found.path)
    return Problem(
        "PK516",
        summary,
        where=found.path,
        file=file,
        line=line,
        found=found.message,
        allowed="an object as the API server takes it",
        remedy="mend the object; `kubectl apply --dry-run=server` says what is wrong with it",
    )


def _expired(exemption: ScopedExemption) -> Problem:
    return Problem(
        "PK517", f"{exemption.title} has expired", file=str(WAIVERS), remedy=f"ask {exemption.owner}, or remove it"
    )
