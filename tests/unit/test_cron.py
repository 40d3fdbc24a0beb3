"""A schedule whose pauses are taken for shorter than they are, so that backups are missed that are not, or longer."""

from datetime import timedelta

import pytest

from spec.cron import longest_pause


@pytest.mark.parametrize(
    ("cron", "pause"),
    [
        ("0 7 * * *", timedelta(days=1)),
        ("0 7,19 * * *", timedelta(hours=12)),
        ("0 7,9 * * *", timedelta(hours=22)),
        ("*/15 * * * *", timedelta(minutes=15)),
        ("*/30 8-18 * * 1-5", timedelta(days=2, hours=13, minutes=30)),
        ("0 0 * * 0", timedelta(days=7)),
        ("30 4 1 * *", timedelta(days=31)),
        ("0 0 1 1 *", timedelta(days=366)),
        ("0 0 13 * 5", timedelta(days=7)),
        ("5/20 3 * * *", timedelta(hours=23, minutes=20)),
        ("0 0 30 2 *", timedelta(days=366)),
    ],
)
def test_the_longest_time_without_a_run(cron: str, pause: timedelta) -> None:
    assert longest_pause(cron) == pause
