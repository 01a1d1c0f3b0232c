"""When a round of updates runs and which times each window offers in it. Pure; time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Freeze, PatchCycle, Window
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import freeze_at, occurrences

# Rounds are counted from a fixed day, so that "every second month" does not depend on when it is asked.
_FIRST = datetime(2018, 1, 1)
_SEARCH_DAYS = 400


@dataclass(frozen=True, slots=True)
class Turn:
    """One place in time that a machine can take: [start, end) inside the window that is open from opens to closes."""

    start: datetime
    end: datetime
    opens: datetime
    closes: datetime


def round_of(cycle: PatchCycle, as_of: date, timezone: str) -> tuple[datetime, datetime]:
    """(start, end) of the round that is running on a day: from the last update day on, for the horizon's days.

    Raises ValueError if no update day lies in the 400 days before.
    """
    rule = rrulestr(cycle.update_day, dtstart=_FIRST)
    last = rule.before(datetime.combine(as_of, time()), inc=True)
    if last is None or (as_of - last.date()).days > _SEARCH_DAYS:
        raise ValueError(f"update_day {cycle.update_day!r} has no day in the {_SEARCH_DAYS} days before {as_of}")
    start = datetime.combine(last.date(), time(), tzinfo=ZoneInfo(timezone))
    return start, datetime.combine(last.date() + timedelta(days=cycle.horizon_days), time(), tzinfo=start.tzinfo)


@lru_cache(maxsize=4096)
def turns(window: Window, minutes: int, earliest: datetime, latest: datetime, timezone: str) -> tuple[Turn, ...]:
    """Every place of `minutes` in a window between two aware moments, in order; none is longer than its window."""
    length = timedelta(minutes=minutes)
    found = []
    for opens, closes in occurrences(window, earliest, latest, timezone):
        start = opens
        while start + length <= closes:
            if start >= earliest and start + length <= latest:
                found.append(Turn(start, start + length, opens, closes))
            start += length
    return tuple(found)


def frozen(freezes: Sequence[Freeze], turn: Turn, timezone: str) -> Freeze | None:
    """The freeze that holds on a day of the turn, or None. A turn that ends at midnight does not touch the next day."""
    zone = ZoneInfo(timezone)
    first = turn.start.astimezone(zone).date()
    last = (turn.end - timedelta(microseconds=1)).astimezone(zone).date()
    return freeze_at(freezes, first) or freeze_at(freezes, last)


def last_day(freeze: Freeze, day: date) -> date:
    """The last day of a freeze that holds on `day`."""
    if len(freeze.end) > len("MM-DD"):
        return date.fromisoformat(freeze.end)
    month, number = (int(part) for part in freeze.end.split("-"))
    end = _day(day.year, month, number)
    return end if end >= day else _day(day.year + 1, month, number)


def _day(year: int, month: int, number: int) -> date:
    """The day, and the last of February where the year has no 29th."""
    if (month, number) == (2, 29) and (year % 4 or (year % 100 == 0 and year % 400)):
        return date(year, 2, 28)
    return date(year, month, number)
