"""A document as plain text, for a terminal or a log."""

from collections.abc import Iterator, Sequence
from typing import Final

from automation.preview.document import Block, Bullets, Folded, Heading, Paragraph, Table, Words

_UNDERLINES: Final = {1: "=", 2: "-"}


def as_text(blocks: Sequence[Block]) -> str:
    """The document; what can be folded elsewhere is open here."""
    return "\n".join(line.rstrip() for block in blocks for line in _block(block)).strip("\n") + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, words):
            yield ""
            yield _plain(words)
            yield _UNDERLINES.get(level, "") * len(_plain(words))
        case Paragraph(words):
            yield _plain(words)
        case Table(columns, rows):
            yield from _table([list(columns), *([_plain(cell) for cell in row] for row in rows)])
        case Folded(words, lines):
            yield f"* {_plain(words)}"
            yield from (f"    {line}" for line in lines)
        case Bullets(items):
            yield from (f"* {_plain(item)}" for item in items)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def _plain(words: Words) -> str:
    return "".join(words)
