"""What passes between two revisions of this code: a question or an answer that the other one does not get."""

import json
from pathlib import Path

import pytest

from automation.preview.contract import FORM, Answer, StackRequest
from automation.preview.findings import PolicyFinding


def test_a_request_arrives_as_it_was_left(tmp_path: Path) -> None:
    asked = StackRequest("project", "dev", 30.0)
    asked.leave(tmp_path)
    assert StackRequest.at(tmp_path) == asked


def test_an_answer_arrives_as_it_was_left_and_says_its_form(tmp_path: Path) -> None:
    answer = Answer([PolicyFinding("mandatory", "ns-quota", "urn", "no quota")], {"dev": "https://127.0.0.1"}, "", "n")
    answer.leave(tmp_path)
    assert Answer.at(tmp_path) == answer
    assert json.loads((tmp_path / "base.json").read_text())["form"] == FORM


@pytest.mark.parametrize("content", [None, "{half", "{}", "[]", '{"findings": [{"of": "later"}]}'])
def test_an_answer_that_cannot_be_read_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "base.json").write_text(content)
    assert Answer.at(tmp_path) is None
