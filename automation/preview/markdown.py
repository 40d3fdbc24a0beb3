"""A document as the Markdown of GitHub and GitLab: as a comment, bounded, or as the summary of a job."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import accumulate
from typing import Final

from automation.preview.document import Block, Bullets, Folded, Heading, InlineCode, Paragraph, Table, Words
from automation.preview.report import MARKER

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~&])")
_CALL: Final = re.compile(r"@(?=\w)")
_NOBODY: Final = "@\u200b"  # escaped or not, a name behind the plain sign would be told of the comment


@dataclass(frozen=True)
class Room:
    """How many characters a place takes, and where what is left out can be read."""

    longest: int
    elsewhere: str


COMMENT: Final = Room(60_000, "This comment is shortened; the whole report is in the summary of the job.")
"""A comment: GitHub takes 65,536 characters, GitLab a million."""
SUMMARY: Final = Room(250_000, "This summary is shortened; the whole report is an artifact of the job.")
"""The summary of a job: GitHub takes 1 MiB of each step, and a character has up to four bytes."""
_TONES: Final = {"bad": "> [!CAUTION]\n> ", "good": "", "": ""}


def as_markdown(blocks: Sequence[Block]) -> str:
    """The document, with a mark by which a comment is found again."""
    return "\n\n".join([MARKER, *(_block(block) for block in blocks)]) + "\n"


def as_comment(blocks: Sequence[Block], room: Room = COMMENT) -> str:
    """The document as a comment that code hosts take: of one that is too long, first the differences are left out,
    then what comes last; what is counted in the overview stays."""
    shortened = Paragraph([room.elsewhere])
    bare = [replace(block, lines=()) if isinstance(block, Folded) else block for block in blocks]
    lost = [one if isinstance(one, Folded) and one.tone else other for one, other in zip(blocks, bare, strict=True)]
    for shown in (blocks, [*lost, shortened], [*bare, shortened]):
        if len(text := as_markdown(shown)) <= room.longest:
            return text
    *content, foot = bare
    sizes = accumulate(len(_block(block)) + len("\n\n") for block in content)
    left = room.longest - len(as_markdown([foot, shortened]))
    kept = [block for block, size in zip(content, sizes, strict=True) if size <= left]
    return as_markdown([*kept, foot, shortened])


def _block(block: Block) -> str:
    match block:
        case Heading(level, words):
            return f"{'#' * (level + 1)} {_inline(words)}"
        case Paragraph(words, tone):
            lines = _inline(words).split("\n")
            return _TONES[tone] + ("\n> " if tone == "bad" else "\n").join(lines)
        case Table(columns, rows):
            return "\n".join(_table(columns, rows))
        case Folded(words, lines):
            return _folded(words, lines)
        case Bullets(items):
            return "\n".join(f"- {_inline(item)}" for item in items)


def _folded(words: Words, lines: Sequence[str]) -> str:
    summary = "".join(f"<code>{_html(part)}</code>" if isinstance(part, InlineCode) else _html(part) for part in words)
    if not lines:
        return f"- {_inline(words)}"
    content = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", content)), default=0))
    return f"<details><summary>{summary}</summary>\n\n{fence}diff\n{content}\n{fence}\n\n</details>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Words]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' - |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_inline(cell) for cell in row)} |"


def _inline(words: Words) -> str:
    return "".join(
        _code(part) if isinstance(part, InlineCode) else _CALL.sub(_NOBODY, _SPECIAL.sub(r"\\\1", part))
        for part in words
    )


def _code(part: str) -> str:
    """A code span; its fence is longer than what is in it."""
    shown = part.replace("\n", " ").replace("|", "\\|")
    if "`" not in shown:
        return f"`{shown}`" if shown.strip() else "` `"
    fence = "`" * (1 + max(len(run) for run in re.findall("`+", shown)))
    return f"{fence} {shown} {fence}"


def _html(part: str) -> str:
    return _CALL.sub(_NOBODY, escape(part, quote=False).replace("\n", " "))
