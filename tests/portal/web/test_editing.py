"""Forms for stack files: from the schema, back into the YAML, and nothing else of it changes."""

import re
from pathlib import Path

import pytest

from common.errors import StackFileError
from common.paths import CHECKOUT
from portal.web.editing import check, edited, fields_of
from portal.web.fields import Field, Widget, text_of, value_of
from portal.web.stack_files import kinds, template
from stacks.loading import load_file
from tests.portal.web.conftest import Browsers
from tests.portal.web.played import PlayedPortal

FILES = sorted(CHECKOUT.glob("Pulumi.*.yaml"))
DEV = (CHECKOUT / "Pulumi.dev.yaml").read_text()


def _form(text: str) -> dict[str, Field]:
    found = fields_of(text)
    assert found
    return {each.name: each for each in found.all()}


def _sent(text: str, **changed: str) -> dict[str, str]:
    """What a browser sends of a form."""
    filled = {name: each.value for name, each in _form(text).items() if each.widget not in ("group", "list", "yaml")}
    return {**{name: value.replace("\n", "\r\n") for name, value in filled.items()}, **changed}


def _changed(before: str, after: str) -> list[str]:
    """The lines that only one of the two has."""
    old, new = before.splitlines(), after.splitlines()
    return [f"- {line}" for line in old if line not in new] + [f"+ {line}" for line in new if line not in old]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_form_that_is_sent_as_it_came_changes_not_a_byte(file: Path) -> None:
    text = file.read_text()
    assert edited(text, text, _sent(text)) == text
    assert edited(text, text, _sent(text, **{"polykube:stage": "qa"})) != text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_value_that_a_field_shows_is_read_back_as_it_is(file: Path) -> None:
    for each in _form(file.read_text()).values():
        if each.widget in (Widget.TEXT, Widget.CHOICE, Widget.LINES, Widget.PAIRS) and each.present:
            assert text_of(value_of(each, each.value)) == each.value, each.name


def test_one_field_changes_one_line_and_keeps_the_comment_on_it() -> None:
    sent = _sent(DEV, **{"polykube:cluster.nodePools[1].nodes": "5", "polykube:cluster.version": "1.35"})
    assert _changed(DEV, edited(DEV, DEV, sent)) == [
        '-     version: "1.36" # in quotes, because unquoted 1.30 would be the number 1.3',
        "-         nodes: 3",
        '+     version: "1.35" # in quotes, because unquoted 1.30 would be the number 1.3',
        "+         nodes: 5",
    ]


def test_what_was_written_in_the_yaml_meanwhile_stays_beside_what_was_filled_in() -> None:
    written = DEV.replace("group: lab-users", "group: lab-people")
    both = edited(written, DEV, _sent(DEV, **{"polykube:cluster.nodePools[1].nodes": "5"}))
    assert _changed(written, both) == ["-         nodes: 3", "+         nodes: 5"]


def test_an_emptied_field_is_a_key_less() -> None:
    assert _changed(DEV, edited(DEV, DEV, _sent(DEV, **{"polykube:tenants[1].group": " "}))) == [
        "-       group: lab-users"
    ]


def test_groups_and_entries_come_and_go() -> None:
    more = edited(DEV, DEV, _sent(DEV), add="polykube:addons")
    more = edited(more, more, _sent(more), add="polykube:addons.nodeProblemDetector")
    assert "nodeProblemDetector: {}" in more
    assert check(more, "dev", CHECKOUT).problems == ()
    again = edited(more, more, _sent(more), remove="polykube:addons")
    assert again == DEV
    longer = edited(DEV, DEV, _sent(DEV), add="polykube:cluster.nodePools")
    assert "polykube:cluster.nodePools[2].name" in _form(longer)
    shorter = edited(longer, longer, _sent(longer), remove="polykube:cluster.nodePools[2]")
    assert fields_of(shorter) == fields_of(DEV)


def test_what_is_required_cannot_be_removed() -> None:
    assert edited(DEV, DEV, _sent(DEV), remove="polykube:cluster") == DEV


def test_another_kind_of_cluster_brings_its_own_fields() -> None:
    text = edited(DEV, DEV, _sent(DEV, **{"polykube:cluster.kind": "eks"}))
    assert "polykube:cluster.region" in _form(text)
    assert "polykube:cluster.region" not in _form(DEV)


