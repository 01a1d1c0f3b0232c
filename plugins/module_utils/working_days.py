"""Working days of the prefecture: not Saturday, Sunday or a listed holiday. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta


def add_working_days(day: date, number: int, holidays: Collection[str]) -> date:
    """The day that is `number` working days after `day`, which itself does not count."""
    current = day
    while number > 0:
        current += timedelta(days=1)
        if is_working_day(current, holidays):
            number -= 1
    return current


def is_working_day(day: date, holidays: Collection[str]) -> bool:
    """Whether the offices are open. `holidays` are ISO days, or MM-DD for one of each year."""
    saturday = 5
    return day.weekday() < saturday and day.isoformat() not in holidays and day.strftime("%m-%d") not in holidays
