"""E-12: windows can be read: what is wrong here would stop a verb at night."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Window
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import occurrences

_SEARCH = timedelta(days=400)
# The part of RFC 5545 that windows need. What is left out ends a window one day (COUNT, UNTIL), contradicts `start`
# (BYHOUR), or can be written so that no day ever comes, which is looked for until the year 9999: BYSETPOS, days that
# not every month has, BYDAY together with BYMONTHDAY, and an INTERVAL of days.
_DAY = "(MO|TU|WE|TH|FR|SA|SU)"
_MONTH = "(1[0-2]|[1-9])"
_MONTH_DAY = "-?(1[0-9]|2[0-8]|[1-9])"
_PARTS = {
    "FREQ": re.compile("DAILY|WEEKLY|MONTHLY"),
    "INTERVAL": re.compile("[1-9][0-9]?"),
    "BYDAY": re.compile(f"([+-]?[1-5])?{_DAY}(,([+-]?[1-5])?{_DAY})*"),
    "BYMONTH": re.compile(f"{_MONTH}(,{_MONTH})*"),
    "BYMONTHDAY": re.compile(f"{_MONTH_DAY}(,{_MONTH_DAY})*"),
    "WKST": re.compile(_DAY),
}


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
                    en="write FREQ=DAILY, FREQ=WEEKLY;BYDAY=TU,WE or FREQ=MONTHLY;BYDAY=3SA (RFC 5545; last day: "
                    "BYMONTHDAY=-1)",
                    ja="FREQ=DAILY、FREQ=WEEKLY;BYDAY=TU,WE、FREQ=MONTHLY;BYDAY=3SA の形で書いてください"
                    "（RFC 5545。月末は BYMONTHDAY=-1）",
                ),
            )


def _is_readable(recurrence: str) -> bool:
    """Whether it is of the known parts, each once, with a value that fits, in a combination that comes."""
    parts = [tuple(part.split("=", maxsplit=1)) for part in recurrence.split(";")]
    values = {part[0]: part[1] for part in parts if len(part) == 2}
    return (
        len(values) == len(parts)
        and "FREQ" in values
        and all(name in _PARTS and _PARTS[name].fullmatch(value) for name, value in values.items())
        and not {"BYDAY", "BYMONTHDAY"} <= values.keys()
        and not (values["FREQ"] == "DAILY" and "INTERVAL" in values)
    )


def zone_of(estate: Estate) -> ZoneInfo | None:
    """The estate's time zone, or None where there is none of that name."""
    try:
        return ZoneInfo(estate.platform.estate.timezone)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the database
        return None


def openings(window: Window, estate: Estate, context: Context, ahead: timedelta) -> list[tuple[datetime, datetime]]:
    """(start, end) of the window's times from the day on; empty where the recurrence cannot be read."""
    if not _is_readable(window.recurrence):
        return []
    zone = zone_of(estate)
    start = datetime.combine(context.as_of, time(), tzinfo=zone or UTC)
    try:
        return occurrences(window, start, start + ahead, estate.platform.estate.timezone)
    except (KeyError, ValueError, OverflowError, TypeError):  # what dateutil says of what it cannot read
        return []
