"""A problem that does not say where it is, or a program's last words that begin in the middle of one."""

import pytest

from common.errors import BusyError, Problem, StackFileError, as_line, as_text, last_words

WHOLE = Problem("PK999", "it is wrong", "a.b", "Pulumi.dev.yaml", 12, found="x\n  y", allowed="z", remedy="Write z.")


@pytest.mark.parametrize(
    ("problem", "place"),
    [
        (WHOLE, "Pulumi.dev.yaml:12 at a.b"),
        (Problem("PK999", "", file="Pulumi.dev.yaml"), "Pulumi.dev.yaml"),
        (Problem("PK999", "", where="a.b"), "a.b"),
        (Problem("PK999", ""), ""),
    ],
)
def test_as_much_of_a_place_is_said_as_is_known(problem: Problem, place: str) -> None:
    assert problem.place == place


def test_a_line_has_all_but_the_remedy_and_a_text_has_all() -> None:
    line = "PK999 it is wrong; Pulumi.dev.yaml:12 at a.b; found x y; allowed z"
    assert (as_line(WHOLE), as_line(Problem("PK999", "it is wrong"))) == (line, "PK999 it is wrong")
    assert as_text(WHOLE).splitlines() == [
        "PK999: it is wrong",
        "  where   Pulumi.dev.yaml:12 at a.b",
        "  found   x",
        "  y",
        "  allowed z",
        "  remedy  Write z.",
    ]
    assert as_text(Problem("PK999", "it is wrong")) == "PK999: it is wrong"


def test_an_error_has_one_problem_or_several_and_says_each() -> None:
    assert BusyError(WHOLE).problems == (WHOLE,)
    both = StackFileError([WHOLE, Problem("PK998", "so is this")])
    assert str(both) == f"{as_text(WHOLE)}\nPK998: so is this"


@pytest.mark.parametrize(
    ("said", "limit", "words"),
    [
        ("  all of it\n", 9, "all of it"),
        ("first line\nsecond line\nthird", 20, "… second line\nthird"),
        ("first line\nsecond line\nthird", 16, "… third"),
        ("one line of many words", 12, "… many words"),
        ("one line of many words", 9, "… words"),
        ("abcdefghij", 4, "… ghij"),
        ("first\nsecond", 6, "… second"),
    ],
)
def test_last_words_begin_with_a_line_or_else_with_a_word(said: str, limit: int, words: str) -> None:
    assert last_words(said, limit) == words
