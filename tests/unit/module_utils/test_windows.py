"""Windows and freezes at a moment: over midnight, at the turn of the month, in the time zone of the data centre."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from ansible_collections.kyotsu.platform.plugins.module_utils.windows import (
    freeze_at,
    freeze_covers,
    next_window,
    occurrences,
    window_at,
)
from tests.support.builders import make_freeze, make_window

TOKYO = "Asia/Tokyo"
# Saturday 21:00 to Sunday 05:00 in Tokyo is Saturday 12:00 to 20:00 in UTC.
SATURDAY_NIGHT = make_window(id="w", recurrence="FREQ=WEEKLY;BYDAY=SA", start="21:00", hours=8)


def tokyo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(TOKYO))  # type: ignore[arg-type, misc]  # year, month, day, hour, minute


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (tokyo(2026, 11, 28, 20, 59), False),
        (tokyo(2026, 11, 28, 21, 0), True),
        (tokyo(2026, 11, 29, 0, 0), True),
        (tokyo(2026, 11, 29, 4, 59), True),
        (tokyo(2026, 11, 29, 5, 0), False),
        (tokyo(2026, 11, 29, 21, 0), False),
        (datetime(2026, 11, 28, 11, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 28, 19, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 28, 20, 0, tzinfo=UTC), False),
    ],
)
def test_a_window_over_midnight(now: datetime, is_open: bool) -> None:
    expected = (tokyo(2026, 11, 28, 21), tokyo(2026, 11, 29, 5)) if is_open else None
    assert window_at(SATURDAY_NIGHT, now, TOKYO) == expected


def test_the_day_of_the_window_is_that_of_the_data_centre_not_of_utc() -> None:
    # Monday 02:00 in Tokyo is still Sunday in UTC.
    window = make_window(id="w", recurrence="FREQ=WEEKLY;BYDAY=MO", start="02:00", hours=1)
    assert window_at(window, datetime(2026, 11, 22, 17, 30, tzinfo=UTC), TOKYO) is not None
    assert window_at(window, datetime(2026, 11, 23, 17, 30, tzinfo=UTC), TOKYO) is None


def test_a_window_over_the_turn_of_the_month_and_year() -> None:
    window = make_window(id="w", recurrence="FREQ=MONTHLY;BYMONTHDAY=-1", start="22:00", hours=6)
    for last, first in (((2026, 11, 30), (2026, 12, 1)), ((2026, 12, 31), (2027, 1, 1)), ((2028, 2, 29), (2028, 3, 1))):
        assert window_at(window, tokyo(*first, 3, 59), TOKYO) == (tokyo(*last, 22), tokyo(*first, 4))
        assert window_at(window, tokyo(*first, 22, 30), TOKYO) is None


def test_a_window_of_more_than_a_day() -> None:
    window = make_window(id="w", recurrence="FREQ=WEEKLY;BYDAY=FR", start="21:00", hours=36)
    assert window_at(window, tokyo(2026, 11, 29, 8, 59), TOKYO) is not None
    assert window_at(window, tokyo(2026, 11, 29, 9, 0), TOKYO) is None


def test_the_third_saturday() -> None:
    window = make_window(id="w", recurrence="FREQ=MONTHLY;BYDAY=3SA", start="18:00", hours=12)
    assert next_window(window, tokyo(2026, 11, 24), TOKYO) == tokyo(2026, 12, 19, 18)


@pytest.mark.parametrize(
    "recurrence",
    [
        "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;BYMONTH=2,3", "FREQ=DAILY;INTERVAL=999",
        "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=SA", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU",
        "FREQ=WEEKLY;INTERVAL=3;WKST=SU;BYDAY=MO,SU", "FREQ=WEEKLY;INTERVAL=2;WKST=WE;BYDAY=TU,WE",
        "FREQ=WEEKLY;INTERVAL=99;BYDAY=FR", "FREQ=WEEKLY;INTERVAL=2;BYMONTH=1", "FREQ=WEEKLY;COUNT=450",
        "FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=3SA", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;INTERVAL=7",
        "FREQ=MONTHLY;INTERVAL=5;BYDAY=1MO", "FREQ=MONTHLY;INTERVAL=99;BYMONTHDAY=31", "FREQ=YEARLY;INTERVAL=3",
    ],
)  # fmt: skip
def test_a_year_far_ahead_has_the_days_that_counting_from_the_beginning_gives(recurrence: str) -> None:
    window = make_window(id="w", recurrence=recurrence, start="21:00", hours=1)
    counted = rrulestr(recurrence, dtstart=datetime(2018, 1, 1)).between(datetime(2017, 1, 1), datetime(2043, 12, 31))
    # Across the beginning, one day, and across leap days.
    for begin, end in ((2017, 2019), (2026, 2026), (2024, 2028), (2040, 2043)):
        first, last = tokyo(begin, 2, 28, 12), tokyo(end, 2, 28, 12) + timedelta(days=1)
        expected = [day.date() for day in counted if first.date() <= day.date() < last.date()]
        found = occurrences(window, first, last - timedelta(hours=15), TOKYO)
        assert [start.date() for start, _ in found] == expected


def test_every_second_week_does_not_depend_on_when_it_is_asked() -> None:
    window = make_window(id="w", recurrence="FREQ=WEEKLY;INTERVAL=2;BYDAY=SA", start="21:00", hours=8)
    asked = [tokyo(2026, 11, 1) + timedelta(days=day) for day in range(60)]
    found = {next_window(window, now, TOKYO) for now in asked}
    starts = sorted(start for start in found if start is not None)
    gaps = {later - earlier for earlier, later in itertools.pairwise(starts)}
    assert gaps == {timedelta(days=14)}


def test_the_next_window_is_never_the_one_that_is_open() -> None:
    assert next_window(SATURDAY_NIGHT, tokyo(2026, 11, 28, 21), TOKYO) == tokyo(2026, 12, 5, 21)
    assert next_window(SATURDAY_NIGHT, tokyo(2026, 11, 28, 20, 59), TOKYO) == tokyo(2026, 11, 28, 21)


def test_the_next_window_leaps_over_freezes() -> None:
    freeze = make_freeze(id="f", start="11-28", end="12-12")
    assert next_window(SATURDAY_NIGHT, tokyo(2026, 11, 24), TOKYO, [freeze]) == tokyo(2026, 12, 19, 21)


def test_a_window_that_never_comes_again_has_no_next_start() -> None:
    window = make_window(id="w", recurrence="FREQ=WEEKLY;BYDAY=SA;UNTIL=20261114T000000", start="21:00", hours=8)
    assert next_window(window, tokyo(2026, 11, 24), TOKYO) is None


@pytest.mark.parametrize(
    ("start", "end", "day", "frozen"),
    [
        ("03-25", "04-05", (2026, 3, 24), False),
        ("03-25", "04-05", (2026, 3, 25), True),
        ("03-25", "04-05", (2027, 4, 5), True),
        ("03-25", "04-05", (2027, 4, 6), False),
        ("12-28", "01-04", (2026, 12, 27), False),
        ("12-28", "01-04", (2026, 12, 28), True),
        ("12-28", "01-04", (2026, 12, 31), True),
        ("12-28", "01-04", (2027, 1, 1), True),
        ("12-28", "01-04", (2027, 1, 4), True),
        ("12-28", "01-04", (2027, 1, 5), False),
        ("02-01", "03-01", (2028, 2, 29), True),
        ("11-24", "11-24", (2026, 11, 24), True),
        ("2026-12-28", "2027-01-04", (2026, 12, 31), True),
        ("2026-12-28", "2027-01-04", (2027, 1, 4), True),
        ("2026-12-28", "2027-01-04", (2027, 1, 5), False),
        ("2026-12-28", "2027-01-04", (2027, 12, 31), False),
        ("2026-12-28", "2027-01-04", (2025, 12, 31), False),
    ],
)
def test_days_of_a_freeze(start: str, end: str, day: tuple[int, int, int], frozen: bool) -> None:
    assert freeze_covers(make_freeze(id="f", start=start, end=end), date(*day)) is frozen


def test_the_first_freeze_that_holds_is_named() -> None:
    past, present, also = (
        make_freeze(id=each, start=start, end="11-30")
        for each, start in (("past", "11-29"), ("present", "11-01"), ("also", "11-01"))
    )
    assert freeze_at([past, present, also], date(2026, 11, 24)) is present
    assert freeze_at([], date(2026, 11, 24)) is None
