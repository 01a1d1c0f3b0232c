"""Down-sampling: days are what their samples come to, twice is once, and what is forgotten was summed up before."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_days, sample_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore, Used
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import StorageUse
from tests.support.empty_records import empty_records
from tests.support.observations import machine_sample, observation

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=TOKYO).astimezone(UTC)
HOUR = timedelta(hours=1)
KEPT = {"sample_days_kept": 35, "months_kept": 60}
DAY_TABLES = [
    table
    for table in sample_tables.sample_runs.metadata.sorted_tables
    if table.name.endswith("_days") or table.name == "day_reads"
]


@contextmanager
def sample_store() -> Iterator[tuple[SampleStore, Store]]:
    """A store in a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="samples-") as folder,
        open_store(empty_records(Path(folder) / "records.sqlite3"), production=False) as store,
    ):
        yield SampleStore(store, TOKYO), store


def days_of(store: Store) -> dict[str, list[Any]]:
    """Every row of every table of days."""
    with store.database.read() as connection:
        return {table.name: sorted(map(repr, connection.execute(sa.select(table)))) for table in DAY_TABLES}


def fill(samples: SampleStore, values: Sequence[int | None], start: datetime = MIDNIGHT) -> None:
    """One sample an hour in which machine a uses these MHz (None: not measured) and twice as many KiB/s."""
    for number, value in enumerate(values):
        twice = None if value is None else 2 * value
        machine = machine_sample("a", cpu_used_mhz=value, network_used_kbps=twice)
        samples.save(observation(start + number * HOUR, [machine]))


def test_a_day_that_is_over_is_summed_up_and_its_samples_are_forgotten_after_their_time() -> None:
    with sample_store() as (samples, store):
        fill(samples, range(0, 240, 10))
        fill(samples, [5], MIDNIGHT + timedelta(days=1))
        assert samples.reduce(DAY, **KEPT).days == ()
        done = samples.reduce(DAY + timedelta(days=1), **KEPT)
        assert (done.days, done.forgotten_samples, done.forgotten_days) == ((DAY,), 0, 0)
        assert samples.reduce(DAY + timedelta(days=35), **KEPT).forgotten_samples == 0
        assert samples.reduce(DAY + timedelta(days=36), **KEPT).forgotten_samples == 24
        (period,) = samples.machine_periods(DAY, DAY)
        # 24 values 0, 10 … 230: the 95th percentile is the value at rank ceil(0.95 * 24) = 23.
        assert period.cpu_used_mhz == Used(mean=115.0, highest=230, p95=220)
        assert (period.days, period.days_on, period.storage_allocated_gb, period.storage_used_gb) == (1, 1, 40.0, 12.5)
        with store.database.read() as connection:
            left = connection.scalar(sa.select(sa.func.count()).select_from(sample_tables.machine_samples))
        assert left == 1


def test_a_moment_whose_samples_are_gone_is_known_by_its_day() -> None:
    with sample_store() as (samples, _store):
        fill(samples, [100, 300])
        fill(samples, [5], MIDNIGHT + timedelta(days=40))
        samples.reduce(DAY + timedelta(days=40), **KEPT)
        known = samples.latest(MIDNIGHT + timedelta(days=3))
        assert known is not None
        (machine,) = known.machines
        assert (machine.cpu_used_mhz, machine.cpu_count, machine.power) == (200, 2, "on")
        assert machine.storage == (StorageUse(datastore="", tier=None, allocated_gb=40.0, used_gb=12.5),)
        assert known.taken_at == MIDNIGHT + HOUR
        assert [each.memory_gb for each in known.hosts] == [512.0, 512.0]
        assert known.clusters[0].cpu_used_mhz == 18_000
        assert known.datastores[0].free_gb == 3072.0


def test_a_deleted_machine_stays_in_the_history_of_its_system() -> None:
    with sample_store() as (samples, _store):
        samples.save(observation(MIDNIGHT, [machine_sample("a"), machine_sample("gone", system="s02")]))
        for number in range(1, 50):
            samples.save(observation(MIDNIGHT + timedelta(days=number), [machine_sample("a")]))
        samples.reduce(DAY + timedelta(days=49), **KEPT)
        last = DAY + timedelta(days=49)
        assert [each.day for each in samples.daily_totals("system", DAY, last)["s02"]] == [DAY]
        periods = {each.name: each for each in samples.machine_periods(DAY, last)}
        assert (periods["gone"].system, periods["gone"].last_day, periods["a"].last_day) == ("s02", DAY, last)


