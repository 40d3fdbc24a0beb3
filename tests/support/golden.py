"""Expected outputs that are kept in tests/golden and accepted by one command.

A test hands over what it got (`golden.check("dev.urns", urns(stack.preview()))`); the files are written by
`.venv/bin/python -m pytest tests/golden --accept`, and then reviewed as part of the change.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common.paths import CHECKOUT

DIRECTORY: Final = CHECKOUT / "tests" / "golden"
_ACCEPT: Final = ".venv/bin/python -m pytest tests/golden --accept"


@dataclass(frozen=True)
class Golden:
    """The expected outputs; with `accept`, what a test gets becomes what is expected."""

    accept: bool
    directory: Path = DIRECTORY

    def check(self, name: str, lines: Iterable[str], meaning: str = "") -> None:
        """AssertionError, with every line that came or went, unless `lines` are those of the file `name`.

        `meaning` says what a difference means to whoever reads it. The order of `lines` does not count.
        """
        file, actual = self.directory / name, sorted(lines)
        if self.accept:
            file.write_text("".join(f"{line}\n" for line in actual))
        expected = file.read_text().splitlines() if file.exists() else []
        if actual != expected:
            changes = difflib.unified_diff(expected, actual, "expected", "actual", n=0, lineterm="")
            raise AssertionError("\n".join([f"{name} has changed. {meaning}", *changes, f"if meant: {_ACCEPT}"]))

    def check_text(self, name: str, text: str) -> None:
        """AssertionError, with what differs, unless `text` is the whole of the file `name`."""
        file = self.directory / name
        if self.accept:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        expected = file.read_text() if file.exists() else ""
        if text != expected:
            changes = difflib.unified_diff(expected.splitlines(), text.splitlines(), name, "actual", lineterm="")
            raise AssertionError("\n".join([*changes, "if meant: run this test with --accept"]))

    def check_part(self, page: Path, name: str, text: str) -> None:
        """AssertionError unless `text` is what stands between `<!-- name -->` and `<!-- /name -->` in `page`."""
        before, begin, rest = page.read_text().partition(f"<!-- {name} -->\n")
        present, end, after = rest.partition(f"<!-- /{name} -->\n")
        assert end, f"{page} has no part {name}"
        if self.accept:
            page.write_text("".join([before, begin, text, end, after]))
        elif present != text:
            changes = difflib.unified_diff(
                present.splitlines(), text.splitlines(), str(page), "actual", n=0, lineterm=""
            )
            raise AssertionError("\n".join([*changes, "if meant: run this test with --accept"]))


URNS_MEAN: Final = (
    "A URN that goes (-) is a resource that is deleted, one that comes (+) a resource that is created; a wanted "
    "rename keeps the resource by an alias (pulumi.ResourceOptions(aliases=…))."
)


def urns(steps: Iterable[Mapping[str, Any]], renamed: Mapping[str, str] | None = None) -> list[str]:
    """The URNs of a preview's steps; `renamed` gives the names that the example has, for the test's own."""
    found = [str(step["urn"]) for step in steps]
    for name, shown in (renamed or {}).items():
        found = [f"{urn.removesuffix(f'::{name}')}::{shown}" if urn.endswith(f"::{name}") else urn for urn in found]
    return found