def test_an_encrypted_value_is_kept_beside_a_changed_one() -> None:
    text = DEV.replace("#+ ", "")
    secret = re.findall(r'secure: "(v1:Hte3[^"]+)"', text)[0]
    sent = _sent(text, **{"polykube:addons.backup.store.bucket": "others"})
    assert secret in edited(text, text, sent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "- 1",
        "config: 1",
        "a: &a [*a]",
        "config: {polykube:tenants: 3}",
        "config: {polykube:cluster: [1]}",
        "\t",
        "---\n---\n",
    ],
)
def test_whatever_is_written_is_answered_with_problems(text: str) -> None:
    assert check(text, "dev", CHECKOUT).problems
    assert isinstance(edited(text, text, {"polykube:stage": "dev"}, "polykube:tenants", "polykube:cluster"), str)


@pytest.mark.parametrize(
    "case", sorted((CHECKOUT / "tests/unit/stacks/cases").glob("*.error.*.yaml"))[::9], ids=lambda it: it.name
)
def test_problems_are_those_of_polykube_check(case: Path, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_bytes(case.read_bytes())
    try:
        load_file(file)
        told = []
    except StackFileError as error:
        told = [(each.code, each.where, each.line, each.found, each.remedy) for each in error.problems]
    found = check(case.read_text(), "dev", tmp_path).problems
    assert [(each.code, each.where, each.line, each.found, each.remedy) for each in found] == told


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_file_to_begin_with_that_is_accepted(kind: str) -> None:
    text = template(kind, "shop-dev")
    assert "The stack `shop-dev`" in text
    problems = check(text, "shop-dev", CHECKOUT).problems
    assert {each.code for each in problems} <= ({"PK152"} if kind == "existing" else set())  # whose kubeconfig is yours


def test_a_person_without_javascript_corrects_a_problem_and_asks_for_the_change(
    played: PlayedPortal, browsers: Browsers
) -> None:
    browser = browsers("planner")
    text = (played.project / "Pulumi.dev.yaml").read_text()
    sent = _sent(text, **{"polykube:cluster.nodePools[1].nodes": "many"})
    wrong = browser.submit("/stacks/dev/edit", **{**sent, "yaml": text, "base": text, "plan": "plan", "reason": "sale"})
    assert wrong.status_code == 422
    assert 'href="#field:polykube:cluster.nodePools[1].nodes"' in wrong.text
    assert 'value="many"' in wrong.text
    assert 'value="sale"' in wrong.text
    assert (played.project / "Pulumi.dev.yaml").read_text() == text
    sent = _sent(text, **{"polykube:cluster.nodePools[1].nodes": "5"})
    answer = browser.submit(
        "/stacks/dev/edit", **{**sent, "yaml": text, "base": text, "plan": "plan", "reason": "sale"}
    )
    run = played.runs.store.get(answer.headers["Location"].rpartition("/")[2])
    assert (run.stack, run.action, run.author, run.reason) == ("dev", "apply", "planner", "sale")
    assert _changed(text, run.stack_file or "") == ["-         nodes: 3", "+         nodes: 5"]


def test_as_a_form_is_filled_in_the_yaml_follows_and_the_fields_stay(browsers: Browsers) -> None:
    sent = _sent(DEV, **{"polykube:cluster.version": "1.1"})
    answer = browsers("planner").submit("/stacks/dev/form", **{**sent, "yaml": DEV, "base": DEV, "edited": "fields"})
    assert re.search(r"version: &#34;1.1&#34; +#", answer.text)
    assert 'data-field="field:polykube:cluster.version"' in answer.text
    assert 'id="fields"' not in answer.text
    written = DEV.replace("nodes: 3", "nodes: 4")
    answer = browsers("planner").submit("/stacks/dev/form", yaml=written, base=DEV, edited="yaml")
    assert re.search(r'name="polykube:cluster.nodePools\[1\].nodes" value="4"', answer.text)


def test_a_new_stack_begins_with_its_name_and_kind(played: PlayedPortal, browsers: Browsers) -> None:
    browser = browsers("planner")
    assert "already" in browser.get("/stacks/new?name=dev&kind=local").text
    answer = browser.get("/stacks/new?name=shop-dev&kind=eks")
    assert answer.headers["Location"] == "/stacks/shop-dev/edit?kind=eks"
    page = browser.get("/stacks/shop-dev/edit?kind=eks").text
    assert "the region" in page
    text = template("local", "shop-dev")
    asked = browser.submit("/stacks/shop-dev/edit", yaml=text, base=text, plan="plan", kind="local")
    assert played.runs.store.get(asked.headers["Location"].rpartition("/")[2]).stack_file == text


def test_a_stack_is_destroyed_by_who_writes_its_name(played: PlayedPortal, browsers: Browsers) -> None:
    browser = browsers("planner")
    assert browser.submit("/stacks/dev/runs", action="destroy").status_code == 422
    asked = browser.submit("/stacks/dev/runs", action="destroy", name="dev", reason="over")
    assert played.runs.store.get(asked.headers["Location"].rpartition("/")[2]).action == "destroy"
