"""The lists of add-ons in the two READMEs, from the registry: a table between two marks in each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from common.paths import CHECKOUT
from components.addons import ADDONS
from components.addons.addon import Purpose
from devtools.docs.markdown import table

_BEGIN: Final = "<!-- add-ons, written by `make docs` -->\n"
_END: Final = "\n<!-- end of add-ons -->"
_PAGES: Final[Mapping[Path, str]] = {  # where the pages of add-ons are, as each file refers to them
    CHECKOUT / "README.md": "docs/addons",
    CHECKOUT / "docs" / "README.md": "addons",
}


def lists() -> dict[Path, str]:
    """The text of each file with its list as it should be; ValueError if it has no marks."""
    return {file: _with_list(file.read_text(encoding="utf-8"), pages) for file, pages in _PAGES.items()}


def _with_list(text: str, pages: str) -> str:
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    rows = (
        (purpose, ", ".join(f"[{each.name}]({pages}/{each.name}.md)" for each in ADDONS if each.purpose is purpose))
        for purpose in Purpose
    )
    return "".join((before, _BEGIN, table(("For", "Add-ons"), rows), _END, after))
