"""What a check found, for people: findings by rule, what could not be judged, and what to do first.

A finding is one line, whatever its length, where no terminal asks for less: .github/polykube-matcher.json reads it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.markup import escape
from rich.text import Text

from automation.policy_check.check import CheckReport
from automation.policy_check.places import place_of
from automation.show import number_of, out, show_error
from common.errors import PolicyInputError
from policy.engine.judge import Verdict
from policy.model.rule import Level

_STYLES: Final = {Level.MANDATORY: "red", Level.ADVISORY: "yellow", Level.REMEDIATE: "cyan"}
_ORDER: Final = list(_STYLES)
_MANY: Final = 20  # findings, from which on a baseline is worth a hint


def show(report: CheckReport) -> None:
    """Print the report to standard output, and what could not be judged to standard error."""
    for group in _groups(report.findings):
        _show_group(str(group[0].level), group)
    for group in _groups(report.undetermined):
        _show_group("undetermined", group)
    for exemption, title in report.waived:
        _line(f"[dim]waived[/dim]  {exemption.rule}  {escape(f'{title}: {exemption.title}')}", 0)
    for entry in report.gone:
        _line(f"[dim]gone[/dim]  {entry.rule}  {escape(f'{entry.resource} {entry.path}')}", 0)
    if report.errors:
        show_error(PolicyInputError(report.errors))
    _line(_summary(report), 0)
    for label, text in _advice(report):
        _line(f"[bold]{label}[/bold]  {escape(text)}", 0)


def _groups(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """Verdicts by rule, what counts most and what is most frequent first."""
    by_rule: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_rule.setdefault(verdict.rule.id, []).append(verdict)
    return sorted(by_rule.values(), key=lambda group: (_ORDER.index(group[0].level), -len(group), group[0].rule.id))


def _show_group(level: str, group: Sequence[Verdict]) -> None:
    """A heading with the number, a line for each, and once for all why and what to do, where that is the same."""
    first = group[0]
    style = _STYLES[first.level]
    _line(f"[{style}]{level}[/{style}]  [bold]{first.rule.id}[/bold]  {_number(group)}", 0)
    same_why = len({verdict.why for verdict in group}) == 1
    same_remedy = len({verdict.finding.remedy for verdict in group}) == 1
    for verdict in sorted(group, key=_where):
        why = "" if same_why else f"; {verdict.why}"
        remedy = "" if same_remedy else f". {verdict.finding.remedy}"
        _line(f"[cyan]{escape(_place(verdict))}[/cyan]{escape(f'{_what(verdict)}{why}{remedy}')}", 2)
    if same_why:
        _line(f"[dim]why[/dim]  {escape(first.why)}", 2)
    if same_remedy:
        _line(f"[dim]do[/dim]   {escape(first.finding.remedy)}", 2)
    out.print()


def _number(group: Sequence[Verdict]) -> str:
    files = len({_where(verdict)[0] for verdict in group})
    return number_of(len(group), "finding") + (f" in {files} files" if files > 1 else "")


def _where(verdict: Verdict) -> tuple[str, int]:
    return place_of(verdict.finding.resource, verdict.finding.path)


def _place(verdict: Verdict) -> str:
    file, line = _where(verdict)
    return f"{file}:{line}  " if file else ""


def _what(verdict: Verdict) -> str:
    where = " ".join(part for part in (verdict.finding.resource.title, verdict.finding.path) if part)
    return f"{where}: {verdict.finding.message}"


def _line(markup: str, indent: int) -> None:
    """A line; on a terminal, what is too long goes on further to the right."""
    if not out.is_terminal:
        out.print(f"{' ' * indent}{markup}", soft_wrap=True)
        return
    for index, line in enumerate(out.render_str(markup).wrap(out, max(out.width - indent - 4, 20))):
        line.rstrip()
        out.print(Text(" " * (indent + 4 * bool(index))) + line)


def _summary(report: CheckReport) -> str:
    counts = {level: sum(verdict.level == level for verdict in report.findings) for level in Level}
    found = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    if not found:
        found = "nothing" if not report.errors else "nothing mandatory or advisory"
    parts = [f"{found} found", f"{len(report.undetermined)} undetermined", f"{len(report.waived)} waived"]
    if not report.judged:
        parts = ["nothing could be judged" if report.errors else "there was nothing to judge"]
    if report.known:
        parts.append(f"{len(report.known)} known by the baseline")
    passed = f", {number_of(len(report.passed_over), 'file')} without objects passed over" if report.passed_over else ""
    return f"{', '.join(parts)}; {number_of(report.judged, 'object')} judged{passed}"


def _advice(report: CheckReport) -> Iterator[tuple[str, str]]:
    """What to do first, and what else helps."""
    mandatory = [verdict for verdict in report.findings if verdict.level == Level.MANDATORY]
    if report.errors:
        place = report.errors[0].place
        rest = "" if len(report.errors) == 1 else f", then {number_of(len(report.errors) - 1, 'more problem')}"
        yield "first", f"mend what could not be judged: {place}{rest}"
    elif groups := _groups(report.findings):
        group, all_ = groups[0], number_of(len(report.findings), "finding")
        yield "first", f"{group[0].rule.id}, {len(group)} of {all_}: {_done(group)}"
    if len(mandatory) >= _MANY and not report.known:
        yield "or", "begin with what is there by --write-baseline FILE; with --baseline FILE only what is new counts"
    if report.gone:
        entries, occur = ("entry", "occurs") if len(report.gone) == 1 else ("entries", "occur")
        them = f"{len(report.gone)} {entries} of the baseline no longer {occur}"
        yield "also", f"{them}: write it anew by --write-baseline"


def _done(group: Sequence[Verdict]) -> str:
    """What to do about a group: the remedy of its first finding, with its place if others have another one."""
    place = "" if len({verdict.finding.remedy for verdict in group}) == 1 else f"{_place(group[0]).rstrip()}: "
    return f"{place}{group[0].finding.remedy}"
