"""Lists that forget something, and say nothing: registries, error codes, make targets, imports."""

import ast
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType

import pytest

import components.addons
import components.clusters
import policy.rules
from common.errors import PolykubeError
from common.paths import CHECKOUT
from components.addons import ADDONS, INTERNAL
from components.clusters import KINDS
from components.clusters.base import ClusterBase, ClusterSpec
from devtools import ROOMS
from policy.rules import RULES, rules_of
from spec.problems import Code


def modules(package: ModuleType) -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [importlib.import_module(name) for name in names if not name.endswith(".__main__")]


def test_every_kind_of_cluster_is_registered_once() -> None:
    members = [member for module in modules(components.clusters) for member in vars(module).values()]
    specs = {each for each in members if inspect.isclass(each) and issubclass(each, ClusterSpec)}
    stated = {each for each in specs if str(each.model_fields["kind"].annotation).startswith("typing.Literal")}
    assert set(KINDS) == stated
    for path in KINDS.values():
        module, _, name = path.partition(":")
        assert issubclass(getattr(importlib.import_module(module), name), ClusterBase)


def test_every_add_on_is_registered_once() -> None:
    members = [member for module in modules(components.addons) for member in vars(module).values()]
    addons = {each for each in members if inspect.isclass(each) and hasattr(each, "ports_from_control_plane")}
    assert Counter([*ADDONS, *INTERNAL]) == Counter(each for each in addons if hasattr(each, "name"))


def test_every_policy_rule_is_registered_once() -> None:
    assert Counter(policy.rules.FAMILIES) == Counter(modules(policy.rules))
    assert all(rules_of(family) for family in policy.rules.FAMILIES)
    assert set(Counter(rule.id for rule in RULES).values()) == {1}


def raised_codes() -> Iterator[str]:
    """The codes that problems are made with, once for each place in the sources where that is done."""
    yield from (code.id for code in Code)
    files = [CHECKOUT / "bootstrap.py", *(file for room in ROOMS for file in (CHECKOUT / room).rglob("*.py"))]
    for file in files:
        if file.name == "problems.py" and file.parent.name == "spec":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from re.findall(r"^(PK\d{3})(?:$|: )", node.value)


def test_an_error_code_means_one_thing() -> None:
    assert {code: places for code, places in Counter(raised_codes()).items() if places > 1} == {}


def test_every_error_code_belongs_to_one_kind_of_error_and_is_documented_once() -> None:
    page = (CHECKOUT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    documented = Counter(re.findall(r"^\| \*\*(PK\d{3})\*\*", page, re.MULTILINE))
    assert documented == Counter(set(raised_codes()))
    for code in documented:
        assert len([kind for kind in PolykubeError.__subclasses__() if code.startswith(kind.codes)]) == 1


def test_every_make_target_is_listed_by_make_help() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    targets = re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE)
    assert sorted(phony.split()) == sorted(targets)
    make = shutil.which("make") or "make"
    shown = subprocess.run([make, "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    listed = dict(re.findall(r"^make ([\w-]+) +(.+)$", shown, re.MULTILINE))
    assert set(targets) - set(listed) == {"clouds", "env"}, "they are parts of the others"


NO_NETWORK = """
import socket, sys
def refuse(*_, **__): raise AssertionError("a connection while importing")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
sys.path.insert(0, "policy")
import importlib
for name in sys.argv[1:]: importlib.import_module(name)
"""


@pytest.mark.parametrize(
    "entry", ["stacks.program", "automation.cli", "policy.engine.server", "rehearsal.language_host"]
)
def test_importing_asks_nobody_on_the_network(entry: str) -> None:
    command = [sys.executable, "-c", NO_NETWORK, entry]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
