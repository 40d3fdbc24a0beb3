"""The rules' cases: `cases/<rule>.<ok|error>.<what>.yaml`.

A case is a manifest. What is not a Kubernetes object is written as the type token, the name and the
properties of a Pulumi resource:

    resource: aws:eks/cluster:Cluster
    name: main
    protect: true
    properties: {version: "1.36"}

Anywhere, `!unknown` is a value that only `up` will tell. Comments at the top say what the rule is to say of the
case, one line for each finding, and the options that it has while doing so:

    # expect: shop/Deployment/frontend spec.replicas: 40 replicas
    # options: {most: 30}

A case that says `# alone` has the stack to itself, where namespaces are not enough to keep cases apart. The
case called `example` is the one that the reference page shows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from common.wire import UNKNOWN, encode
from tests.policy.analysis import State

UNKNOWN_VALUE: Final = encode({"": UNKNOWN}).fields[""].string_value
"""How the wire and a state spell a value that is not known."""


class _Loader(yaml.CSafeLoader):
    """YAML with `!unknown`."""


_Loader.add_constructor("!unknown", lambda *_: UNKNOWN_VALUE)


@dataclass(frozen=True)
class Case:
    """One file of cases."""

    path: Path

    @property
    def rule(self) -> str:
        return self.path.name.split(".")[0]

    @property
    def verdict(self) -> str:
        """`ok` or `error`."""
        return self.path.name.split(".")[1]

    @property
    def is_example(self) -> bool:
        """Whether the reference page shows it."""
        return self.path.name.split(".")[2] == "example"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def expected(self) -> list[str]:
        """How each finding begins."""
        return re.findall(r"^# expect: (.*)$", self.text, re.MULTILINE)

    @property
    def options(self) -> dict[str, Any]:
        """The rule's options."""
        found = re.search(r"^# options: (.*)$", self.text, re.MULTILINE)
        return yaml.safe_load(found[1]) if found else {}

    @property
    def alone(self) -> bool:
        """Whether no other case may be in the same stack."""
        return re.search(r"^# alone$", self.text, re.MULTILINE) is not None

    def documents(self) -> Iterator[dict[str, Any]]:
        return yaml.load_all(self.text, Loader=_Loader)

    def add_to(self, state: State, mark: str) -> list[str]:
        """Put the case into a state, with `mark` behind its namespaces' names; the URNs come back."""
        return [_add(body, state, mark) for body in self.documents()]


def _add(body: dict[str, Any], state: State, mark: str) -> str:
    if "resource" in body:
        name, protect = body["name"] + mark, body.get("protect", False)
        return state.add_resource(body["resource"], name, body.get("properties", {}), protect=protect)
    metadata = body["metadata"]
    for key in ("name",) if body["kind"] == "Namespace" else ("namespace",):
        if key in metadata and metadata[key] not in ("default", "kube-system", UNKNOWN_VALUE):
            metadata[key] += mark
    return state.add(body)


CASES: Final = [Case(path) for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))]
