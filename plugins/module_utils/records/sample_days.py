"""What the samples of a day come to: sums by place while the day runs, machines when it is over; then retention.

Nothing here adds to what is there: a day is made anew from its samples each time, so that doing it twice is doing it
once, and a run that was killed is simply repeated by the next.

A 95th percentile is the nearest rank: of n sorted values the one at position ceil(0.95 n) (NIST/SEMATECH e-Handbook of
Statistical Methods, 7.2.6.2, names it among the usual definitions; it is always a value that was measured).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.eras import fiscal_year, fiscal_year_start
from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables as t

MACHINE_MEASURES = ("cpu_used_mhz", "memory_used_gb", "network_used_kbps")
HOST_MEASURES = ("cpu_used_mhz", "memory_used_gb")
_SUBJECT_TABLES = (
    (t.host_samples, t.host_days, "host_id", HOST_MEASURES),
    (t.cluster_samples, t.cluster_days, "cluster_id", HOST_MEASURES),
    (t.datastore_samples, t.datastore_days, "datastore_id", ()),
)
_SAMPLES = (
    t.machine_storage_samples,
    t.machine_samples,
    t.host_samples,
    t.cluster_samples,
    t.datastore_samples,
    t.place_samples,
    t.sample_reads,
)
_DAYS = (t.machine_days, t.host_days, t.cluster_days, t.datastore_days, t.place_days, t.place_storage_days, t.day_reads)


def day_number(day: date) -> int:
    """A day as the tables keep it: 20261124."""
    return day.year * 10_000 + day.month * 100 + day.day


@lru_cache(maxsize=10_000)
def day_of(number: int) -> date:
    """The day of such a number."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def percentile_rank(count: int) -> int:
    """Position (from 1) of the 95th percentile among `count` sorted values."""
    return (95 * count + 99) // 100


def measured(name: str, values: Iterable[float | None]) -> dict[str, float | None]:
    """The four columns of one measured value; what was not collected does not count."""
    known = sorted(value for value in values if value is not None)
    return {
        f"{name}_count": len(known),
        f"{name}_sum": sum(known) if known else None,
        f"{name}_highest": known[-1] if known else None,
        f"{name}_p95": known[percentile_rank(len(known)) - 1] if known else None,
    }


def refresh_day(connection: sa.Connection, day: int) -> None:
    """Make everything that a day keeps, but for single machines, anew from its samples."""
    runs = connection.execute(
        sa.select(t.sample_runs.c.id, t.sample_runs.c.taken_at)
        .where(t.sample_runs.c.day == day)
        .order_by(t.sample_runs.c.taken_at)
    ).all()
    taken_at = {run.id: run.taken_at for run in runs}
    for table in (
        t.sample_days,
        t.day_reads,
        t.place_days,
        t.place_storage_days,
        *(each[1] for each in _SUBJECT_TABLES),
    ):
        connection.execute(sa.delete(table).where(table.c.day == day))
    connection.execute(
        sa.insert(t.sample_days),
        {"day": day, "samples": len(runs), "last_taken_at": runs[-1].taken_at, "reduced": False},
    )
    reached = _reads_of(connection, day, taken_at)
    for vcenter, run_ids in reached.items():
        _refresh_places(connection, day, vcenter, run_ids)
    for samples, days, key, measures in _SUBJECT_TABLES:
        _refresh_subjects(connection, day, list(taken_at), (samples, days, key, measures))


def _reads_of(connection: sa.Connection, day: int, taken_at: Mapping[int, str]) -> dict[str, list[int]]:
    """Write day_reads; the readings (in their order) that reached each vCenter."""
    reads = t.sample_reads.c
    reached: dict[str, list[int]] = {}
    for row in connection.execute(
        sa.select(reads.run_id, reads.vcenter, reads.failure).where(reads.run_id.in_(taken_at)).order_by(reads.run_id)
    ):
        reached.setdefault(row.vcenter, [])
        if row.failure is None:
            reached[row.vcenter].append(row.run_id)
    rows = [
        {
            "day": day,
            "vcenter": vcenter,
            "samples": len(run_ids),
            "last_run_id": run_ids[-1] if run_ids else None,
            "last_taken_at": taken_at[run_ids[-1]] if run_ids else None,
        }
        for vcenter, run_ids in sorted(reached.items())
    ]
    if rows:
        connection.execute(sa.insert(t.day_reads), rows)
    return {vcenter: run_ids for vcenter, run_ids in reached.items() if run_ids}


