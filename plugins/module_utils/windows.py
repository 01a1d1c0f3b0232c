"""When a machine may be interrupted: windows (作業時間帯) and freezes (作業禁止期間) at a given moment. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Freeze, Window

# Long enough for a window that comes once a year.
_SEARCH = timedelta(days=400)
# A fixed beginning, a Monday: an interval in the rule ("every second week") must not depend on when it is asked.
_BEGINNING = date(2018, 1, 1)


def window_at(window: Window, now: datetime, timezone: str) -> tuple[datetime, datetime] | None:
    """(start, end) of the window that is open at `now` (aware), or None."""
    duration = timedelta(minutes=window.duration_minutes)
    for start in _starts(window, now - duration, now, timezone):
        if start <= now < start + duration:
            return start, start + duration
    return None


def next_window(window: Window, now: datetime, timezone: str, freezes: Sequence[Freeze] = ()) -> datetime | None:
    """Start of the first window after `now` (aware) on a day without a freeze; None if there is none in 400 days."""
    starts = _starts(window, now, now + _SEARCH, timezone)
    return next((start for start in starts if start > now and freeze_at(freezes, start.date()) is None), None)


def occurrences(window: Window, earliest: datetime, latest: datetime, timezone: str) -> list[tuple[datetime, datetime]]:
    """(start, end) of every time that the window is open between two aware moments, in order."""
    duration = timedelta(minutes=window.duration_minutes)
    return [(start, start + duration) for start in _starts(window, earliest - duration, latest, timezone)]


def _starts(window: Window, earliest: datetime, latest: datetime, timezone: str) -> Iterable[datetime]:
    """Starts between the two moments. The recurrence counts local days, so that a start never shifts with an offset."""
    zone = ZoneInfo(timezone)
    hour, minute = (int(part) for part in window.start.split(":"))
    first_day = earliest.astimezone(zone).date() - timedelta(days=1)
    last_day = latest.astimezone(zone).date() + timedelta(days=1)
    for year in range(first_day.year, last_day.year + 1):
        for day in _days(window.recurrence, year):
            if first_day <= day <= last_day:
                start = datetime.combine(day, time(hour, minute), tzinfo=zone)
                if earliest <= start <= latest:
                    yield start


@lru_cache(maxsize=1024)
def _days(recurrence: str, year: int) -> tuple[date, ...]:
    """The days of a recurrence in a year: the machines of a round ask for the same few again and again."""
    begin = datetime.combine(_same_turn(recurrence, date(year, 1, 1)), time())
    days = rrulestr(recurrence, dtstart=begin).between(datetime(year, 1, 1), datetime(year, 12, 31), inc=True)
    return tuple(day.date() for day in days)


def _same_turn(recurrence: str, day: date) -> date:
    """The last day until `day` from which the recurrence gives the same days as from its fixed beginning.

    Else every question would count through all the years since then.
    """
    parts = dict(re.findall(r"([A-Z]+)=([A-Z0-9]+)", recurrence))
    interval = int(parts.get("INTERVAL", "1"))
    if day < _BEGINNING or "COUNT" in parts or interval < 1:
        return _BEGINNING
    if parts.get("FREQ") == "MONTHLY":
        months = (day.year - _BEGINNING.year) * 12 + day.month - _BEGINNING.month
        years, month = divmod(months - months % interval, 12)
        return date(_BEGINNING.year + years, 1 + month, 1)
    days = {"DAILY": 1, "WEEKLY": 7}.get(parts.get("FREQ", ""))
    return day - (day - _BEGINNING) % timedelta(days=days * interval) if days else _BEGINNING


def freeze_at(freezes: Iterable[Freeze], today: date) -> Freeze | None:
    """The first of these freezes that holds on this day, or None."""
    return next((freeze for freeze in freezes if freeze_covers(freeze, today)), None)


def freeze_covers(freeze: Freeze, today: date) -> bool:
    """Whether a freeze holds on a day; "MM-DD" comes back each year and may pass the turn of the year."""
    if len(freeze.start) == len("MM-DD"):
        day = today.strftime("%m-%d")
        if freeze.start <= freeze.end:
            return freeze.start <= day <= freeze.end
        return day >= freeze.start or day <= freeze.end
    return freeze.start <= today.isoformat() <= freeze.end
