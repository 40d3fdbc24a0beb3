"""A document as one HTML page that needs nothing else: no scripts, no fonts, nothing from elsewhere.

The portal shows the same blocks on its own pages, and has the same style.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from automation.preview.document import Block, Bullets, Folded, Heading, InlineCode, Paragraph, Table, Words

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2024; --page: #fff; --dim: #60646c; --line: #d9dce1; --soft: #f4f5f7;
  --bad: #b42318; --bad-soft: #fef1f0; --good: #17693a; --good-soft: #ecf8f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --page: #15171a; --dim: #a0a6ae; --line: #353a41;
  --soft: #1f2329; --bad: #ff8f85; --bad-soft: #3a1a18; --good: #6fd597; --good-soft: #14301f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
code { background: var(--soft); border-radius: .25rem; padding: .1em .3em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--dim); font-weight: 500; }
details, .tone { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; margin: .5rem 0; }
details.bad, .bad { border-left: .25rem solid var(--bad); }
.good { border-left: .25rem solid var(--good); }
p.bad { background: var(--bad-soft); }
p.good { background: var(--good-soft); }
td:last-child { white-space: normal; min-width: 8rem; }
@media (max-width: 32rem) { th, td { font-size: .8125rem; padding-right: .4rem; }
  td:first-child { white-space: normal; overflow-wrap: break-word; } td:last-child { min-width: 5rem; } }
summary { cursor: pointer; }
pre { overflow-x: auto; margin: .75rem 0 .25rem; overflow-wrap: normal; }
pre span { display: block; padding: 0 .4rem; min-width: max-content; }
.gone { color: var(--bad); background: var(--bad-soft); }
.come { color: var(--good); background: var(--good-soft); }
footer { color: var(--dim); border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .75rem; }
"""
"""How polykube's pages look, light and dark."""
_LINES: Final = {"-": "gone", "+": "come"}


def as_html(blocks: Sequence[Block]) -> str:
    """The page; all that is from elsewhere is escaped as it is put in. The last paragraph is the foot."""
    page = Element("html", lang="en")
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    SubElement(head, "title").text = next("".join(each.words) for each in blocks if isinstance(each, Heading))
    SubElement(head, "style").text = STYLE
    body = SubElement(page, "body")
    *content, foot = blocks
    for block in content:
        body.append(_block(block))
    if isinstance(foot, Paragraph):
        _fill(SubElement(body, "footer"), foot.words)
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def as_fragment(blocks: Sequence[Block]) -> str:
    """The blocks for a page of somebody else's; all that is from elsewhere is escaped."""
    return "".join(tostring(_block(block), encoding="unicode", method="html") for block in blocks)


_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def _block(block: Block) -> Element:
    match block:
        case Heading(level, words):
            return _fill(Element(f"h{level}"), words)
        case Paragraph(words, tone):
            return _fill(Element("p", {"class": f"tone {tone}"} if tone else {}), words)
        case Table(columns, rows):
            return _table(columns, rows)
        case Folded(words, lines, tone):
            return _folded(words, lines, tone)
        case Bullets(items):
            around = Element("ul")
            for item in items:
                _fill(SubElement(around, "li"), item)
            return around


def _table(columns: Sequence[str], rows: Sequence[Sequence[Words]]) -> Element:
    around = Element("div", {"class": "scroll", "tabindex": "0"})
    table = SubElement(around, "table")
    head = SubElement(SubElement(table, "thead"), "tr")
    for column in columns:
        SubElement(head, "th", scope="col").text = column
    body = SubElement(table, "tbody")
    for row in rows:
        line = SubElement(body, "tr")
        for cell in row:
            _fill(SubElement(line, "td"), cell)
    return around


def _folded(words: Words, lines: Sequence[str], tone: str) -> Element:
    if not lines:
        return _fill(Element("p", {"class": f"tone {tone}".strip()}), words)
    around = Element("details", {"class": tone} if tone else {})
    _fill(SubElement(around, "summary"), words)
    code = SubElement(around, "pre")
    for line in lines:
        kind = _LINES.get(line[:1])
        SubElement(code, "span", {"class": kind} if kind else {}).text = line
    return around


def _fill(element: Element, words: Words) -> Element:
    """An element with a sentence in it."""
    for part in _merged(words):
        if isinstance(part, InlineCode):
            SubElement(element, "code").text = part
        elif len(element):
            element[-1].tail = part
        else:
            element.text = part
    return element


def _merged(words: Words) -> Iterator[str]:
    """The pieces of a sentence, those next to each other in one where none is Code."""
    plain = ""
    for part in words:
        if isinstance(part, InlineCode):
            if plain:
                yield plain
            plain = ""
            yield part
        else:
            plain += part
    if plain:
        yield plain
