"""Rights that we give away and upstream does not, or that an add-on lacks: every policy is held to upstream's own.

Each file of `upstream` has what upstream lists for a cluster `shop` (from where, and of which date), and each
difference of ours with its reason. What is neither upstream's nor explained fails, and so does an idle explanation.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rights.ours import OURS
from tests.rights.policies import Right, by_action, statements


def facts(name: str) -> Mapping[str, Any]:
    """What is known of upstream's policy."""
    text = Path(__file__).with_name("upstream").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize("name", OURS)
def test_what_differs_from_upstream_is_explained(name: str) -> None:
    known = facts(name)
    assert known["source"].keys() == {"repository", "file", "at"}
    ours, theirs = by_action(statements(OURS[name])), by_action(known["upstream"])
    used = set()
    for action in ours.keys() | theirs.keys():
        explained = [each for each in known["differences"] if any(fnmatchcase(action, it) for it in each["actions"])]
        if not explained:
            assert ours.get(action) == theirs.get(action), action
            continue
        (difference,) = explained
        used.add(difference["why"])
        assert ours.get(action, set()) == _said(action, difference) != theirs.get(action), action
    assert used == {each["why"] for each in known["differences"]}


def test_every_policy_of_upstream_has_one_of_ours() -> None:
    assert OURS.keys() == {file.stem for file in Path(__file__).with_name("upstream").glob("*.yaml")}


def _said(action: str, difference: Mapping[str, Any]) -> set[Right]:
    return by_action([each | {"actions": [action]} for each in difference["ours"]]).get(action, set())
