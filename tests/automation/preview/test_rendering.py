"""The report in each of its forms, which would let a value break out of its place, call people, or differ by luck."""

import json
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from automation.preview.bounds import nodes, quotas, stacks_of
from automation.preview.changes import Cause, changes_of
from automation.preview.events import seen
from automation.preview.findings import compare
from automation.preview.report import PreviewReport, StackReport
from automation.preview.saved import FORMS, read_reports, save
from tests.support.events import GROUP, SECRET, finding, replacing, step, updating

HOSTILE = "</summary></details><script>alert(1)</script> | `x` ``` @everyone <!-- -->"
EVENTS = [
    step("delete", GROUP, "dev-old", {"name": "old", "kubeconfig": SECRET}, protect=True),
    step("replace", GROUP, "dev-a", {"types": ["m7g.large"]}, {"types": ["m7g.xlarge"]}, **replacing("types[0]")),
    step("update", GROUP, "dev-b", {"label": "x"}, {"label": HOSTILE}, **updating("label")),
    step("create", GROUP, "dev-c", new={"name": HOSTILE, "secret": SECRET}),
    finding("network", f"shop is open {HOSTILE}"),
    finding("image", "no tag", "advisory"),
]


def report(events: list[dict[str, Any]]) -> PreviewReport:
    """A report on two stacks, of which one stays as it is."""
    found = seen(0, events)
    cause = Cause(
        "Pulumi.eks-dev.yaml", 28, "polykube:cluster.nodePools[0].machineType", ("- m7g.large", "+ m7g.xlarge")
    )
    changes = [replace(each, causes=[cause]) if each.name == "dev-a" else each for each in changes_of(found.steps)]
    before = seen(0, [finding("image", "no tag", "advisory"), finding("quota", "no quota")]).findings
    stacks = stacks_of(found.steps)
    full = StackReport(
        "eks-dev",
        changes=changes,
        policies=compare(before, found.findings),
        quotas=quotas(*stacks),
        nodes=nodes(*stacks),
        unknown=["values"],
    )
    return PreviewReport("a" * 40, "main", "b" * 40, [full, StackReport("gke-dev", code=["components/x.py"])], 2)


@pytest.mark.parametrize("form", FORMS)
def test_events_in_another_order_give_the_same_bytes(form: str) -> None:
    expected = FORMS[form](report(EVENTS))
    for seed in range(5):
        events = [*EVENTS]
        random.Random(seed).shuffle(events)  # noqa: S311 - any order will do
        assert FORMS[form](report(events)) == expected


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_shown(form: str) -> None:
    assert "canary" not in FORMS[form](report(EVENTS))


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_what_is_lost_is_told_first_with_its_reason_and_its_line(form: str) -> None:
    shown = FORMS[form](report(EVENTS))
    places = [shown.index(part) for part in ("dev-old", "dev-a", "dev-b", "dev-c", "New, mandatory", "Not known")]
    assert places == sorted(places)
    for part in ("types[0]", "Pulumi.eks-dev.yaml:28", "m7g.large", "m7g.xlarge", "It is protected", "A rehearsal"):
        assert part.replace("[", "[") in shown
    assert "Nothing changes; 1 file of its code changed" in shown


def elements(page: str) -> list[str]:
    """The names of all elements of a page."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: found.append(tag)  # type: ignore[method-assign,assignment]
    parser.feed(page)
    return found


def test_no_value_becomes_an_element_of_the_page() -> None:
    tags = elements(FORMS["html"](report(EVENTS)))
    assert "script" not in tags
    assert tags.count("details") == 5


def test_no_value_breaks_out_of_the_comment_or_calls_somebody() -> None:
    shown = FORMS["markdown"](report(EVENTS))
    assert shown.startswith("<!-- polykube preview -->\n")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(shown)
    tags = elements(page)
    assert "script" not in tags
    assert (tags.count("details"), tags.count("table")) == (5, 1)
    prose = re.sub(r"<code[^>]*>.*?</code>", "", page, flags=re.DOTALL)
    assert "everyone" in prose
    assert "@everyone" not in prose


@pytest.mark.parametrize(("number", "size"), [(40, 300), (400, 30), (4000, 3)])
def test_a_comment_stays_within_what_code_hosts_take_and_keeps_the_count(number: int, size: int) -> None:
    inputs = {f"property{index}": "x" * 150 for index in range(size)}
    losses = [step("delete", GROUP, f"gone-{index}", {"name": "x"}) for index in range(10)]
    made = [step("create", GROUP, f"new-{index}", new=inputs) for index in range(number)]
    shown = FORMS["comment"](report([*losses, *made]))
    assert len(shown) < 65_536
    assert f"| eks-dev | 10 | – | – | {number} |" in shown
    assert all(f"gone-{index}" in shown for index in range(10))
    assert "This comment is shortened" in shown
    assert "A rehearsal" in shown
    assert FORMS["comment"](report(EVENTS)) == FORMS["markdown"](report(EVENTS))


def test_programs_get_everything() -> None:
    told = json.loads(FORMS["json"](report(EVENTS)))
    stack, other = told["stacks"]
    assert stack["counts"] == {"delete": 1, "replace": 1, "update": 1, "create": 1, "import": 0, "move": 0}
    replaced = stack["changes"][1]
    assert (replaced["forcedBy"], replaced["causes"][0]["line"]) == (["types[0]"], 28)
    assert [each["rule"] for each in stack["policies"]["fixed"]] == ["quota"]
    assert (other["changes"], other["code"]) == ([], ["components/x.py"])


def test_a_report_that_was_saved_is_shown_as_before(tmp_path: Path) -> None:
    told = report(EVENTS)
    save(told, tmp_path)
    again = read_reports([tmp_path / "report.json"])
    for form in FORMS:
        assert FORMS[form](again) == FORMS[form](told)
    assert (tmp_path / "comment.md").read_text() == FORMS["comment"](told)


def test_a_loss_that_takes_an_approval_is_the_headline_and_says_who_may_give_it() -> None:
    told = report(EVENTS)
    first, *others = told.stacks
    lost = replace(first, changes=[replace(each, guarded=each.protected) for each in first.changes])
    shown = FORMS["markdown"](replace(told, stacks=[lost, *others]))
    assert "Preview: something that is protected would be lost" in shown
    assert f"To be approved, for it is protected: `{GROUP} dev-old`." in shown
    assert "`losses-approved`" in shown
    assert "`protect-cluster`" in shown


def test_a_stack_whose_file_is_gone_is_told() -> None:
    shown = FORMS["text"](PreviewReport("a" * 40, "main", "b" * 40, [], removed=["gke-dev"]))
    assert "Preview: no stack is touched" in shown
    assert "The file of gke-dev is gone" in shown


def test_headings_of_plain_text_are_underlined() -> None:
    headings = re.findall(r"^(.+)\n(=+|-+)$", FORMS["text"](report(EVENTS)), re.MULTILINE)
    assert [line for _, line in headings] == [
        ("-" if index else "=") * len(title) for index, (title, _) in enumerate(headings)
    ]
    assert len(headings) > 1


def test_code_hosts_get_findings_and_losses_at_their_lines() -> None:
    (run,) = json.loads(FORMS["sarif"](report(EVENTS)))["runs"]
    told = {result["ruleId"]: result for result in run["results"]}
    assert told["preview/delete"]["level"] == "error", "it is protected"
    place = told["preview/replace"]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("Pulumi.eks-dev.yaml", 28)
    states = {rule: result["baselineState"] for rule, result in told.items() if "baselineState" in result}
    assert states == {"network": "new", "image": "unchanged", "quota": "absent"}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(told)
