from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import (
    FiscalYear,
    fiscal_year_of,
    parse_fiscal_year,
)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("R6", 2024),
        ("r6", 2024),
        ("令和6", 2024),
        ("令和6年度", 2024),
        ("令和６年度", 2024),
        ("Ｒ６", 2024),
        ("2024", 2024),
        ("2024年度", 2024),
        ("H30", 2018),
        ("平成30年度", 2018),
        # One year, two names: the era changed on 2019-05-01.
        ("H31", 2019),
        ("平成31年度", 2019),
        ("R1", 2019),
        ("令和元年度", 2019),
        ("令和元", 2019),
        ("H1", 1989),
        (" R8 ", 2026),
        ("R6年", 2024),
    ],
)
def test_names_of_a_fiscal_year(text: str, year: int) -> None:
    assert parse_fiscal_year(text) == FiscalYear(year)


@pytest.mark.parametrize("text", ["", "R0", "H0", "H32", "S63", "6", "R", "20240", "1988", "R-1", "令和", "R6.5"])
def test_what_is_no_fiscal_year(text: str) -> None:
    with pytest.raises(ValueError, match="write R6, 令和6年度, H30 or"):
        parse_fiscal_year(text)


def test_a_year_runs_from_april_to_march() -> None:
    year = FiscalYear(2024)
    assert (year.first_day, year.last_day) == (date(2024, 4, 1), date(2025, 3, 31))
    months = year.months()
    assert (months[0], months[8], months[9], months[11]) == (
        date(2024, 4, 1),
        date(2024, 12, 1),
        date(2025, 1, 1),
        date(2025, 3, 1),
    )


@pytest.mark.parametrize(
    ("day", "label", "label_ja"),
    [
        (date(2019, 3, 31), "H30", "平成30年度"),
        (date(2019, 4, 1), "R1", "令和元年度"),
        (date(2020, 3, 31), "R1", "令和元年度"),
        (date(2020, 4, 1), "R2", "令和2年度"),
        (date(2026, 11, 24), "R8", "令和8年度"),
    ],
)
def test_the_year_of_a_day_and_its_name(day: date, label: str, label_ja: str) -> None:
    year = fiscal_year_of(day)
    assert (year.label, year.label_ja) == (label, label_ja)
    assert parse_fiscal_year(label) == parse_fiscal_year(label_ja) == year
