"""The page of clouds' behaviours: every type is on it, and its sources and tests are there."""

import re
from functools import cache

import pytest

from common.paths import CHECKOUT
from devtools.docs.cloud_behaviours import CLOUDS, behaviours, page
from rehearsal.providers.clouds.known import known, read_known, read_settled
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.schema import Schema

ROWS = [(token, each) for cloud in CLOUDS for token, rows in behaviours(cloud).items() for each in rows]


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: str(cloud.name))
def test_every_type_that_a_cloud_has_is_on_the_page(cloud: type[CloudStandIn]) -> None:
    text = page()
    assert [token for token in Schema(cloud.directory).tokens if f"| `{token}` |" not in text] == []


def test_a_behaviour_has_its_source_and_a_test_that_exists() -> None:
    without = [
        f"{token}: {row.test or 'no test'}, {row.source or 'no source'}"
        for token, row in ROWS
        if not row.source or row.test.partition("::")[2] not in names_in(row.test.partition("::")[0])
    ]
    assert without == []


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: str(cloud.name))
def test_what_is_known_is_known_of_types_that_there_are(cloud: type[CloudStandIn]) -> None:
    assert set(read_known(cloud.directory)) <= set(Schema(cloud.directory).tokens)


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: str(cloud.name))
def test_the_issues_of_every_type_that_a_cluster_is_made_of_were_read(cloud: type[CloudStandIn]) -> None:
    lists = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "tests/golden").glob("*.*s"))
    made = {token for token in Schema(cloud.directory).tokens if f"{token}::" in lists}
    assert made
    assert made <= {token for token, reading in read_known(cloud.directory).items() if reading.read}


def test_issues_are_settled_and_of_each_type_that_has_some_five_at_least() -> None:
    settled = {token: rows for cloud in CLOUDS for token, rows in read_settled(cloud.directory).items()}
    tokens = {token for cloud in CLOUDS for token in Schema(cloud.directory).tokens}
    assert settled.keys() <= tokens
    assert len(settled) >= 30
    assert [token for token, rows in settled.items() if len({row.issue for row in rows}) < 5] == []
    wrong = [
        f"{token} {row.issue}"
        for token, rows in settled.items()
        for row in rows
        if not re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", row.issue)
        or not re.match("(no|yes|unknown): ", row.ours)
        or not (row.shown.startswith("no: ") or row.shown.partition("::")[2] in names_in(row.shown.partition("::")[0]))
    ]
    assert wrong == []


@cache
def names_in(file: str) -> list[str]:
    """The names of the tests in a file."""
    return re.findall(r"^def (test_\w+)", (CHECKOUT / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "row",
    [
        {"limits": "x", "source": "y"},
        {"limits": "x", "waits": "y", "source": "z", "test": "t"},
        {"limit": "x", "source": "y", "test": "t"},
    ],
)
def test_a_behaviour_without_source_or_test_or_of_no_known_word_is_none(row: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a behaviour is one of limits, replaced, "):
        list(known([row]))