def _refresh_places(connection: sa.Connection, day: int, vcenter: str, run_ids: Sequence[int]) -> None:
    samples, places = t.place_samples, t.sample_places
    by_place: dict[int, dict[int, Any]] = {}
    query = (
        sa.select(samples)
        .join(places, places.c.id == samples.c.place_id)
        .where(samples.c.run_id.in_(run_ids), places.c.vcenter == vcenter)
    )
    for row in connection.execute(query).mappings():
        by_place.setdefault(row["place_id"], {})[row["run_id"]] = row
    rows = [_place_row(day, place_id, found, run_ids) for place_id, found in sorted(by_place.items())]
    if rows:
        connection.execute(sa.insert(t.place_days), rows)
    machines, storage = t.machine_samples, t.machine_storage_samples
    same = sa.and_(storage.c.run_id == machines.c.run_id, storage.c.machine_id == machines.c.machine_id)
    last = (
        sa.select(
            sa.literal(day),
            machines.c.place_id,
            storage.c.datastore_id,
            sa.func.sum(storage.c.allocated_gb),
            whole_sum(storage.c.used_gb),
        )
        .select_from(storage.join(machines, same).join(places, places.c.id == machines.c.place_id))
        .where(storage.c.run_id == run_ids[-1], places.c.vcenter == vcenter)
        .group_by(machines.c.place_id, storage.c.datastore_id)
    )
    connection.execute(sa.insert(t.place_storage_days).from_select(t.place_storage_days.c.keys(), last))


