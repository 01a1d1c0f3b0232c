"""Fiscal years of Japanese local government: 1 April to 31 March, named by the era of the Gregorian year they begin in.

Local Autonomy Act (地方自治法) article 208. 令和6年度 (R6) is 2024-04-01 to 2025-03-31. The year that began on
2019-04-01 has two names, 平成31年度 and 令和元年度 (the era changed on 2019-05-01): both are read, R1 is written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.eras import (
    fiscal_year,
    fiscal_year_name,
    fiscal_year_start,
)

_FIRST_YEAR = {"H": 1989, "R": 2019}  # the Gregorian year of year 1 of each era
_LAST_YEAR = {"H": 2019}
# Days that have a fiscal year with a name and whole neighbours: from 平成元年度 on, to the last one the calendar holds.
_FIRST_DAY, _LAST_DAY = date(1989, 4, 1), date(9998, 3, 31)
_LETTER = {"平成": "H", "令和": "R", "h": "H", "r": "R", "H": "H", "R": "R"}
_TEXT = re.compile(r"(?P<era>平成|令和|[HRhr])?(?P<year>元|[0-9]{1,4})(?:年度?)?\Z")


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """One fiscal year, by the Gregorian year in which it begins."""

    year: int

    @property
    def first_day(self) -> date:
        """1 April."""
        return fiscal_year_start(self.year)

    @property
    def last_day(self) -> date:
        """31 March of the next year."""
        return date(self.year + 1, 3, 31)

    @property
    def label(self) -> str:
        """R6, H30."""
        letter = "R" if self.year >= _FIRST_YEAR["R"] else "H"
        return f"{letter}{self.year - _FIRST_YEAR[letter] + 1}"

    @property
    def label_ja(self) -> str:
        """令和6年度, 令和元年度, 平成30年度."""
        return fiscal_year_name(self.year)

    def months(self) -> tuple[date, ...]:
        """The first days of its twelve months."""
        return tuple(date(self.year + (month < 4), month, 1) for month in (*range(4, 13), 1, 2, 3))


def parse_fiscal_year(text: str) -> FiscalYear:
    """R6, 令和6, 令和6年度, 令和元年度, H30, 平成30年度 or the Gregorian 2024. ValueError says what is accepted."""
    match = _TEXT.match(unicodedata.normalize("NFKC", text.strip()))
    if match:
        era, number = match.group("era"), match.group("year")
        if era is None and len(number) == 4 and _FIRST_YEAR["H"] <= int(number) < _LAST_DAY.year:
            return FiscalYear(int(number))
        if era is not None:
            letter = _LETTER[era]
            count = 1 if number == "元" else int(number)
            year = _FIRST_YEAR[letter] + count - 1
            if count >= 1 and year <= _LAST_YEAR.get(letter, _LAST_DAY.year - 1):
                return FiscalYear(year)
    raise ValueError(f"{text!r} is no fiscal year; write R6, 令和6年度, H30 or the year in which it begins, 2024")


def parse_day(text: str) -> date:
    """2026-11-24. ValueError says what is accepted: no day whose fiscal year has no name."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a day like 2026-11-24") from None
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise ValueError(f"{text} is in no fiscal year that is known here; give a day from {_FIRST_DAY} to {_LAST_DAY}")
    return day


def fiscal_year_of(day: date) -> FiscalYear:
    """The fiscal year that a day belongs to."""
    return FiscalYear(fiscal_year(day))
