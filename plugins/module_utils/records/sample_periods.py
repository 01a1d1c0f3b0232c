"""Single machines over a period: what they had at its end, and what they used over all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables as t
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_days import (
    MACHINE_MEASURES,
    day_number,
    day_of,
    machine_day_rows,
    unreduced_days,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_series import limits, measured_of
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_values import Filters, MachinePeriod

# Of the last day; everything else is of all days.
_LAST = ("place_id", "cpu_count", "memory_gb", "storage_allocated_gb", "storage_used_gb")
_PLACE = ("vcenter", "system", "owner", "segment", "cluster", "equipment")


def machine_periods(connection: sa.Connection, period: tuple[date, date], filters: Filters) -> list[MachinePeriod]:
    """See SampleStore.machine_periods."""
    first, last = (day_number(day) for day in period)
    merged: dict[int, dict[str, Any]] = {row["machine_id"]: dict(row) for row in _reduced(connection, first, last)}
    # Days that are not reduced yet, today above all, still consist of single samples. They are the latest ones.
    for day in unreduced_days(connection):
        if first <= day <= last:
            for row in connection.execute(machine_day_rows(day)).mappings():
                _merge(merged, row)
    subjects, places = t.sample_subjects, t.sample_places
    wanted = sa.select(places.c.id, *(places.c[name] for name in _PLACE)).where(*limits(places, filters))
    place_of = {row["id"]: row for row in connection.execute(wanted).mappings()}
    known = sa.select(subjects.c.id, subjects.c.identity, subjects.c.key, subjects.c.name)
    machine_of = {row["id"]: row for row in connection.execute(known.where(subjects.c.kind == "machine")).mappings()}
    found = [
        _period(row, machine_of[machine], place_of[row["place_id"]])
        for machine, row in merged.items()
        if row["place_id"] in place_of
    ]
    return sorted(found, key=lambda each: (each.vcenter, each.name, each.identity))


def _reduced(connection: sa.Connection, first: int, last: int) -> Iterator[sa.RowMapping]:
    """One row per machine over the days that are reduced."""
    days = t.machine_days
    columns: list[sa.ColumnElement[Any]] = [
        days.c.machine_id,
        sa.func.min(days.c.day).label("first_day"),
        sa.func.max(days.c.day).label("last_day"),
        sa.func.count().label("days"),
        sa.func.sum(sa.case((days.c.samples_on > 0, 1), else_=0)).label("days_on"),
    ]
    for name in MACHINE_MEASURES:
        columns += [sa.func.sum(days.c[f"{name}_{part}"]).label(f"{name}_{part}") for part in ("count", "sum")]
        columns += [sa.func.max(days.c[f"{name}_{part}"]).label(f"{name}_{part}") for part in ("highest", "p95")]
    whole = sa.select(*columns).where(days.c.day.between(first, last)).group_by(days.c.machine_id).subquery("whole")
    own = sa.and_(days.c.day == whole.c.last_day, days.c.machine_id == whole.c.machine_id)
    query = sa.select(whole, *(days.c[name] for name in _LAST)).select_from(whole.join(days, own))
    yield from connection.execute(query).mappings()


def _merge(merged: dict[int, dict[str, Any]], row: Mapping[Any, Any]) -> None:
    """Add the later day `row` of a machine to what its earlier days come to."""
    one: dict[str, Any] = {name: row[name] for name in _LAST}
    one |= {"first_day": row["day"], "last_day": row["day"], "days": 1, "days_on": int(row["samples_on"] > 0)}
    for name in MACHINE_MEASURES:
        one |= {f"{name}_{part}": row[f"{name}_{part}"] for part in ("count", "sum", "highest", "p95")}
    before = merged.get(row["machine_id"])
    if before is not None:
        one["first_day"] = before["first_day"]
        one["days"] += before["days"]
        one["days_on"] += before["days_on"]
        for name in MACHINE_MEASURES:
            one[f"{name}_count"] += before[f"{name}_count"]
            for part, combine in (("sum", sum), ("highest", max), ("p95", max)):
                both = [each for each in (one[f"{name}_{part}"], before[f"{name}_{part}"]) if each is not None]
                one[f"{name}_{part}"] = combine(both) if both else None
    merged[row["machine_id"]] = one


def _period(row: Mapping[str, Any], machine: Mapping[Any, Any], place: Mapping[Any, Any]) -> MachinePeriod:
    values: dict[str, Any] = {name: place[name] for name in _PLACE}
    values |= {name: machine[name] for name in ("identity", "key", "name")}
    values |= {name: row[name] for name in _LAST if name != "place_id"}
    values |= {name: measured_of(row, name) for name in MACHINE_MEASURES}
    return MachinePeriod(
        first_day=day_of(row["first_day"]),
        last_day=day_of(row["last_day"]),
        days=int(row["days"]),
        days_on=int(row["days_on"]),
        **values,
    )
