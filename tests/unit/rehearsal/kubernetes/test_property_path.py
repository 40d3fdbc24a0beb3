"""Property paths are written and read the way the engine does.

Guards against ignored changes that are not ignored because a key holds a dot.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.providers.kubernetes.property_path import contains, parsed, written
from rehearsal.providers.kubernetes.replace_paths import Path

names = st.text(st.characters(blacklist_characters="\\", blacklist_categories=["Cs"]), min_size=1)
paths = st.tuples(names, st.one_of(names, st.integers(0, 99)), st.one_of(names, st.integers(0, 99)))


@given(paths)
def test_a_path_that_is_written_is_read_again(path: Path) -> None:
    assert parsed(written(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b[1].c", ("a", "b", 1, "c")),
        ('a["b.c/d"].e', ("a", "b.c/d", "e")),
        ('["a"]', ("a",)),
        ("a[*].b", ("a", "*", "b")),
        ("a.*", ("a", "*")),
    ],
)
def test_a_path_is_read_as_the_engine_reads_it(text: str, path: Path) -> None:
    assert parsed(text) == path


@pytest.mark.parametrize("text", ["a[", "a[x]", 'a["b', "a..b"])
def test_what_is_no_path_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="property path"):
        parsed(text)


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ("a", "a.b", True),
        ("a.b", "a.b", True),
        ("a.b", "a", False),
        ("a[*].c", "a[3].c.d", True),
        ("a.x", "a.b", False),
    ],
)
def test_a_path_contains_what_lies_under_it(outer: str, inner: str, *, inside: bool) -> None:
    assert contains(parsed(outer), parsed(inner)) is inside
