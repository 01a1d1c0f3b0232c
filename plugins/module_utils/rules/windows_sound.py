"""E-12: windows can be read: what is wrong here would stop a verb at night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Window
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import occurrences

_SEARCH = timedelta(days=400)
# COUNT and UNTIL would end a window one day; BYHOUR and its like contradict `start`.
_PARTS = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "WKST"})


def check(estate: Estate, context: Context) -> Findings:
    """The time zone, then each window's recurrence."""
    zone = zone_of(estate)
    if zone is None:
        name = estate.platform.estate.timezone
        yield context.finding(
            "E-12",
            ("estate", "timezone"),
            "estate",
            Text(en=f'"{name}" is no time zone', ja=f"「{name}」というタイムゾーンはありません"),
            Text(en="write its IANA name, such as Asia/Tokyo", ja="IANA 名（Asia/Tokyo など）を書いてください"),
        )
        return
    for index, window in enumerate(estate.platform.windows):
        if openings(window, estate, context, _SEARCH) == []:
            yield context.finding(
                "E-12",
                ("windows", index, "recurrence"),
                window.id,
                Text(
                    en=f'{window.id}: "{window.recurrence}" gives no day within 400 days',
                    ja=f"{window.id}: 「{window.recurrence}」には400日以内に該当する日がありません",
                ),
                Text(
                    en=f"write an RRULE of RFC 5545 of the parts {', '.join(sorted(_PARTS))}",
                    ja=f"RFC 5545 の RRULE を {'、'.join(sorted(_PARTS))} で書いてください",
                ),
            )


def zone_of(estate: Estate) -> ZoneInfo | None:
    """The estate's time zone, or None where there is none of that name."""
    try:
        return ZoneInfo(estate.platform.estate.timezone)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the database
        return None


def openings(window: Window, estate: Estate, context: Context, ahead: timedelta) -> list[tuple[datetime, datetime]]:
    """(start, end) of the window's times from the day on; empty where the recurrence cannot be read."""
    parts = [part.partition("=") for part in window.recurrence.split(";")]
    names = [name for name, _, _ in parts]
    if len(set(names)) < len(names) or not set(names) <= _PARTS:
        return []
    # An interval of 0 never comes to an end.
    if any(name == "INTERVAL" and not value.strip("0+-") for name, _, value in parts):
        return []
    zone = zone_of(estate)
    start = datetime.combine(context.as_of, time(), tzinfo=zone or UTC)
    try:
        return occurrences(window, start, start + ahead, estate.platform.estate.timezone)
    except (KeyError, ValueError, OverflowError, TypeError):  # what dateutil says of what it cannot read
        return []
