"""When a machine may be interrupted: windows (作業時間帯) and freezes (作業禁止期間) at a given moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Freeze, Window

# Long enough for a window that comes once a year.
_SEARCH = timedelta(days=400)


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
    # A fixed beginning: an interval in the rule ("every second week") must not depend on when it is asked.
    rule = rrulestr(window.recurrence, dtstart=datetime(2018, 1, 1))
    for day in rule.between(_midnight(first_day), _midnight(last_day), inc=True):
        start = datetime.combine(day.date(), time(hour, minute), tzinfo=zone)
        if earliest <= start <= latest:
            yield start


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


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
