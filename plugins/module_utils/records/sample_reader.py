"""The last known state at a moment, as an Observation: from single samples, else from the days that they became."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables as t
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    ClusterSample,
    DatastoreSample,
    HostSample,
    MachineSample,
    Observation,
    StorageUse,
)

_PLACE = ("system", "owner", "segment", "cluster", "equipment")
_SUBJECT = ("identity", "name", "key", "pool", "managed")
_MEASURED = (
    "power",
    "cpu_used_mhz",
    "memory_used_gb",
    "memory_consumed_gb",
    "network_used_kbps",
    "guest_disk_used_gb",
    "guest_disk_capacity_gb",
)
_CLUSTER = (
    "name",
    "segment",
    "equipment",
    "ha",
    "host_failures_tolerated",
    "admission_policy",
    "hosts",
    "cpu_cores",
    "cpu_total_mhz",
    "memory_gb",
)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the last state of one vCenter is: in a reading, or (`run_id` None) in a day."""

    vcenter: str
    run_id: int | None
    day: int
    read_at: str


@dataclass(frozen=True, slots=True)
class _Grain:
    """The tables of one grain, by run or by day."""

    key: str
    machines: sa.Table
    hosts: sa.Table
    clusters: sa.Table
    datastores: sa.Table


_RUN = _Grain("run_id", t.machine_samples, t.host_samples, t.cluster_samples, t.datastore_samples)
_DAY = _Grain("day", t.machine_days, t.host_days, t.cluster_days, t.datastore_days)


def last_taken_at(connection: sa.Connection) -> datetime | None:
    """See SampleStore.last_taken_at."""
    text = connection.scalar(sa.select(sa.func.max(t.sample_runs.c.taken_at)))
    return clock.from_text(text) if text else None


def latest(connection: sa.Connection, moment: datetime, day: int) -> Observation | None:
    """See SampleStore.latest; `day` is the day of the moment in the estate's time zone."""
    until = clock.to_text(moment)
    run = connection.execute(
        sa.select(t.sample_runs).where(t.sample_runs.c.taken_at <= until).order_by(t.sample_runs.c.taken_at.desc())
    ).first()
    failures: dict[str, str | None] = {}
    if run is not None:
        query = sa.select(t.sample_reads.c.vcenter, t.sample_reads.c.failure).where(t.sample_reads.c.run_id == run.id)
        failures = {row.vcenter: row.failure for row in connection.execute(query)}
        taken_at = run.taken_at
    else:
        found = connection.execute(
            sa.select(t.sample_days).where(t.sample_days.c.day <= day).order_by(t.sample_days.c.day.desc())
        ).first()
        if found is None:
            return None
        query = sa.select(t.day_reads.c.vcenter, t.day_reads.c.samples).where(t.day_reads.c.day == found.day)
        failures = {name: None if samples else "not read on that day" for name, samples in connection.execute(query)}
        taken_at = found.last_taken_at
    sources = [source for name in sorted(failures) if (source := _source_of(connection, name, until, day)) is not None]
    return Observation(
        taken_at=clock.from_text(taken_at),
        machines=tuple(
            sorted(
                (each for source in sources for each in _machines(connection, source)),
                key=lambda each: (each.vcenter, each.name, each.identity),
            )
        ),
        hosts=tuple(each for source in sources for each in _hosts(connection, source)),
        clusters=tuple(each for source in sources for each in _clusters(connection, source)),
        datastores=tuple(each for source in sources for each in _datastores(connection, source)),
        missing={name: failure for name, failure in failures.items() if failure is not None},
        read_at={source.vcenter: clock.from_text(source.read_at) for source in sources},
    )


def _source_of(connection: sa.Connection, vcenter: str, until: str, day: int) -> _Source | None:
    runs, reads = t.sample_runs.c, t.sample_reads.c
    run = connection.execute(
        sa.select(runs.id, runs.day, runs.taken_at)
        .join_from(t.sample_reads, t.sample_runs, runs.id == reads.run_id)
        .where(reads.vcenter == vcenter, reads.failure.is_(None), runs.taken_at <= until)
        .order_by(runs.taken_at.desc())
    ).first()
    if run is not None:
        return _Source(vcenter, run.id, run.day, run.taken_at)
    days = t.day_reads.c
    found = connection.execute(
        sa.select(days.day, days.last_taken_at)
        .where(days.vcenter == vcenter, days.samples > 0, days.day <= day)
        .order_by(days.day.desc())
    ).first()
    return None if found is None else _Source(vcenter, None, found.day, found.last_taken_at)