def whole_sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The sum, or NULL as soon as one value is: a part is not the whole."""
    return sa.case((sa.func.count(column) == sa.func.count(), sa.func.sum(column)))


def _place_row(
    day: int, place_id: int, found: Mapping[int, Mapping[str, Any]], run_ids: Sequence[int]
) -> dict[str, Any]:
    """Allocated by the last reading, used by all; a reading without this place found no machine there: zero."""
    last = found.get(run_ids[-1], {})
    row: dict[str, Any] = {"day": day, "place_id": place_id}
    for name in ("machines", "powered_on", "cpu_count", "memory_gb", "storage_allocated_gb"):
        row[name] = last.get(name, 0)
    for name in ("storage_used_gb", "snapshot_gb"):
        row[name] = last[name] if last else 0.0
    for name in MACHINE_MEASURES:
        row |= measured(name, (found[run][name] if run in found else 0 for run in run_ids))
    return row


def _refresh_subjects(
    connection: sa.Connection,
    day: int,
    run_ids: Sequence[int],
    tables: tuple[sa.Table, sa.Table, str, Sequence[str]],
) -> None:
    samples, days, key, measures = tables
    found: dict[int, list[sa.RowMapping]] = {}
    for sample in connection.execute(
        sa.select(samples).where(samples.c.run_id.in_(run_ids)).order_by(samples.c.run_id)
    ).mappings():
        found.setdefault(sample[key], []).append(sample)
    rows: list[dict[str, Any]] = []
    for subject, sampled in sorted(found.items()):
        last = sampled[-1]
        row: dict[str, Any] = {"day": day, key: subject}
        row |= {column.name: last[column.name] for column in days.c if column.name in last}
        for name in measures:
            row |= measured(name, (each[name] for each in sampled))
        rows.append(row)
    if rows:
        connection.execute(sa.insert(days), rows)


def reduce_day(connection: sa.Connection, day: int) -> int:
    """Make the rows of single machines of a day that is over; return how many."""
    days = t.machine_days
    connection.execute(sa.delete(days).where(days.c.day == day))
    done = connection.execute(sa.insert(days).from_select(days.c.keys(), machine_day_rows(day)))
    connection.execute(sa.update(t.sample_days).where(t.sample_days.c.day == day).values(reduced=True))
    return done.rowcount


def unreduced_days(connection: sa.Connection, before: int | None = None) -> list[int]:
    """Days whose machines are still single samples, in order."""
    days = t.sample_days.c
    query = sa.select(days.day).where(days.reduced.is_(False)).order_by(days.day)
    return list(connection.scalars(query if before is None else query.where(days.day < before)))


def machine_day_rows(day: int) -> sa.Select[Any]:
    """The rows of machine_days of one day, from its samples, in the order of the table's columns."""
    samples, storage = t.machine_samples, t.machine_storage_samples
    runs = sa.select(t.sample_runs.c.id).where(t.sample_runs.c.day == day)
    columns: list[sa.ColumnElement[Any]] = [samples.c.machine_id, samples.c.run_id, samples.c.power]
    for name in MACHINE_MEASURES:
        value: sa.ColumnElement[Any] = samples.c[name]
        # NULL sorts first in SQLite and last in PostgreSQL.
        order = (sa.case((value.is_(None), 1), else_=0), value)
        rank = sa.func.row_number().over(partition_by=samples.c.machine_id, order_by=order)
        count = sa.func.count(value).over(partition_by=samples.c.machine_id)
        columns += [value, rank.label(f"{name}_rank"), count.label(f"{name}_known")]
    ranked = sa.select(*columns).where(samples.c.run_id.in_(runs)).subquery("ranked")
    sums: list[sa.ColumnElement[Any]] = [ranked.c.machine_id, sa.func.max(ranked.c.run_id).label("last_run")]
    sums.append(sa.func.count().label("samples"))
    sums.append(sa.func.sum(sa.case((ranked.c.power == "on", 1), else_=0)).label("samples_on"))
    for name in MACHINE_MEASURES:
        value, known = ranked.c[name], ranked.c[f"{name}_known"]
        at_rank = ranked.c[f"{name}_rank"] == (95 * known + 99) // 100
        sums += [
            sa.func.count(value).label(f"{name}_count"),
            sa.func.sum(value).label(f"{name}_sum"),
            sa.func.max(value).label(f"{name}_highest"),
            sa.func.max(sa.case((at_rank, value))).label(f"{name}_p95"),
        ]
    whole = sa.select(*sums).group_by(ranked.c.machine_id).subquery("whole")
    own = sa.and_(storage.c.run_id == whole.c.last_run, storage.c.machine_id == whole.c.machine_id)
    allocated = sa.select(sa.func.coalesce(sa.func.sum(storage.c.allocated_gb), 0.0)).where(own)
    sources: dict[str, sa.ColumnElement[Any]] = {
        "day": sa.literal(day),
        "storage_allocated_gb": allocated.scalar_subquery(),
        "storage_used_gb": sa.select(whole_sum(storage.c.used_gb)).where(own).scalar_subquery(),
    }
    selected = []
    for column in t.machine_days.c:
        source = sources.get(column.name)
        if source is None:
            source = whole.c[column.name] if column.name in whole.c else samples.c[column.name]
        selected.append(source.label(column.name))
    last = sa.and_(samples.c.run_id == whole.c.last_run, samples.c.machine_id == whole.c.machine_id)
    return sa.select(*selected).select_from(whole.join(samples, last))


def forget_samples(connection: sa.Connection, before: int) -> int:
    """Remove the single samples of reduced days before a day; return how many readings."""
    reduced = sa.select(t.sample_days.c.day).where(t.sample_days.c.reduced.is_(True), t.sample_days.c.day < before)
    run_ids = list(connection.scalars(sa.select(t.sample_runs.c.id).where(t.sample_runs.c.day.in_(reduced))))
    for table in _SAMPLES:
        connection.execute(sa.delete(table).where(table.c.run_id.in_(run_ids)))
    connection.execute(sa.delete(t.sample_runs).where(t.sample_runs.c.id.in_(run_ids)))
    return len(run_ids)


def forget_days(connection: sa.Connection, before: int) -> int:
    """Remove the days before a day; return how many."""
    for table in _DAYS:
        connection.execute(sa.delete(table).where(table.c.day < before))
    return connection.execute(sa.delete(t.sample_days).where(t.sample_days.c.day < before)).rowcount


def first_kept_day(today: date, months: int) -> date:
    """The first day that is kept for so many months: never in the middle of a fiscal year, which begins in April."""
    month = today.year * 12 + today.month - 1 - months
    year, index = divmod(month, 12)
    return fiscal_year_start(fiscal_year(date(year, index + 1, 1)))


def first_sample_day(today: date, days: int) -> date:
    """The first day whose single samples are kept for so many days."""
    return today - timedelta(days=days)
