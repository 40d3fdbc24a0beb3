"""Edits of a stack file, which would blame the wrong line, or one for what another did."""

from typing import Any

import pytest

from automation.preview.edits import Edit, edits
from spec.documents import YamlNode, parse

BASE = """config:
  polykube:stage: dev
  polykube:cluster:
    version: "1.35"
    nodePools:
      - name: general
        machineType: t4g.large
        nodes: {min: 2, max: 4}
      - name: spot
        machineType: m7g.large
        alternatives: [m7g.xlarge]
"""


def document(text: str) -> YamlNode:
    """The only document in a text."""
    (node,) = parse(text).nodes
    return node


def made(old: str, new: str) -> list[Edit]:
    """What putting `new` in the place of `old` edits."""
    assert old in BASE
    return list(edits(document(BASE), document(BASE.replace(old, new))))


@pytest.mark.parametrize(
    ("old", "new", "where", "line", "lines", "gone"),
    [
        ("t4g.large", "t4g.xlarge", "nodePools[0].machineType", 7, ("- t4g.large", "+ t4g.xlarge"), False),
        ("max: 4", "max: 5", "nodePools[0].nodes.max", 8, ("- 4", "+ 5"), False),
        ("[m7g.xlarge]", "[]", "nodePools[1].alternatives", 11, ('- ["m7g.xlarge"]', "+ []"), False),
        ("name: general", "name: apps", "nodePools[0].name", 6, ("- general", "+ apps"), False),
        ("        machineType: m7g.large\n", "", "nodePools[1].machineType", 10, ("- m7g.large",), True),
    ],
)
def test_an_edit_is_where_a_person_made_it(
    old: str, new: str, where: str, line: int, lines: tuple[str, ...], gone: bool
) -> None:
    (edit,) = made(old, new)
    cause = edit.cause("Pulumi.eks-dev.yaml")
    assert (cause.where, cause.line, cause.gone) == (f"polykube:cluster.{where}", line, gone)
    assert tuple(cause.lines) == lines


def test_comments_order_and_quotes_are_no_edits() -> None:
    assert made("max: 4}", "max: 4} # enough") == []
    assert made("{min: 2, max: 4}", "{max: 4, min: 2}") == []
    assert made("stage: dev", 'stage: "dev"') == []


def test_one_more_entry_before_the_others_is_one_edit() -> None:
    (edit,) = made(
        "      - name: general\n", "      - name: gpu\n        machineType: g6.large\n      - name: general\n"
    )
    assert (edit.before, edit.after) == (None, {"name": "gpu", "machineType": "g6.large"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("t4g.large", "t4g.xlarge"),
        ("name: general", "name: apps"),
        ("      - name: general\n", "      - name: gpu\n      - name: general\n"),
        (BASE[BASE.index("      - name: spot") :], ""),
        (BASE[BASE.index("      - name: general") : BASE.index("      - name: spot")], ""),
        ("  polykube:stage: dev\n", ""),
        ('    version: "1.35"\n', '    version: "1.35"\n    region: x\n'),
    ],
)
def test_without_its_only_edit_a_file_says_what_it_said(old: str, new: str) -> None:
    after: Any = document(BASE.replace(old, new)).plain()
    (edit,) = made(old, new)
    assert edit.undone(after) == document(BASE).plain() != after


def test_encrypted_values_are_not_shown() -> None:
    (edit,) = made("version: ", "key: {secure: v1:canary}\n    version: ")
    assert edit.cause("f").lines == ("+ [secret]",)
