"""The tables of samples, days and sums of groups; see `samples` for what they mean.

A day is a number, 20261124: it sorts as it reads and takes four bytes in the largest table (one row per machine and
day). Sizes are GiB. A measured value of a day is kept as sum, count, highest and 95th percentile, so that its mean can
be taken over several days or machines without loss. NULL: not collected.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from ansible_collections.kyotsu.platform.plugins.module_utils.records.tables import metadata


def _of(table: str, name: str) -> Column[int]:
    """A part of the primary key that names a row of another table."""
    return Column(name, Integer, ForeignKey(f"{table}.id"), primary_key=True, autoincrement=False)


def _day() -> Column[int]:
    return Column("day", Integer, primary_key=True, autoincrement=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _size(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _measured(name: str, kind: type[BigInteger] | type[Double[float]]) -> list[Column[float]]:
    """The columns of one measured value of a day."""
    return [
        Column(f"{name}_count", Integer, nullable=False),
        Column(f"{name}_sum", kind),
        Column(f"{name}_highest", kind),
        Column(f"{name}_p95", kind),
    ]


# One reading of all vCenters.
sample_runs = Table(
    "sample_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("taken_at", Text, nullable=False, unique=True),
    Column("day", Integer, nullable=False),
    Index("sample_runs_by_day", "day"),
)

# Which vCenters a reading reached; `failure` says in one line why it did not.
sample_reads = Table(
    "sample_reads",
    metadata,
    _of("sample_runs", "run_id"),
    Column("vcenter", Text, primary_key=True),
    Column("failure", Text, nullable=True),
)

# Where a machine lies and whose it is. A machine that moves gets another place; its past keeps the old one.
sample_places = Table(
    "sample_places",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vcenter", Text, nullable=False),
    Column("system", Text, nullable=True),
    Column("owner", Text, nullable=True),
    Column("segment", Text, nullable=True),
    Column("cluster", Text, nullable=False),
    Column("equipment", Text, nullable=True),
)

# Machines, hosts, clusters and datastores as they were last seen; never removed while a day of them is kept.
sample_subjects = Table(
    "sample_subjects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # machine | host | cluster | datastore
    Column("vcenter", Text, nullable=False),
    Column("identity", Text, nullable=False),  # instanceUuid of a machine, else the name
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=True),  # of a machine
    Column("pool", Text, nullable=True),  # of a machine
    Column("managed", Boolean, nullable=False),  # of a machine
    Column("cluster", Text, nullable=True),  # of a host
    Column("clusters", Text, nullable=True),  # of a datastore: JSON list
    Column("tier", Text, nullable=True),  # of a datastore
    Column("segment", Text, nullable=True),  # of a cluster
    Column("equipment", Text, nullable=True),  # of a host, cluster or datastore
    UniqueConstraint("kind", "vcenter", "identity"),
)

machine_samples = Table(
    "machine_samples",
    metadata,
    _of("sample_runs", "run_id"),
    _of("sample_subjects", "machine_id"),
    Column("place_id", Integer, ForeignKey("sample_places.id"), nullable=False),
    Column("power", Text, nullable=False),
    _number("cpu_count"),
    _size("memory_gb"),
    Column("cpu_reserved_mhz", Integer),
    Column("memory_reserved_gb", Double),
    Column("cpu_used_mhz", Integer),
    Column("memory_used_gb", Double),
    Column("memory_consumed_gb", Double),
    Column("network_used_kbps", Integer),
    _number("snapshots"),
    Column("snapshot_gb", Double),
    Column("oldest_snapshot", Text),
    Column("guest_disk_used_gb", Double),
    Column("guest_disk_capacity_gb", Double),
    sqlite_with_rowid=False,
)

machine_storage_samples = Table(
    "machine_storage_samples",
    metadata,
    _of("sample_runs", "run_id"),
    _of("sample_subjects", "machine_id"),
    _of("sample_subjects", "datastore_id"),
    _size("allocated_gb"),
    Column("used_gb", Double),
    sqlite_with_rowid=False,
)

host_samples = Table(
    "host_samples",
    metadata,
    _of("sample_runs", "run_id"),
    _of("sample_subjects", "host_id"),
    _number("cpu_cores"),
    _number("cpu_mhz"),
    _size("memory_gb"),
    Column("state", Text, nullable=False),
    Column("in_maintenance", Boolean, nullable=False),
    Column("cpu_used_mhz", Integer),
    Column("memory_used_gb", Double),
    sqlite_with_rowid=False,
)

cluster_samples = Table(
    "cluster_samples",
    metadata,
    _of("sample_runs", "run_id"),
    _of("sample_subjects", "cluster_id"),
    Column("ha", Boolean, nullable=False),
    _number("host_failures_tolerated"),
    Column("admission_policy", Text, nullable=False),
    _number("hosts"),
    _number("cpu_cores"),
    _number("cpu_total_mhz"),
    _size("memory_gb"),
    Column("cpu_used_mhz", Integer),
    Column("memory_used_gb", Double),
    sqlite_with_rowid=False,
)

datastore_samples = Table(
    "datastore_samples",
    metadata,
    _of("sample_runs", "run_id"),
    _of("sample_subjects", "datastore_id"),
    _size("capacity_gb"),
    _size("free_gb"),
    Column("uncommitted_gb", Double),
    Column("accessible", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# Sums over the machines of one place at one reading; a measured sum is NULL when one of them was not measured.
place_samples = Table(
    "place_samples",
    metadata,
    _of("sample_runs", "run_id"),
    _of("sample_places", "place_id"),
    _number("machines"),
    _number("powered_on"),
    _number("cpu_count"),
    _size("memory_gb"),
    _size("storage_allocated_gb"),
    Column("storage_used_gb", Double),
    Column("snapshot_gb", Double),
    Column("cpu_used_mhz", BigInteger),
    Column("memory_used_gb", Double),
    Column("network_used_kbps", BigInteger),
    sqlite_with_rowid=False,
)

# A day with samples. While `reduced` is false the days of its machines are still to be made from its samples.
sample_days = Table(
    "sample_days",
    metadata,
    _day(),
    _number("samples"),
    Column("last_taken_at", Text, nullable=False),
    Column("reduced", Boolean, nullable=False),
)

# The vCenters of a day; `last_run_id` is the last reading that reached it (it may be gone by now). 0 samples: missing.
day_reads = Table(
    "day_reads",
    metadata,
    _day(),
    Column("vcenter", Text, primary_key=True),
    _number("samples"),
    Column("last_run_id", Integer),
    Column("last_taken_at", Text),
)

machine_days = Table(
    "machine_days",
    metadata,
    _day(),
    _of("sample_subjects", "machine_id"),
    Column("place_id", Integer, ForeignKey("sample_places.id"), nullable=False),
    _number("samples"),
    _number("samples_on"),
    _number("cpu_count"),
    _size("memory_gb"),
    Column("cpu_reserved_mhz", Integer),
    Column("memory_reserved_gb", Double),
    _size("storage_allocated_gb"),
    Column("storage_used_gb", Double),
    _number("snapshots"),
    Column("snapshot_gb", Double),
    Column("oldest_snapshot", Text),
    *_measured("cpu_used_mhz", BigInteger),
    *_measured("memory_used_gb", Double),
    *_measured("network_used_kbps", BigInteger),
    sqlite_with_rowid=False,
)

host_days = Table(
    "host_days",
    metadata,
    _day(),
    _of("sample_subjects", "host_id"),
    _number("cpu_cores"),
    _number("cpu_mhz"),
    _size("memory_gb"),
    *_measured("cpu_used_mhz", BigInteger),
    *_measured("memory_used_gb", Double),
    sqlite_with_rowid=False,
)

cluster_days = Table(
    "cluster_days",
    metadata,
    _day(),
    _of("sample_subjects", "cluster_id"),
    Column("ha", Boolean, nullable=False),
    _number("host_failures_tolerated"),
    Column("admission_policy", Text, nullable=False),
    _number("hosts"),
    _number("cpu_cores"),
    _number("cpu_total_mhz"),
    _size("memory_gb"),
    *_measured("cpu_used_mhz", BigInteger),
    *_measured("memory_used_gb", Double),
    sqlite_with_rowid=False,
)

datastore_days = Table(
    "datastore_days",
    metadata,
    _day(),
    _of("sample_subjects", "datastore_id"),
    _size("capacity_gb"),
    _size("free_gb"),
    Column("uncommitted_gb", Double),
    sqlite_with_rowid=False,
)

# Sums over the machines of one place on one day: what is allocated by the day's last reading, what is used by all.
place_days = Table(
    "place_days",
    metadata,
    _day(),
    _of("sample_places", "place_id"),
    _number("machines"),
    _number("powered_on"),
    _number("cpu_count"),
    _size("memory_gb"),
    _size("storage_allocated_gb"),
    Column("storage_used_gb", Double),
    Column("snapshot_gb", Double),
    *_measured("cpu_used_mhz", BigInteger),
    *_measured("memory_used_gb", Double),
    *_measured("network_used_kbps", BigInteger),
    sqlite_with_rowid=False,
)

# The same by datastore, of the day's last reading.
place_storage_days = Table(
    "place_storage_days",
    metadata,
    _day(),
    _of("sample_places", "place_id"),
    _of("sample_subjects", "datastore_id"),
    _size("allocated_gb"),
    Column("used_gb", Double),
    sqlite_with_rowid=False,
)
