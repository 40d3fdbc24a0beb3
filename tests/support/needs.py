"""What tests need beside Python, and what becomes of one whose tool is missing.

In a partial run (`make test-one`, plain `pytest`) such a test is skipped, and says what it lacks: nothing is compiled
for it. In a full one (`--full`, as `make test` has it) tools are made, and what cannot be had is a failure. Unit and
contract tests of add-ons need no tool: in a partial run they take stand-ins for what upstream's tools render.

What a test asks for in its own process is seen when it asks: binaries, bundles, the clouds' SDKs. What is needed by
programs that it starts, such as `polykube up`, it says: `@pytest.mark.needs("engine", "control plane")`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final, NoReturn

import pytest

from components.addons.bundles import Bundle, canonical
from rehearsal import toolchain
from rehearsal.toolchain import CONTROL_PLANE, ENGINE, Binary, Tool, look_up
from tests.bundles.stand_ins import STAND_INS, file_of
from tests.support.stores import azurite

FULL: Final = "--full"
MARKER: Final = "needs(*what): programs that the test starts need these: engine, control plane"
_TOOLS: Final[Mapping[str, tuple[str, ...]]] = {"engine": ENGINE, "control plane": CONTROL_PLANE}
_SDK: Final = re.compile(r"No (?:module named|package metadata was found for) '?pulumi[-_](aws|azure[-_]native|gcp)\b")

_MADE, _USABLE = toolchain._made, Bundle.usable


def require(item: pytest.Item) -> None:
    """Skip a test whose marks name what is not here; KeyError for what nobody knows."""
    for mark in item.iter_markers("needs"):
        for what in mark.args:
            if missing := [name for name in _TOOLS[what] if not is_here(name)]:
                pytest.skip(f"needs the {what}, and there is no {missing[0]}: run `make setup`")


@contextmanager
def nothing_made() -> Iterator[None]:
    """Until the end of the block, skip whatever asks for a binary or a bundle that is not here."""

    def here(bundle: Bundle) -> str:
        return _USABLE(bundle) or pytest.skip(f"needs the bundle {bundle.name}: run `make setup`")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toolchain, "_made", _lack)
        patch.setattr(Bundle, "usable", here)
        patch.setattr(azurite, "install", lambda _: pytest.skip("needs Azurite: a full run installs it"))
        yield


@contextmanager
def stand_ins() -> Iterator[None]:
    """Until the end of the block, take the stand-ins of bundles, whether there are renderings of them here or not."""

    def stand_in(bundle: Bundle) -> str | None:
        return canonical(file_of(bundle.name).read_text()) if bundle.name in STAND_INS else _USABLE(bundle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bundle, "usable", stand_in)
        yield


def anything_made(patch: pytest.MonkeyPatch) -> None:
    """Let a test of just this ask for what is not here, until `patch` is undone."""
    patch.setattr(toolchain, "_made", _MADE)
    patch.setattr(Bundle, "usable", _USABLE)


def skip_without_sdk(report: pytest.CollectReport) -> None:
    """Have the report of a file that could not be imported for want of a cloud's SDK say that it is skipped."""
    missing = _SDK.search(str(report.longrepr)) if report.failed else None
    if missing:
        report.outcome = "skipped"
        report.longrepr = (report.nodeid, 0, f"Skipped: needs the SDK of {missing[1]}: run `make clouds`")


@cache
def is_here(tool: str) -> bool:
    """Whether there is a tool that will do."""
    return isinstance(look_up(tool), Tool)


def _lack(binary: Binary) -> NoReturn:
    pytest.skip(f"needs {binary.name}: run `make setup`")
