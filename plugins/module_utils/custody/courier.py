"""When the courier comes: the days of the agreement, moved past days on which the offices are closed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
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
    for actual in _days(vault, day - _LOOK_BACK, day + _SEARCH):
        if actual >= day:
            return actual
    raise NoCourierDay(f"the courier of {vault.site} has no day after {day}: correct recurrence in platform/backup.yml")


def courier_interval(vault: Vault, day: date) -> timedelta:
    """From the last day before `day` on which the courier came to the first on or after it; NoCourierDay without."""
    return next_courier_day(vault, day) - last_courier_day(vault, day)


def last_courier_day(vault: Vault, day: date) -> date:
    """The last day before `day` on which the courier came; NoCourierDay if there was none in 400 days."""
    before = max((each for each in _days(vault, day - _SEARCH, day) if each < day), default=None)
    if before is None:
        raise NoCourierDay(
            f"the courier of {vault.site} has no day before {day}: correct recurrence in platform/backup.yml"
        )
    return before


def arrival_of_recall(vault: Vault, ordered_on: date) -> date:
    """The day on which a tape that is asked back on `ordered_on` is at the data centre at the latest."""
    return add_working_days(ordered_on, vault.recall_working_days, vault.holidays)


def _days(vault: Vault, first: date, last: date) -> Iterator[date]:
    """The days planned from `first` to `last`, each moved to the next day on which the offices are open."""
    # A fixed beginning: an interval in the rule must not depend on when it is asked.
    rule = rrulestr(vault.recurrence, dtstart=datetime(2018, 1, 1))
    for planned in rule.between(datetime.combine(first, time()), datetime.combine(last, time()), inc=True):
        yield _open_day(planned.date(), vault)


def _open_day(day: date, vault: Vault) -> date:
    return day if is_working_day(day, vault.holidays) else add_working_days(day, 1, vault.holidays)
