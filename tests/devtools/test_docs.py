"""Pages that say what was true once: reference pages that are out of date, and links that lead nowhere."""

import re
from pathlib import Path

import pytest

from common.paths import CHECKOUT
from components.addons import ADDONS
from devtools.docs import REFERENCE, pages
from devtools.docs.add_ons import lists
from devtools.docs.errors import page as errors_page
from devtools.docs.examples import examples
from devtools.docs.markdown import anchor, table

FRESH = pages()
WRITTEN = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")]
LINK = re.compile(r"\]\((?![a-z]+:)([^)\s#]*)(#[^)\s]*)?\)")


@pytest.mark.parametrize("name", FRESH)
def test_a_reference_page_is_fresh(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == FRESH[name], "run `make docs`"


def test_both_readmes_list_every_add_on() -> None:
    for file, text in lists().items():
        assert file.read_text(encoding="utf-8") == text, f"run `make docs`: {file.name}"
        assert all(f"/{each.name}.md)" in text for each in ADDONS)


def test_example_stacks_show_every_add_on_that_needs_no_options() -> None:
    assert [file.name for file, text in examples().items() if file.read_text(encoding="utf-8") != text] == []


def test_every_file_of_the_reference_is_a_page() -> None:
    assert {file.name for file in REFERENCE.iterdir()} == {*FRESH, "glossary.md"}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        f"{path}{heading or ''}"
        for path, heading in LINK.findall(page.read_text(encoding="utf-8"))
        if not _leads_somewhere((page.parent / path).resolve() if path else page, heading)
    ]
    assert broken == []


def _leads_somewhere(target: Path, heading: str) -> bool:
    if not heading or target.suffix != ".md":
        return target.exists()
    headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return heading in map(anchor, headings)


def test_every_code_in_the_sources_is_on_the_page_of_errors_and_says_something() -> None:
    foreign = {"tests", "bench", ".venv", "build"}
    files = [file for file in CHECKOUT.glob("**/*.py") if file.relative_to(CHECKOUT).parts[0] not in foreign]
    written = {code for file in files for code in re.findall(r"\bPK\d{3}\b", file.read_text(encoding="utf-8"))}
    rows = dict(re.findall(r"^\| \*\*(PK\d{3})\*\* \| (.*?) \|", errors_page(), re.MULTILINE))
    assert set(rows) == written
    assert [code for code, summary in rows.items() if not summary.strip()] == []


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(("a",), [("x|y\nz",)]) == "| a |\n| - |\n| x\\|y z |"
