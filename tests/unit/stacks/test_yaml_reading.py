"""A stack file that the loader reads otherwise than the engine: checked as one thing, deployed as another."""

import itertools
from pathlib import Path

import pytest

from spec.documents import parse, read
from spec.problems import Code
from spec.scalars import misread, scalar
from tests.unit.stacks.engine import Project, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("True", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("017", 15),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0b11", -3),
        ("08", 8),
        ("1_000", 1000),
        ("1.30", 1.3),
        ("3.0", 3),
        ("1e3", 1000),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("1e400", "1e400"),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_the_engine(text: str, value: object) -> None:
    read_as = scalar(text)
    assert read_as == value
    assert type(read_as) is type(value)


def test_the_engine_reads_every_short_number_alike(project: Project) -> None:
    texts = ["".join(parts) for size in (1, 2, 3, 4) for parts in itertools.product("019._xe-", repeat=size)]
    texts += ["0x1F", "0b101", "0o17", "017", "1_000", "9007199254740992", "1e21", "1E+3", "+.5", "0o8", "0b2", "1e400"]
    texts += ["yes", "no", "on", "off", "y", "true", "True", "TRUE", "tRUE", "null", "Null", "~", "12:30", "190:20:30"]
    plain = [text for text in texts if not text.startswith("-.") and text != "-" and misread(text) is None]
    document = "".join(f"    k{index}: {text}\n" for index, text in enumerate(plain))
    project.stack_file.write_text(f"config:\n  polykube:tree:\n{document}")
    engine = project.config()["polykube:tree"]
    ours = {f"k{index}": scalar(text) for index, text in enumerate(plain)}
    assert len(plain) > 4000
    assert [(plain[int(key[1:])], value, engine[key]) for key, value in ours.items() if value != engine[key]] == []


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
        "a: &x {b: 1}\ne: &y {b: 2, f: 3}\nd:\n  <<: [*x, *y]\n",
        "a: &x [1, two]\nb: *x\n",
        "a: |\n  lines\n  of text\nb: >-\n  folded\n  text\nc: \"\\u00e9\\t\"\nd: 'it''s'\n",
        "a: [{b: [c]}]\nd: {}\ne: []\n",
    ],
)
def test_the_engine_reads_documents_alike(text: str, project: Project) -> None:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    project.stack_file.write_text(f"config:\n  polykube:tree:\n{indented}")
    (document,) = read(project.stack_file).nodes
    assert document.plain() == {"config": project.config()}


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: &x {b: *x}\n", "a: .inf\n", "a: [\n", "a:\n\tb: 1\n", "a: *b\n"])
def test_what_the_engine_refuses_is_refused(text: str, project: Project) -> None:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    project.stack_file.write_text(f"config:\n  polykube:tree:\n{indented}")
    assert project.pulumi("config", "--json", "--stack", "dev").returncode != 0
    assert read(project.stack_file).findings


def test_lines_are_those_of_keys_and_list_items() -> None:
    (document,) = parse("a:\n  b:\n    - c: 1\n\n    - c: >\n        text\n").nodes
    lines = [document.nearest(path)[0].line for path in [("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 1, "c")]]
    assert lines == [1, 2, 5, 5]


def test_an_alias_stands_on_its_own_line() -> None:
    (document,) = parse("a: &x {b: 1}\nc: *x\n").nodes
    assert document.nearest(("c",))[0].line == 2


def test_a_few_lines_cannot_stand_for_a_billion_values() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
    assert [finding.code for finding in parse(bomb).findings] == [Code.TOO_MUCH]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_is_bounded(opening: str) -> None:
    assert [finding.code for finding in parse(opening * 100_000).findings] == [Code.TOO_MUCH]


def test_a_device_and_an_enormous_file_are_not_read(tmp_path: Path) -> None:
    enormous = tmp_path / "enormous.yaml"
    enormous.write_bytes(b"#" * 2**21)
    for path in (Path("/dev/zero"), enormous, tmp_path, tmp_path / ("x" * 300), Path("nul\0name")):
        assert [finding.code for finding in read(path).findings] == [Code.UNREADABLE]
