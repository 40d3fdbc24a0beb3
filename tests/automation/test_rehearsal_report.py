"""A report that does not say that something was played for which there could have been the original."""

import pytest

from automation.rehearsal_report import RehearsalReport


@pytest.mark.parametrize("stand_ins", [set(), {"kinds", "charts"}])
def test_bundles_that_were_played_are_named_where_there_are_any(stand_ins: set[str]) -> None:
    report = RehearsalReport("eks-prod", stand_ins=stand_ins)
    assert report.as_json().get("standIns") == (["charts", "kinds"] if stand_ins else None)
    assert ("stand-ins for charts, kinds" in report.as_line()) is bool(stand_ins)
