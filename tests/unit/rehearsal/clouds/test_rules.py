"""Rules that nobody reads: a key that is none, or that stands twice, of which the last one wins."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rehearsal.providers.clouds.compile_schema import HERE
from rehearsal.providers.clouds.rules import read_rules
from rehearsal.providers.clouds.schema import Schema

FILES = sorted(HERE.glob("*/*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_key_stands_twice(file: Path) -> None:
    assert list(twice(yaml.compose(file.read_text(), yaml.CSafeLoader))) == []


def twice(node: yaml.Node | None) -> Iterator[str]:
    """The keys that stand twice in a mapping, at any depth."""
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        yield from (f"{name} in line {node.start_mark.line + 1}" for name in {*names} if names.count(name) > 1)
    for child in getattr(node, "value", ()) if not isinstance(node, yaml.ScalarNode) else ():
        for each in child if isinstance(child, tuple) else (child,):
            yield from twice(each)


def test_a_rule_of_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    rules = {"everywhere": {"replace": [], "outputs": {}}, "sources": {}, "errors": {"wrapper": ""}}
    token = "aws:ec2/vpc:Vpc"
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({**rules, "types": {token: {"id": "x", "read": "today"}}}))
    with pytest.raises(ValueError, match="no rules are called read"):
        read_rules(tmp_path, Schema(HERE / "aws"))