def _rows(connection: sa.Connection, source: _Source, kind: str) -> Iterator[sa.RowMapping]:
    """Rows of one kind with what is known of their subjects, in the order of names."""
    grain = _DAY if source.run_id is None else _RUN
    table: sa.Table = getattr(grain, f"{kind}s")
    subjects = t.sample_subjects
    joined = table.join(subjects, subjects.c.id == table.c[f"{kind}_id"])
    # Host and datastore have their cluster, tier and equipment with the subject; a machine has its place.
    columns = [subjects.c[name] for name in (*_SUBJECT, "clusters", "tier")]
    if kind == "machine":
        joined = joined.join(t.sample_places, t.sample_places.c.id == table.c.place_id)
        columns += [t.sample_places.c[name] for name in _PLACE]
    else:
        columns += [subjects.c[name] for name in ("cluster", "segment", "equipment")]
    which = source.day if source.run_id is None else source.run_id
    query = (
        sa.select(table, *columns)
        .select_from(joined)
        .where(table.c[grain.key] == which, subjects.c.vcenter == source.vcenter)
        .order_by(subjects.c.name)
    )
    yield from connection.execute(query).mappings()


def _machines(connection: sa.Connection, source: _Source) -> Iterator[MachineSample]:
    storage = {} if source.run_id is None else _storage(connection, source.run_id)
    for row in _rows(connection, source, "machine"):
        common = {name: row[name] for name in (*_PLACE, *_SUBJECT)}
        common |= {name: row[name] for name in ("cpu_reserved_mhz", "memory_reserved_gb", "snapshots", "snapshot_gb")}
        oldest = row["oldest_snapshot"]
        if source.run_id is None:
            measured = _day_values(row)
        else:
            measured = {name: row[name] for name in _MEASURED} | {"storage": storage.get(row["machine_id"], ())}
        yield MachineSample(
            vcenter=source.vcenter,
            cpu_count=row["cpu_count"],
            memory_gb=row["memory_gb"],
            oldest_snapshot=clock.from_text(oldest) if oldest else None,
            **common,
            **measured,
        )


def _day_values(row: Mapping[Any, Any]) -> dict[str, Any]:
    cpu, network = _mean(row, "cpu_used_mhz"), _mean(row, "network_used_kbps")
    use = StorageUse(datastore="", tier=None, allocated_gb=row["storage_allocated_gb"], used_gb=row["storage_used_gb"])
    return {
        "power": "on" if row["samples_on"] else "off",
        "cpu_used_mhz": None if cpu is None else round(cpu),
        "memory_used_gb": _mean(row, "memory_used_gb"),
        "network_used_kbps": None if network is None else round(network),
        "storage": (use,),
    }


def _storage(connection: sa.Connection, run_id: int) -> dict[int, tuple[StorageUse, ...]]:
    samples, subjects = t.machine_storage_samples, t.sample_subjects
    found: dict[int, list[StorageUse]] = {}
    query = (
        sa.select(samples, subjects.c.name, subjects.c.tier)
        .join(subjects, subjects.c.id == samples.c.datastore_id)
        .where(samples.c.run_id == run_id)
        .order_by(samples.c.machine_id, subjects.c.name)
    )
    for row in connection.execute(query):
        use = StorageUse(datastore=row.name, tier=row.tier, allocated_gb=row.allocated_gb, used_gb=row.used_gb)
        found.setdefault(row.machine_id, []).append(use)
    return {machine: tuple(uses) for machine, uses in found.items()}


def _hosts(connection: sa.Connection, source: _Source) -> Iterator[HostSample]:
    for row in _rows(connection, source, "host"):
        yield HostSample(
            vcenter=source.vcenter,
            name=row["name"],
            cluster=row["cluster"] or "",
            equipment=row["equipment"],
            cpu_cores=row["cpu_cores"],
            cpu_mhz=row["cpu_mhz"],
            memory_gb=row["memory_gb"],
            # A day keeps no state; a host that measured nothing all day was not there.
            state=row["state"] if source.run_id else ("connected" if row["cpu_used_mhz_count"] else "notResponding"),
            in_maintenance=row["in_maintenance"] if source.run_id else False,
            **_host_measures(row, source),
        )


def _clusters(connection: sa.Connection, source: _Source) -> Iterator[ClusterSample]:
    for row in _rows(connection, source, "cluster"):
        values = {name: row[name] for name in _CLUSTER}
        yield ClusterSample(vcenter=source.vcenter, **values, **_host_measures(row, source))


def _datastores(connection: sa.Connection, source: _Source) -> Iterator[DatastoreSample]:
    for row in _rows(connection, source, "datastore"):
        yield DatastoreSample(
            vcenter=source.vcenter,
            name=row["name"],
            tier=row["tier"],
            equipment=row["equipment"],
            clusters=tuple(json.loads(row["clusters"] or "[]")),
            capacity_gb=row["capacity_gb"],
            free_gb=row["free_gb"],
            accessible=row["accessible"] if source.run_id else True,
            uncommitted_gb=row["uncommitted_gb"],
        )


def _host_measures(row: Mapping[Any, Any], source: _Source) -> dict[str, Any]:
    if source.run_id is not None:
        return {name: row[name] for name in ("cpu_used_mhz", "memory_used_gb")}
    cpu = _mean(row, "cpu_used_mhz")
    return {"cpu_used_mhz": None if cpu is None else round(cpu), "memory_used_gb": _mean(row, "memory_used_gb")}


def _mean(row: Mapping[Any, Any], name: str) -> float | None:
    count = row[f"{name}_count"]
    return float(row[f"{name}_sum"]) / float(count) if count else None
