"""Until when the last copy of a deleted machine is kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import LEAVING, Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case


def kept_until(estate: Estate, cases: Mapping[str, Case]) -> dict[str, date]:
    """Last day of the last copy by machine key, of every machine that is deleted and described as leaving.

    One that is in service again was restored after its deletion: its copies are kept like those of any other.
    Where nobody says how many years, the copy is kept for ever: the day is `date.max`.
    """
    found: dict[str, date] = {}
    for system, machine in estate.machines():
        deleted = cases.get(machine.key, Case(machine=machine.key)).at("delete")
        if deleted is None or status_of(system, machine) not in LEAVING:
            continue
        retirement = machine.retirement if machine.retirement is not None else system.retirement
        years = retirement.last_copy_years if retirement else None
        found[machine.key] = date.max if years is None else years_later(deleted.date(), years)
    return found


def years_later(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
