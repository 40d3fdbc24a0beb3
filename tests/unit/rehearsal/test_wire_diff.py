"""What the engine is told of a difference: a change that it would not make, or a replacement that it would not see."""

import pytest
from pulumi.runtime.proto import provider_pb2

from rehearsal.providers.base import UPDATE, UPDATE_REPLACE, Diff, _wire_diff

SOME, NONE = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("diff", "changes", "replaces"),
    [
        (Diff({}), NONE, []),
        (Diff({"a.b": UPDATE}), SOME, []),
        (Diff({"a[0]": UPDATE_REPLACE}), SOME, ["a[0]"]),
        (Diff({}, forced=("a",)), SOME, ["a"]),
        (Diff({"a": UPDATE}, changed=False), NONE, []),
    ],
)
def test_the_engine_is_told_whether_and_what(diff: Diff, changes: int, replaces: list[str]) -> None:
    told = _wire_diff(diff)
    assert (told.changes, list(told.replaces)) == (changes, replaces)
    assert {path: each.kind for path, each in told.detailedDiff.items()} == diff.detailed
