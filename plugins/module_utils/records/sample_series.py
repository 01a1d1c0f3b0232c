"""Series of days, from the sums that each day keeps: years are read without the rows of single machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables as t
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_days import (
    MACHINE_MEASURES,
    day_number,
    day_of,
    whole_sum,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.sample_values import (
    ClusterDay,
    DatastoreDay,
    DayTotal,
    Dimension,
    Filters,
    HostDay,
    SampleDay,
    StorageTotal,
    Used,
)


def sample_days(connection: sa.Connection, first: date, last: date) -> list[SampleDay]:
    """See SampleStore.days."""
    days, reads = t.sample_days.c, t.day_reads.c
    missing: dict[int, list[str]] = {}
    query = sa.select(reads.day, reads.vcenter).where(_between(reads.day, first, last), reads.samples == 0)
    for day, vcenter in connection.execute(query.order_by(reads.day, reads.vcenter)):
        missing.setdefault(day, []).append(vcenter)
    found = connection.execute(
        sa.select(days.day, days.samples).where(_between(days.day, first, last)).order_by(days.day)
    )
    return [SampleDay(day=day_of(day), samples=count, missing=tuple(missing.get(day, ()))) for day, count in found]


def daily_totals(
    connection: sa.Connection, dimension: Dimension, period: tuple[date, date], filters: Filters
) -> dict[str | None, list[DayTotal]]:
    """See SampleStore.daily_totals."""
    days, places = t.place_days, t.sample_places
    sums = ("machines", "powered_on", "cpu_count", "memory_gb", "storage_allocated_gb")
    columns: list[sa.ColumnElement[Any]] = [places.c[dimension].label("value"), days.c.day]
    columns += [sa.func.sum(days.c[name]).label(name) for name in sums]
    columns += [whole_sum(days.c[name]).label(name) for name in ("storage_used_gb", "snapshot_gb")]
    for name in MACHINE_MEASURES:
        mean = days.c[f"{name}_sum"] * 1.0 / sa.func.nullif(days.c[f"{name}_count"], 0)
        columns.append(whole_sum(mean).label(f"{name}_mean"))
        columns += [whole_sum(days.c[f"{name}_{part}"]).label(f"{name}_{part}") for part in ("highest", "p95")]
    query = (
        sa.select(*columns)
        .select_from(days.join(places, places.c.id == days.c.place_id))
        .where(_between(days.c.day, *period), *limits(places, filters))
        .group_by(places.c[dimension], days.c.day)
        .order_by(days.c.day)
    )
    series: dict[str | None, list[DayTotal]] = {}
    # Unpacked and not looked up by name: there are a hundred thousand rows.
    for value, day, machines, on, cpu, memory, allocated, storage, snapshot, *used in connection.execute(query):
        total = DayTotal(
            day=day_of(day),
            machines=int(machines),
            powered_on=int(on),
            cpu_count=int(cpu),
            memory_gb=memory,
            storage_allocated_gb=allocated,
            storage_used_gb=storage,
            snapshot_gb=snapshot,
            cpu_used_mhz=_used(*used[0:3]),
            memory_used_gb=_used(*used[3:6]),
            network_used_kbps=_used(*used[6:9]),
        )
        series.setdefault(value, []).append(total)
    return series


def storage_totals(
    connection: sa.Connection, dimension: Dimension, period: tuple[date, date], filters: Filters
) -> dict[str | None, list[StorageTotal]]:
    """See SampleStore.storage_totals."""
    days, places, subjects = t.place_storage_days, t.sample_places, t.sample_subjects
    value, tier = places.c[dimension], subjects.c.tier
    query = (
        sa.select(
            value.label("value"),
            days.c.day,
            tier,
            sa.func.sum(days.c.allocated_gb).label("allocated_gb"),
            whole_sum(days.c.used_gb).label("used_gb"),
        )
        .select_from(
            days.join(places, places.c.id == days.c.place_id).join(subjects, subjects.c.id == days.c.datastore_id)
        )
        .where(_between(days.c.day, *period), *limits(places, filters))
        .group_by(value, days.c.day, tier)
    )
    series: dict[str | None, list[StorageTotal]] = {}
    for row in connection.execute(query):
        total = StorageTotal(day=day_of(row.day), tier=row.tier, allocated_gb=row.allocated_gb, used_gb=row.used_gb)
        series.setdefault(row.value, []).append(total)
    for totals in series.values():
        totals.sort(key=lambda total: (total.day, total.tier or ""))
    return series


def cluster_days(connection: sa.Connection, first: date, last: date) -> list[ClusterDay]:
    """See SampleStore.cluster_days."""
    return [
        ClusterDay(
            day=day_of(row["day"]),
            vcenter=row["vcenter"],
            cluster=row["name"],
            equipment=row["equipment"],
            hosts=row["hosts"],
            host_failures_tolerated=row["host_failures_tolerated"],
            cpu_cores=row["cpu_cores"],
            cpu_total_mhz=row["cpu_total_mhz"],
            memory_gb=row["memory_gb"],
            cpu_used_mhz=measured_of(row, "cpu_used_mhz"),
            memory_used_gb=measured_of(row, "memory_used_gb"),
        )
        for row in _of_subjects(connection, t.cluster_days, "cluster_id", (first, last))
    ]


def host_days(connection: sa.Connection, first: date, last: date) -> list[HostDay]:
    """See SampleStore.host_days."""
    return [
        HostDay(
            day=day_of(row["day"]),
            vcenter=row["vcenter"],
            host=row["name"],
            cluster=row["cluster"] or "",
            cpu_cores=row["cpu_cores"],
            cpu_mhz=row["cpu_mhz"],
            memory_gb=row["memory_gb"],
            cpu_used_mhz=measured_of(row, "cpu_used_mhz"),
            memory_used_gb=measured_of(row, "memory_used_gb"),
        )
        for row in _of_subjects(connection, t.host_days, "host_id", (first, last))
    ]


def datastore_days(connection: sa.Connection, first: date, last: date) -> list[DatastoreDay]:
    """See SampleStore.datastore_days."""
    return [
        DatastoreDay(
            day=day_of(row["day"]),
            vcenter=row["vcenter"],
            datastore=row["name"],
            tier=row["tier"],
            equipment=row["equipment"],
            capacity_gb=row["capacity_gb"],
            free_gb=row["free_gb"],
            uncommitted_gb=row["uncommitted_gb"],
        )
        for row in _of_subjects(connection, t.datastore_days, "datastore_id", (first, last))
    ]


def _of_subjects(
    connection: sa.Connection, days: sa.Table, key: str, period: tuple[date, date]
) -> Iterable[sa.RowMapping]:
    subjects = t.sample_subjects
    query = (
        sa.select(days, *(subjects.c[name] for name in ("vcenter", "name", "cluster", "tier", "equipment")))
        .select_from(days.join(subjects, subjects.c.id == days.c[key]))
        .where(_between(days.c.day, *period))
        .order_by(subjects.c.vcenter, subjects.c.name, days.c.day)
    )
    return connection.execute(query).mappings()


def _between(column: sa.ColumnElement[int], first: date, last: date) -> sa.ColumnElement[bool]:
    return column.between(day_number(first), day_number(last))


def limits(places: sa.Table, filters: Filters) -> list[sa.ColumnElement[bool]]:
    """The conditions that filters mean."""
    found: list[sa.ColumnElement[bool]] = []
    for name in ("system", "owner", "segment", "cluster"):
        wanted: tuple[str | None, ...] = getattr(filters, f"{name}s")
        if wanted:
            column = places.c[name]
            named = column.in_([value for value in wanted if value is not None])
            found.append(sa.or_(named, column.is_(None)) if None in wanted else named)
    return found


def _used(mean: float | None, highest: float | None, p95: float | None) -> Used | None:
    if mean is None or highest is None or p95 is None:
        return None
    return Used(mean=float(mean), highest=float(highest), p95=float(p95))


def measured_of(row: Mapping[Any, Any], name: str) -> Used | None:
    """One measured value out of its four columns."""
    count = row[f"{name}_count"]
    if not count:
        return None
    mean = float(row[f"{name}_sum"]) / float(count)
    return Used(mean=mean, highest=float(row[f"{name}_highest"]), p95=float(row[f"{name}_p95"]))
