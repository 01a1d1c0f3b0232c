"""Dates as officials write them, above all where eras change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.eras import (
    era_date,
    era_year,
    fiscal_year,
    fiscal_year_name,
    fiscal_year_start,
)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 11, 24), "令和8年11月24日（火）"),
        (date(2019, 5, 1), "令和元年5月1日（水）"),
        (date(2019, 4, 30), "平成31年4月30日（火）"),
        (date(1989, 1, 8), "平成元年1月8日（日）"),
    ],
)
def test_a_day_is_written_in_its_era(day: date, text: str) -> None:
    assert era_date(day) == text


def test_a_day_before_the_eras_known_here_is_refused() -> None:
    with pytest.raises(ValueError, match="1989-01-07"):
        era_year(date(1989, 1, 7))


@pytest.mark.parametrize(
    ("day", "year", "name"),
    [
        (date(2026, 3, 31), 2025, "令和7年度"),
        (date(2026, 4, 1), 2026, "令和8年度"),
        (date(2019, 4, 1), 2019, "令和元年度"),
        (date(2019, 3, 31), 2018, "平成30年度"),
    ],
)
def test_a_fiscal_year_begins_in_april_and_has_one_name(day: date, year: int, name: str) -> None:
    assert fiscal_year(day) == year
    assert fiscal_year_name(year) == name


def test_the_first_day_of_a_fiscal_year_is_the_first_that_counts_for_it() -> None:
    first = fiscal_year_start(2026)
    assert (fiscal_year(first), fiscal_year(first - timedelta(days=1))) == (2026, 2025)
