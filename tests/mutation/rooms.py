"""Which tests are put to the mutants of which room: quick ones, that need neither engine nor API server nor cloud."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.paths import CHECKOUT

_CONTRACT: Final = (
    *("tests/contract/test_addons.py", "tests/contract/test_add_on_order.py", "tests/contract/test_order.py"),
    *("tests/contract/test_webhooks.py", "tests/contract/test_windows.py", "tests/contract/test_pool_changes.py"),
    *("tests/contract/test_gke.py", "tests/contract/test_guardrails.py", "tests/contract/test_shown_add_ons.py"),
)
_STACKS: Final = tuple(
    f"tests/unit/stacks/test_{name}.py"
    for name in (
        *("changes", "dev_stack", "engine_entrance", "kubectl_reading", "manifests", "stack_cases", "stack_schema"),
        *("stack_values", "yaml_reading"),
    )
)
_PREVIEW: Final = tuple(
    f"tests/automation/preview/test_{name}.py"
    for name in ("base", "changed", "changes", "compare", "contract", "drifted", "edits", "guard", "rendering", "story")
)
_AUTOMATION: Final = tuple(
    f"tests/automation/test_{name}.py"
    for name in (
        *("bundles", "event_log", "exit_codes", "new", "permissions", "plans", "prerequisites", "promote"),
        *("rehearsal_report", "state_files"),
    )
)


@dataclass(frozen=True)
class Room:
    """A part of the program, and the tests that are to notice what is wrong in it; `left_out` are some of these.

    `cases_first`: rules' cases, which notice most faults in policies, are tried apart from pytest, before all else.
    """

    name: str
    tests: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    cases_first: bool = False

    @property
    def directory(self) -> Path:
        """Where its modules are."""
        return CHECKOUT / self.name

    def modules(self) -> Iterator[Path]:
        """Its modules that hold more than a package's docstring, in order."""
        yield from sorted(file for file in self.directory.rglob("*.py") if file.name != "__main__.py")


_POLICY: Final = Room(
    "policy",
    (
        "tests/unit/policy",
        "tests/unit/common/test_reachability.py",
        *(
            f"tests/policy/test_{name}.py"
            for name in ("judge", "frame", "remediation", "rule_cases", "answers", "check")
        ),
    ),
    (
        "tests/policy/test_rule_cases.py::test_the_rule_says_what_the_case_expects",  # tried first
        "tests/policy/test_check.py::test_any_bytes_end_in_a_report",  # seconds of random input, for the reader's sake
        "tests/policy/test_check.py::test_values_of_any_type_in_any_field_end_in_a_report",
        "tests/policy/test_check.py::test_the_command_needs_neither_engine_nor_sdk",  # elsewhere, which has no mutant
    ),
    cases_first=True,
)

ROOMS: Final = (
    _POLICY,
    Room("components/addons", ("tests/unit/addons", *_CONTRACT)),
    Room("components/clusters", ("tests/unit/clusters", *_STACKS, *_CONTRACT)),
    Room("components", (*_STACKS, "tests/unit/addons", *_CONTRACT)),
    Room("spec", (*_STACKS, "tests/unit/common")),
    Room("stacks", (*_STACKS, "tests/contract/test_protection.py")),
    Room("common", ("tests/unit/common", "tests/unit/rehearsal/kubernetes")),
    Room("rehearsal/providers/kubernetes", ("tests/unit/rehearsal/kubernetes",)),
    Room("rehearsal/providers/clouds", ("tests/unit/rehearsal/clouds", "tests/rehearsal/clouds")),
    Room(
        "rehearsal",
        ("tests/unit/rehearsal", "tests/rehearsal/test_plugins.py", "tests/rehearsal/toolchain/test_releases.py"),
    ),
    Room("automation/preview", _PREVIEW),
    Room("portal", ("tests/portal",)),
    Room("automation", (*_AUTOMATION, "tests/automation/comment", *_PREVIEW)),
)
"""Each with the tests of its own; a room within another comes before it."""


def room_named(name: str) -> Room:
    """The room of this name; ValueError, which names all, if there is none."""
    for room in ROOMS:
        if room.name == name.rstrip("/"):
            return room
    raise ValueError(f"no room {name}; there are {', '.join(room.name for room in ROOMS)}")


def room_of(file: Path) -> Room:
    """The room whose tests are to notice what is wrong in a file; ValueError if no room has it."""
    for room in ROOMS:
        if file.is_relative_to(room.directory):
            return room
    raise ValueError(f"{file} is in no room; there are {', '.join(room.name for room in ROOMS)}")
