"""The report as a document: what stands in it and in which order, for every way of showing it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from automation.preview.bounds import Bound
from automation.preview.changes import Cause, Change, Operation
from automation.preview.drifted import Drifted
from automation.preview.findings import PolicyFinding
from automation.preview.guard import RULE
from automation.preview.report import PreviewReport, StackReport
from automation.preview.values import text
from automation.show import number_of


class InlineCode(str):
    """Words of a program, which are shown as such."""

    __slots__ = ()


Words: TypeAlias = Sequence[str]
"""A sentence in pieces, of which some are Code; nothing in it is markup."""


@dataclass(frozen=True)
class Heading:
    """A heading; `level` 1 is the document's."""

    level: int
    words: Words


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `tone` is bad, good or nothing."""

    words: Words
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a head; the first column names the rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Words]]


@dataclass(frozen=True)
class Folded:
    """A line under which there is more, to be opened: lines that begin with `-`, `+` or a space."""

    words: Words
    lines: Sequence[str]
    tone: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: Sequence[Words]


Block: TypeAlias = Heading | Paragraph | Table | Folded | Bullets

_PAST: Final[Mapping[Operation, str]] = {
    Operation.DELETE: "deleted",
    Operation.REPLACE: "replaced",
    Operation.UPDATE: "changed in place",
    Operation.CREATE: "created",
    Operation.IMPORT: "imported",
    Operation.MOVE: "moved",
}
_LEFT: Final = "what it made stays, and nothing here will take it down; destroy it from the base first"
LABEL: Final = "losses-approved"
"""The label of a pull request that approves losses of what is protected."""
_COLUMNS: Final = (Operation.DELETE, Operation.REPLACE, Operation.UPDATE, Operation.CREATE)


def document(report: PreviewReport) -> list[Block]:
    """The whole report; what is lost comes first."""
    blocks: list[Block] = [Heading(1, [_headline(report)]), Paragraph([report.title])]
    if report.stacks:
        blocks.append(_overview(report.stacks))
    blocks += [
        Paragraph(["The file of ", InlineCode(each), f" is gone: {_LEFT}"], tone="bad") for each in report.removed
    ]
    for each in report.stacks:
        blocks += [Heading(2, [each.stack]), *_stack(each)]
    return [*blocks, Paragraph([report.how])]


def counted(report: StackReport) -> str:
    """What happens to how many resources: `1 replaced, 3 created`."""
    found = [f"{count} {_PAST[operation]}" for operation, count in report.counts.items() if count]
    return ", ".join(found) or "no change"


def _headline(report: PreviewReport) -> str:
    if any(each.errors for each in report.stacks):
        return "Preview: it fails"
    if any(each.without_base for each in report.stacks):
        return "Preview: on nothing, for the base fails"
    if any(each.guarded for each in report.stacks):
        return "Preview: something that is protected would be lost"
    if any(each.blocking for each in report.stacks):
        return "Preview: policies stop it"
    if not report.stacks:
        return "Preview: no stack is touched"
    lost = sum(len(each.losses) for each in report.stacks)
    changed = sum(len(each.changes) for each in report.stacks)
    if not changed:
        return "Preview: no change"
    return f"Preview: {number_of(changed, 'change')}, {number_of(lost, 'deletion or replacement')}".replace(
        "deletion or replacements", "deletions or replacements"
    )


def _overview(stacks: Iterable[StackReport]) -> Table:
    rows: list[Sequence[Words]] = []
    for each in stacks:
        numbers = [["?" if each.errors else str(each.counts[operation] or "–")] for operation in _COLUMNS]
        rows.append([[each.stack + (" (new)" if each.is_new else "")], *numbers, [_policies(each)]])
    return Table(("stack", *map(str, _COLUMNS), "policies"), rows)


def _policies(report: StackReport) -> str:
    found = report.policies
    mandatory = len(report.blocking)
    parts = [f"{len(it)} {name}" for name, it in (("new", found.new), ("fixed", found.fixed)) if it]
    return ", ".join([*([f"{mandatory} mandatory"] if mandatory else []), *parts]) or "nothing new"


def _stack(report: StackReport) -> Iterator[Block]:
    if report.without_base:
        why = f"The base cannot be brought up, so that everything is new here: {report.without_base}"
        yield Paragraph([why], tone="bad")
    yield from (Paragraph([error], tone="bad") for error in report.errors)
    if report.guarded:
        yield Paragraph([*_approval(report.guarded)], tone="bad")
    if not report.changes and not report.errors:
        moved = (
            f"; {number_of(len(report.code), 'file')} of its code changed, and it asks for the same"
            if report.code
            else ""
        )
        yield Paragraph([f"Nothing changes{moved}."], tone="good")
    yield from _changes("Lost or made anew", report.losses)
    yield from _changes("Changed, created or moved", report.others)
    yield from _findings(report)
    yield from _room(report)
    yield from _drift(report.drift)
    if report.unknown:
        yield Heading(3, ["Not known"])
        yield Bullets([[each] for each in report.unknown])


def _approval(lost: Sequence[Change]) -> Iterator[str]:
    yield "To be approved, for it is protected: "
    yield from _joined(InlineCode(each.title) for each in lost)
    yield from (
        ". Whoever may approve sets the label ",
        InlineCode(LABEL),
        ", or writes a waiver of ",
        InlineCode(RULE.id),
        ".",
    )


def _changes(title: str, changes: Sequence[Change]) -> Iterator[Block]:
    if not changes:
        return
    yield Heading(3, [title])
    for each in changes:
        words = [f"{each.operation} ", InlineCode(each.title), *_reasons(each)]
        yield Folded(words, _lines(each), "bad" if each.is_loss else "")


def _reasons(change: Change) -> Iterator[str]:
    if change.was:
        yield from (", which was ", InlineCode(change.was), " in the state")
    if change.becomes:
        yield from (
            ", and ",
            InlineCode(change.becomes),
            " is made in its place: an alias, or the old name, would keep it",
        )
    if change.came_from:
        yield from (", in the place of ", InlineCode(change.came_from))
    if change.forced_by:
        yield from (": ", *_joined(map(InlineCode, change.forced_by)), " cannot be changed in place")
    if change.follows:
        yield from (", as it follows ", *_joined(map(InlineCode, change.follows)))
    if change.protected and change.is_loss:
        yield ". It is protected, so up will refuse"
    for index, cause in enumerate(change.causes):
        yield ". From " if not index else ", "
        yield from _cause(cause)


def _cause(cause: Cause) -> Iterator[str]:
    yield InlineCode(f"{cause.file}:{cause.line}")
    yield from (" of the base, " if cause.gone else " ", InlineCode(cause.where))
    match cause.lines:
        case before, after:
            yield from (" (", InlineCode(before[2:]), " → ", InlineCode(after[2:]), ")")


def _lines(change: Change) -> list[str]:
    if change.operation in (Operation.CREATE, Operation.DELETE):
        mark, inputs = ("+", change.new) if change.operation is Operation.CREATE else ("-", change.old)
        return [f"{mark} {key}: {text(value)}" for key, value in sorted(inputs.items()) if key != "__defaults"]
    lines: list[str] = []
    for each in change.differences:
        lines += [f"  {each.path}{' (forces the replacement)' if each.forces else ''}", *each.lines]
    return lines


def _findings(report: StackReport) -> Iterator[Block]:
    found = report.policies
    if not (found.new or found.fixed or found.standing):
        return
    yield Heading(3, ["Policies"])
    for each in found.new:
        yield Paragraph([f"New, {each.level}: ", *_finding(each)], tone="bad" if each.is_mandatory else "")
    for each in found.fixed:
        yield Paragraph(["Fixed: ", *_finding(each)], tone="good")
    if found.standing:
        lines = [f"  {each.level} {each.rule}: {each.message}" for each in found.standing]
        yield Folded([f"{number_of(len(lines), 'finding')} as before"], lines)


def _finding(finding: PolicyFinding) -> Words:
    return [InlineCode(finding.rule), f": {finding.message}"]


def _room(report: StackReport) -> Iterator[Block]:
    quotas = [each for each in report.quotas if each.changes]
    nodes = [each for each in report.nodes if each.changes]
    if quotas:
        yield Heading(3, ["Quotas of tenants"])
        yield Table(("tenant", "what", "before", "after", "free before", "free after"), [*map(_quota, quotas)])
    if nodes:
        yield Heading(3, ["Most nodes"])
        yield Table(("machine type", "before", "after"), [*map(_nodes, nodes)])


def _quota(bound: Bound) -> list[Words]:
    amounts = (bound.before, bound.after, bound.left_before, bound.left_after)
    return [[bound.subject], [InlineCode(bound.what)], *([amount or "–"] for amount in amounts)]


def _nodes(bound: Bound) -> list[Words]:
    return [[InlineCode(bound.what)], [bound.before or "–"], [bound.after or "–"]]


def _drift(drift: Sequence[Drifted]) -> Iterator[Block]:
    if drift:
        yield Heading(3, ["Drifted before"])
    for each in drift:
        gone = [", which is gone"] if each.gone else []
        by = [f", written by {'; '.join(each.by)}"] if each.by else []
        lines = [line for it in each.differences for line in (f"  {it.path}", *it.lines)]
        yield Folded([InlineCode(f"{each.type} {each.name}"), *gone, *by], lines, "bad" if each.gone else "")


def _joined(parts: Iterable[Any]) -> Iterator[str]:
    for index, part in enumerate(parts):
        if index:
            yield ", "
        yield part
