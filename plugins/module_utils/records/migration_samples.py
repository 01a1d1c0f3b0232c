"""Step 2 of the migrations: the tables of samples, days and sums of groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

_SIZES_OF_CLUSTER = ("host_failures_tolerated", "hosts", "cpu_cores", "cpu_total_mhz")


def create_sample_tables(op: Operations) -> None:
    """Make them; all are empty."""
    op.create_table(
        "sample_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("taken_at", sa.Text, nullable=False, unique=True),
        *_numbers("day"),
    )
    op.create_index("sample_runs_by_day", "sample_runs", ["day"])
    op.create_table("sample_reads", _part("sample_runs", "run_id"), _text_key("vcenter"), *_texts("failure"))
    op.create_table(
        "sample_places",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("vcenter", nullable=False),
        *_texts("system", "owner", "segment"),
        *_texts("cluster", nullable=False),
        *_texts("equipment"),
    )
    op.create_table(
        "sample_subjects",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("kind", "vcenter", "identity", "name", nullable=False),
        *_texts("key", "pool"),
        _boolean("managed"),
        *_texts("cluster", "clusters", "tier", "segment", "equipment"),
        sa.UniqueConstraint("kind", "vcenter", "identity"),
    )
    _create_samples(op)
    _create_days(op)


def _create_samples(op: Operations) -> None:
    _by_run(
        op,
        "machine_samples",
        _part("sample_subjects", "machine_id"),
        sa.Column("place_id", sa.Integer, sa.ForeignKey("sample_places.id"), nullable=False),
        *_texts("power", nullable=False),
        *_numbers("cpu_count"),
        *_sizes("memory_gb"),
        *_numbers("cpu_reserved_mhz", nullable=True),
        *_sizes("memory_reserved_gb", nullable=True),
        *_numbers("cpu_used_mhz", nullable=True),
        *_sizes("memory_used_gb", "memory_consumed_gb", nullable=True),
        *_numbers("network_used_kbps", nullable=True),
        *_numbers("snapshots"),
        *_sizes("snapshot_gb", nullable=True),
        *_texts("oldest_snapshot"),
        *_sizes("guest_disk_used_gb", "guest_disk_capacity_gb", nullable=True),
    )
    _by_run(
        op,
        "machine_storage_samples",
        _part("sample_subjects", "machine_id"),
        _part("sample_subjects", "datastore_id"),
        *_sizes("allocated_gb"),
        *_sizes("used_gb", nullable=True),
    )
    _by_run(
        op,
        "host_samples",
        _part("sample_subjects", "host_id"),
        *_numbers("cpu_cores", "cpu_mhz"),
        *_sizes("memory_gb"),
        *_texts("state", nullable=False),
        _boolean("in_maintenance"),
        *_numbers("cpu_used_mhz", nullable=True),
        *_sizes("memory_used_gb", nullable=True),
    )
    _by_run(
        op,
        "cluster_samples",
        _part("sample_subjects", "cluster_id"),
        _boolean("ha"),
        *_texts("admission_policy", nullable=False),
        *_numbers(*_SIZES_OF_CLUSTER),
        *_sizes("memory_gb"),
        *_numbers("cpu_used_mhz", nullable=True),
        *_sizes("memory_used_gb", nullable=True),
    )
    _by_run(
        op,
        "datastore_samples",
        _part("sample_subjects", "datastore_id"),
        *_sizes("capacity_gb", "free_gb"),
        *_sizes("uncommitted_gb", nullable=True),
        _boolean("accessible"),
    )
    _by_run(
        op,
        "place_samples",
        _part("sample_places", "place_id"),
        *_sums(),
        sa.Column("cpu_used_mhz", sa.BigInteger),
        sa.Column("memory_used_gb", sa.Double),
        sa.Column("network_used_kbps", sa.BigInteger),
    )


def _create_days(op: Operations) -> None:
    op.create_table(
        "sample_days", _day(), *_numbers("samples"), *_texts("last_taken_at", nullable=False), _boolean("reduced")
    )
    op.create_table(
        "day_reads",
        _day(),
        _text_key("vcenter"),
        *_numbers("samples"),
        *_numbers("last_run_id", nullable=True),
        *_texts("last_taken_at"),
    )
    _by_day(
        op,
        "machine_days",
        _part("sample_subjects", "machine_id"),
        sa.Column("place_id", sa.Integer, sa.ForeignKey("sample_places.id"), nullable=False),
        *_numbers("samples", "samples_on", "cpu_count"),
        *_sizes("memory_gb"),
        *_numbers("cpu_reserved_mhz", nullable=True),
        *_sizes("memory_reserved_gb", nullable=True),
        *_sizes("storage_allocated_gb"),
        *_sizes("storage_used_gb", nullable=True),
        *_numbers("snapshots"),
        *_sizes("snapshot_gb", nullable=True),
        *_texts("oldest_snapshot"),
        *_used(),
        *_measured("network_used_kbps", sa.BigInteger),
    )
    _by_day(
        op,
        "host_days",
        _part("sample_subjects", "host_id"),
        *_numbers("cpu_cores", "cpu_mhz"),
        *_sizes("memory_gb"),
        *_used(),
    )
    _by_day(
        op,
        "cluster_days",
        _part("sample_subjects", "cluster_id"),
        _boolean("ha"),
        *_texts("admission_policy", nullable=False),
        *_numbers(*_SIZES_OF_CLUSTER),
        *_sizes("memory_gb"),
        *_used(),
    )
    _by_day(
        op,
        "datastore_days",
        _part("sample_subjects", "datastore_id"),
        *_sizes("capacity_gb", "free_gb"),
        *_sizes("uncommitted_gb", nullable=True),
    )
    _by_day(
        op,
        "place_days",
        _part("sample_places", "place_id"),
        *_sums(),
        *_used(),
        *_measured("network_used_kbps", sa.BigInteger),
    )
    _by_day(
        op,
        "place_storage_days",
        _part("sample_places", "place_id"),
        _part("sample_subjects", "datastore_id"),
        *_sizes("allocated_gb"),
        *_sizes("used_gb", nullable=True),
    )


def _by_run(op: Operations, name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, _part("sample_runs", "run_id"), *columns, sqlite_with_rowid=False)


def _by_day(op: Operations, name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, _day(), *columns, sqlite_with_rowid=False)


def _sums() -> Iterator[sa.Column[Any]]:
    yield from _numbers("machines", "powered_on", "cpu_count")
    yield from _sizes("memory_gb", "storage_allocated_gb")
    yield from _sizes("storage_used_gb", "snapshot_gb", nullable=True)


def _used() -> Iterator[sa.Column[Any]]:
    yield from _measured("cpu_used_mhz", sa.BigInteger)
    yield from _measured("memory_used_gb", sa.Double)


def _measured(name: str, kind: type[sa.BigInteger] | type[sa.Double[float]]) -> Iterator[sa.Column[Any]]:
    yield from _numbers(f"{name}_count")
    for part in ("sum", "highest", "p95"):
        yield sa.Column(f"{name}_{part}", kind)


def _part(table: str, name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), primary_key=True, autoincrement=False)


def _day() -> sa.Column[int]:
    return sa.Column("day", sa.Integer, primary_key=True, autoincrement=False)


def _text_key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _boolean(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _texts(*names: str, nullable: bool = True) -> Iterator[sa.Column[str]]:
    return (sa.Column(name, sa.Text, nullable=nullable) for name in names)


def _numbers(*names: str, nullable: bool = False) -> Iterator[sa.Column[int]]:
    return (sa.Column(name, sa.Integer, nullable=nullable) for name in names)


def _sizes(*names: str, nullable: bool = False) -> Iterator[sa.Column[float]]:
    return (sa.Column(name, sa.Double, nullable=nullable) for name in names)
