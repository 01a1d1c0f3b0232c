"""When the courier comes: the days of the agreement, moved past days on which the offices are closed. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from dateutil.rrule import rrulestr

from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.working_days import add_working_days, is_working_day

_SEARCH = timedelta(days=400)
# Longer than the longest row of closed days, so that a day that was moved over it is found.
_LOOK_BACK = timedelta(days=30)


class NoCourierDay(Exception):
    """The calendar of the courier has no day in the coming 400 days."""


def next_courier_day(vault: Vault, day: date) -> date:
    """The first day on or after `day` on which the courier comes; NoCourierDay if the calendar has none."""
    # A fixed beginning: an interval in the rule must not depend on when it is asked.
    rule = rrulestr(vault.recurrence, dtstart=datetime(2018, 1, 1))
    start = datetime.combine(day - _LOOK_BACK, time())
    for planned in rule.between(start, datetime.combine(day + _SEARCH, time()), inc=True):
        actual = _open_day(planned.date(), vault)
        if actual >= day:
            return actual
    raise NoCourierDay(f"the courier of {vault.site} has no day after {day}: correct recurrence in platform/backup.yml")


def arrival_of_recall(vault: Vault, ordered_on: date) -> date:
    """The day on which a tape that is asked back on `ordered_on` is at the data centre at the latest."""
    return add_working_days(ordered_on, vault.recall_working_days, vault.holidays)


def _open_day(day: date, vault: Vault) -> date:
    return day if is_working_day(day, vault.holidays) else add_working_days(day, 1, vault.holidays)
