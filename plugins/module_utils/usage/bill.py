"""What a tariff bills for some days: a part of a fiscal year costs its part, and parts add up to the year. Pure.

The bill of the days from the first of the year to a day is rounded once; the bill of any days is the difference of two
such sums. So months, halves or any other parts of a year always come to the bill of the year, to the yen.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Tariff
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.apportion import round_half_up
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import FiscalYear, fiscal_year_of

_DAY = timedelta(days=1)


def common_days(tariff: Tariff, first_day: date, last_day: date) -> tuple[date, date] | None:
    """(first, last) day of a period on which a tariff holds, or None."""
    first = max(first_day, date.fromisoformat(tariff.valid_from))
    last = min(last_day, date.fromisoformat(tariff.valid_to))
    return (first, last) if first <= last else None


def bill_yen(tariff: Tariff, first_day: date, last_day: date) -> int:
    """Yen for the days of a period on which the tariff holds."""
    days = common_days(tariff, first_day, last_day)
    if days is None:
        return 0
    first, last = days
    total = 0
    while first <= last:
        year = fiscal_year_of(first)
        end = min(last, year.last_day)
        total += _until(tariff, year, end) - _until(tariff, year, first - _DAY)
        first = end + _DAY
    return total


def bills_yen(tariffs: Iterable[Tariff], first_day: date, last_day: date) -> int:
    """Yen of all tariffs for a period."""
    return sum(bill_yen(tariff, first_day, last_day) for tariff in tariffs)


def _until(tariff: Tariff, year: FiscalYear, day: date) -> int:
    """Yen from 1 April to a day, included, as if the tariff held all the time."""
    days = (day - year.first_day).days + 1
    whole = (year.last_day - year.first_day).days + 1
    return round_half_up(Fraction(tariff.bill_yen_per_year * days, whole))
