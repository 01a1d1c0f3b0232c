from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.trend import theil_sen, weekly_medians

LAST = date(2026, 11, 24)


def test_counted_by_hand() -> None:
    """(0,1) (1,3) (2,2) (3,5) (4,4): slopes 2 1/2 4/3 3/4, -1 1 1/3, 3 1, -1; median of the ten (3/4 + 1)/2 = 0.875.

    var(S) = 5 x 4 x 15 / 18 = 16.67, z = 1.645, C = 6.72: ranks (10 - 6.72)/2 = 1.64 and (10 + 6.72)/2 + 1 = 9.36,
    outwards the first and the tenth: -1 and 3.
    """
    slope = theil_sen(list(enumerate([1.0, 3.0, 2.0, 5.0, 4.0])), 90)
    assert (slope.low, slope.middle, slope.high) == (-1.0, 0.875, 3.0)


def test_equal_values_narrow_the_band() -> None:
    """0 0 0 0 1 1 1 1: 28 slopes, of which 12 are 0, then 1/7, 1/6 twice, 1/5 three times, 1/4 four times, 1/3 ...

    var(S) = (8 x 7 x 21 - 2 x 4 x 3 x 13) / 18 = 48, z = 1.96, C = 13.58: the upper rank (28 + 13.58)/2 + 1 = 21.79,
    outwards the 22nd: 1/4. Without the correction it would be the 23rd, 1/3.
    """
    slope = theil_sen(list(enumerate([0.0] * 4 + [1.0] * 4)), 95)
    assert (slope.low, slope.high) == (0.0, 0.25)


def test_a_wider_confidence_gives_a_wider_band() -> None:
    points = [(float(x), x + 3 * math.sin(x)) for x in range(30)]
    narrow, wide = theil_sen(points, 50), theil_sen(points, 99)
    assert wide.low < narrow.low < narrow.middle == wide.middle < narrow.high < wide.high


def test_a_clean_up_does_not_turn_growth_into_shrinking() -> None:
    """Forty weeks of +1 with a step down of 30 at week 35: least squares would halve the slope."""
    points = [(float(week), float(week - (30 if week >= 35 else 0))) for week in range(40)]
    assert theil_sen(points, 90).middle == 1.0


def test_too_few_points_say_nothing() -> None:
    with pytest.raises(ValueError, match="2 points"):
        theil_sen([(0.0, 1.0), (1.0, 2.0)], 90)


@given(
    slope=st.integers(-50, 50),
    start=st.integers(-1000, 1000),
    days=st.sets(st.integers(0, 300), min_size=3, max_size=60),
)
def test_a_straight_line_is_found_whatever_days_are_missing(slope: int, start: int, days: set[int]) -> None:
    weeks = weekly_medians(
        [(LAST - timedelta(days=day), float(start - slope * day)) for day in sorted(days, reverse=True)], LAST, 365
    )
    if len(weeks) >= 3:
        found = theil_sen([(week.ordinal, week.value) for week in weeks], 90)
        assert (found.low, found.middle, found.high) == pytest.approx((slope, slope, slope))


@given(values=st.lists(st.integers(0, 20), min_size=3, max_size=25))
def test_the_middle_is_the_median_of_all_slopes_and_lies_in_the_band(values: list[int]) -> None:
    found = theil_sen([(float(x), float(y)) for x, y in enumerate(values)], 90)
    slopes = [(values[j] - values[i]) / (j - i) for i in range(len(values)) for j in range(i + 1, len(values))]
    assert found.middle == median(slopes)
    assert min(slopes) <= found.low <= found.middle <= found.high <= max(slopes)


def test_weeks_count_back_from_the_last_day_and_gaps_are_gaps() -> None:
    def ago(days: int) -> date:
        return LAST - timedelta(days=days)

    points = [(ago(20), 5.0), (ago(15), 7.0), (ago(14), 9.0), (ago(6), 1.0), (ago(2), 100.0), (ago(0), 2.0)]
    weeks = weekly_medians(points, LAST, 365)
    # 14 to 20 days ago; nothing 7 to 13 days ago; 0 to 6 days ago
    assert [(week.value, week.days, week.day) for week in weeks] == [(7.0, 3, ago(15)), (2.0, 3, ago(2))]


def test_days_outside_the_window_are_not_looked_at() -> None:
    points = [(LAST - timedelta(days=14), 1.0), (LAST - timedelta(days=13), 2.0), (LAST + timedelta(days=1), 3.0)]
    assert [week.value for week in weekly_medians(points, LAST, 14)] == [2.0]