def test_days_are_kept_for_whole_fiscal_years() -> None:
    assert sample_days.first_kept_day(date(2031, 11, 24), 60) == date(2026, 4, 1)
    assert sample_days.first_kept_day(date(2031, 3, 31), 60) == date(2025, 4, 1)
    assert sample_days.first_kept_day(date(2031, 4, 1), 60) == date(2026, 4, 1)
    with sample_store() as (samples, store):
        fill(samples, [1])
        samples.reduce(DAY + timedelta(days=1), **KEPT)
        assert samples.reduce(date(2032, 3, 31), **KEPT).forgotten_days == 0
        assert samples.reduce(date(2032, 4, 1), **KEPT).forgotten_days == 1
        assert not any(days_of(store).values())


def test_a_run_that_was_killed_before_its_days_were_summed_up_is_repeated_by_the_next() -> None:
    with sample_store() as (samples, store), sample_store() as (others, other_store):
        for each in (samples, others):
            fill(each, [7, 9])
            fill(each, [1], MIDNIGHT + timedelta(days=3))
        # Summed up late, and one day after the other, as after a kill between two of its transactions.
        with store.database.write() as connection:
            sample_days.reduce_day(connection, 20261124)
        samples.reduce(DAY + timedelta(days=9), **KEPT)
        others.reduce(DAY + timedelta(days=9), **KEPT)
        assert days_of(store) == days_of(other_store)


def test_days_without_samples_have_no_row() -> None:
    with sample_store() as (samples, _store):
        fill(samples, [1])
        fill(samples, [1], MIDNIGHT + timedelta(days=5))
        samples.reduce(DAY + timedelta(days=6), **KEPT)
        whole = (DAY, DAY + timedelta(days=9))
        assert [each.day.day for each in samples.days(*whole)] == [24, 29]
        assert [each.day.day for each in samples.daily_totals("owner", *whole)["org-301"]] == [24, 29]


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (100, 95), (288, 274)])
def test_the_95th_percentile_is_the_nearest_rank(count: int, rank: int) -> None:
    assert sample_days.percentile_rank(count) == rank


VALUES = st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=24)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=VALUES)
def test_sums_are_preserved_and_twice_is_once(values: list[int | None]) -> None:
    known = [value for value in values if value is not None]
    with sample_store() as (samples, store):
        fill(samples, values)
        (before,) = samples.machine_periods(DAY, DAY)
        samples.reduce(DAY + timedelta(days=1), **KEPT)
        (after,) = samples.machine_periods(DAY, DAY)
        assert before == after, "a day that is over says what its samples said"
        once = days_of(store)
        with store.database.write() as connection:
            sample_days.refresh_day(connection, 20261124)
            sample_days.reduce_day(connection, 20261124)
        samples.reduce(DAY + timedelta(days=2), **KEPT)
        assert days_of(store) == once
        if not known:
            assert after.cpu_used_mhz is None
            return
        used = after.cpu_used_mhz
        assert used is not None
        assert round(used.mean * len(known)) == sum(known)
        assert used.highest == max(known)
        assert used.p95 == sorted(known)[-(-95 * len(known) // 100) - 1]
        assert used.mean == pytest.approx(statistics.fmean(known))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sizes=st.lists(st.tuples(st.sampled_from(["s01", "s02", "s03"]), st.integers(0, 10**7)), min_size=1, max_size=12)
)
def test_the_systems_of_a_day_come_to_the_whole(sizes: list[tuple[str, int]]) -> None:
    machines = [
        dataclasses.replace(machine_sample(f"m{number}"), system=system, cpu_used_mhz=used, memory_used_gb=used / 1024)
        for number, (system, used) in enumerate(sizes)
    ]
    with sample_store() as (samples, _store):
        samples.save(observation(MIDNIGHT, machines))
        systems = [series[0] for series in samples.daily_totals("system", DAY, DAY).values()]
        (whole,) = (series[0] for series in samples.daily_totals("segment", DAY, DAY).values())
        assert sum(each.machines for each in systems) == whole.machines == len(sizes)
        assert sum(each.cpu_used_mhz.mean for each in systems if each.cpu_used_mhz) == sum(used for _, used in sizes)
        # A size in MiB or bytes is exact as GiB, whatever the order of the sum.
        memory = sum(each.memory_used_gb.mean for each in systems if each.memory_used_gb)
        assert whole.memory_used_gb is not None
        assert memory == whole.memory_used_gb.mean
