"""Values as people read them: digits in groups, units, eras. Rounding happens here and nowhere before."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.eras import era_year
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.plan_text import printable
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Column, Value

NOT_COLLECTED: dict[Language, str] = {"ja": "未収集", "en": "not collected"}
_DIGITS: dict[str, int] = {"count": 0, "decimal": 1, "gib": 1, "mhz": 0, "percent": 1, "yen": 0}
TIB_GB = 1024
_FIRST_DAY = date(1989, 1, 8)  # of the eras that are known


def shown(value: Value, column: Column, language: Language, zone: ZoneInfo) -> str:
    """A value in a table, without its unit, which the heading has."""
    if value is None:
        return "" if column.blank else NOT_COLLECTED[language]
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return f"{day_text(local.date(), language)} {local:%H:%M}"
    if isinstance(value, date):
        return month_text(value, language) if column.kind == "month" else day_text(value, language)
    if isinstance(value, str):
        return printable(value)
    return f"{number(value, _DIGITS.get(column.kind, 1))}{'%' if column.kind == 'percent' else ''}"


def number(value: float, digits: int) -> str:
    """Digits in groups of three, at most so many decimals, none that are 0: "1,234.5", "12"."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    # A half is rounded up, as Excel and people do it; binary formatting would take the even neighbour.
    exact = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{exact:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def storage(value_gb: float) -> str:
    """A size with its unit: GiB below one TiB, TiB from there on."""
    return f"{number(value_gb / TIB_GB, 1)} TiB" if abs(value_gb) >= TIB_GB else f"{number(value_gb, 1)} GiB"


def day_text(day: date, language: Language) -> str:
    """令和8年11月24日, 2026-11-24; a day before the eras (a clock that was never set) as the calendar has it."""
    if language == "en" or day < _FIRST_DAY:
        return day.isoformat()
    return f"{era_year(day)}{day.month}月{day.day}日"


def month_text(day: date, language: Language) -> str:
    """令和8年11月, 2026-11."""
    if language == "en" or day < _FIRST_DAY:
        return f"{day:%Y-%m}"
    return f"{era_year(day)}{day.month}月"
