"""Dates as Japanese officials write them: eras (令和), weekdays and fiscal years (April to March). Pure."""

from __future__ import annotations

from datetime import date

# First days (昭和64年政令第1号, 平成31年政令第143号). Earlier eras do not occur in this platform's life.
_ERAS = ((date(2019, 5, 1), "令和"), (date(1989, 1, 8), "平成"))
_WEEKDAYS = "月火水木金土日"


def era_year(day: date) -> str:
    """The year of a day in its era: "令和8年", "令和元年".

    Raises ValueError before 1989-01-08.
    """
    for first, name in _ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}年"
    raise ValueError(f"{day} is before the eras that are known here (from 1989-01-08)")


def era_date(day: date) -> str:
    """A whole date: 令和8年11月24日（火）."""
    return f"{era_year(day)}{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def fiscal_year(day: date) -> int:
    """The year in which the fiscal year of a day began: 2025 for 2026-03-31."""
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_start(year: int) -> date:
    """The first day of the fiscal year that begins in `year`: 1 April (地方自治法第208条)."""
    return date(year, 4, 1)


def fiscal_year_name(year: int) -> str:
    """Name of the fiscal year that begins in April of `year`: "令和7年度" for 2025.

    That of 2019 began in 平成31年 and is called 令和元年度 as a whole (関係省庁申合せ「改元に伴う元号による年表示の
    取扱い」, 2019-04-01).
    """
    return f"{era_year(date(year, 5, 1))}度"
