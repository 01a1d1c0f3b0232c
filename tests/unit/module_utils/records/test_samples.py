"""Samples kept and read back: what was saved is what comes out, all or nothing, and a gap is a gap."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables, sample_writer
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import (
    Filters,
    SampleStore,
    StorageTotal,
    Used,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import StorageUse
from tests.support.observations import VCENTER, machine_sample, observation

TOKYO = ZoneInfo("Asia/Tokyo")
MORNING = datetime(2026, 11, 24, 0, 5, tzinfo=UTC)  # 09:05 in Tokyo
DAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)


@pytest.fixture
def samples(store: Store) -> SampleStore:
    return SampleStore(store, TOKYO)


def test_an_empty_database_gives_empty_results(samples: SampleStore) -> None:
    assert samples.latest() is None
    assert samples.last_taken_at() is None
    assert samples.days(DAY, DAY) == []
    assert samples.daily_totals("system", DAY, DAY) == {}
    assert samples.storage_totals("system", DAY, DAY) == {}
    for series in (samples.cluster_days, samples.host_days, samples.datastore_days, samples.machine_periods):
        assert list(series(DAY, DAY)) == []


def test_what_was_saved_is_what_is_read(samples: SampleStore) -> None:
    unknown = machine_sample(
        "b",
        key=None,
        system=None,
        owner=None,
        managed=False,
        power="suspended",
        cpu_reserved_mhz=None,
        cpu_used_mhz=None,
        memory_used_gb=None,
        network_used_kbps=None,
        snapshots=2,
        snapshot_gb=None,
        oldest_snapshot=MORNING - timedelta(days=9),
        guest_disk_used_gb=None,
        storage=(
            StorageUse(datastore="fast-01", tier="fast", allocated_gb=1.5, used_gb=None),
            StorageUse(datastore="unseen", tier=None, allocated_gb=2.0, used_gb=0.125),
        ),
    )
    saved = observation(MORNING, [machine_sample("a"), unknown])
    samples.save(saved)
    assert samples.latest(MORNING) == saved


def test_before_the_first_sample_nothing_is_known(samples: SampleStore) -> None:
    samples.save(observation(MORNING, [machine_sample("a")]))
    assert samples.latest(MORNING - timedelta(days=1)) is None


def test_a_renamed_machine_is_the_same_and_a_moved_one_leaves_its_past_where_it_was(samples: SampleStore) -> None:
    machine = machine_sample("a")
    samples.save(observation(MORNING, [machine]))
    moved = dataclasses.replace(machine, name="z", system="s02", owner="org-302")
    samples.save(observation(MORNING + timedelta(days=1), [moved]))
    totals = samples.daily_totals("system", DAY, DAY + timedelta(days=1))
    assert {name: [each.day for each in series] for name, series in totals.items()} == {
        "s01": [DAY],
        "s02": [DAY + timedelta(days=1)],
    }
    (period,) = samples.machine_periods(DAY, DAY + timedelta(days=1))
    assert (period.name, period.system, period.days) == ("z", "s02", 2)


def test_a_sample_that_is_not_after_the_last_one_is_refused(samples: SampleStore) -> None:
    samples.save(observation(MORNING, [machine_sample("a")]))
    for taken_at in (MORNING, MORNING - HOUR):
        with pytest.raises(InvalidRecordError, match="another collector"):
            samples.save(observation(taken_at, [machine_sample("a")]))
    assert [day.samples for day in samples.days(DAY, DAY)] == [1]


def test_a_reading_that_breaks_off_leaves_nothing(
    samples: SampleStore, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(sample_writer, "_place_rows", broken)
    with pytest.raises(OSError, match="no space left"):
        samples.save(observation(MORNING, [machine_sample("a")]))
    with store.database.read() as connection:
        for table in sample_tables.sample_runs.metadata.sorted_tables:
            if "sample" in table.name or table.name.endswith(("_days", "_reads")):
                assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0, table.name


def test_a_day_is_that_of_the_data_centre(samples: SampleStore) -> None:
    samples.save(observation(datetime(2027, 3, 31, 14, 59, tzinfo=UTC), [machine_sample("a")]))  # 23:59 in Tokyo
    samples.save(observation(datetime(2027, 3, 31, 15, 1, tzinfo=UTC), [machine_sample("a")]))  # 00:01 in Tokyo
    assert [each.day for each in samples.days(date(2027, 1, 1), date(2027, 12, 31))] == [
        date(2027, 3, 31),
        date(2027, 4, 1),
    ]


def test_a_total_is_allocated_by_the_last_sample_and_used_by_all(samples: SampleStore) -> None:
    first = machine_sample("a", cpu_used_mhz=100, cpu_count=2)
    samples.save(observation(MORNING, [first, machine_sample("b", cpu_used_mhz=50)]))
    grown = dataclasses.replace(first, cpu_used_mhz=700, cpu_count=4)
    samples.save(observation(MORNING + HOUR, [grown]))
    (total,) = samples.daily_totals("system", DAY, DAY)["s01"]
    assert (total.machines, total.powered_on, total.cpu_count, total.storage_allocated_gb) == (1, 1, 4, 40.0)
    assert total.cpu_used_mhz == Used(mean=(150 + 700) / 2, highest=700, p95=700)


def test_a_place_that_became_empty_is_zero_and_no_longer_counted(samples: SampleStore) -> None:
    samples.save(observation(MORNING, [machine_sample("a"), machine_sample("b", system="s02", cpu_used_mhz=80)]))
    samples.save(observation(MORNING + HOUR, [machine_sample("a")]))
    (total,) = samples.daily_totals("system", DAY, DAY)["s02"]
    assert (total.machines, total.memory_gb, total.storage_used_gb) == (0, 0.0, 0.0)
    assert total.cpu_used_mhz == Used(mean=40.0, highest=80, p95=80)


def test_a_part_is_not_the_whole(samples: SampleStore) -> None:
    samples.save(observation(MORNING, [machine_sample("a"), machine_sample("b", network_used_kbps=None)]))
    (total,) = samples.daily_totals("system", DAY, DAY)["s01"]
    assert total.network_used_kbps is None
    assert total.cpu_used_mhz is not None


def test_storage_is_told_by_tier_and_filters_limit(samples: SampleStore) -> None:
    slow = (StorageUse(datastore="slow-01", tier="standard", allocated_gb=100.0, used_gb=None),)
    machines = [machine_sample("a"), machine_sample("b"), machine_sample("c", system=None, storage=slow)]
    samples.save(observation(MORNING, machines))
    assert samples.storage_totals("system", DAY, DAY) == {
        "s01": [StorageTotal(day=DAY, tier="fast", allocated_gb=80.0, used_gb=25.0)],
        None: [StorageTotal(day=DAY, tier="standard", allocated_gb=100.0, used_gb=None)],
    }
    only = samples.storage_totals("system", DAY, DAY, Filters(systems=("s01",)))
    assert set(only) == {"s01"}
    assert set(samples.daily_totals("system", DAY, DAY, Filters(systems=(None,)))) == {None}
    assert samples.daily_totals("cluster", DAY, DAY, Filters(segments=("internet",))) == {}
    assert [each.name for each in samples.machine_periods(DAY, DAY, Filters(systems=(None,)))] == ["c"]


def test_a_vcenter_that_was_down_is_a_gap_with_its_last_known_state(samples: SampleStore) -> None:
    other = machine_sample("x", vcenter="vc-two", system="s09", storage=())
    samples.save(observation(MORNING, [machine_sample("a"), other], read=(VCENTER, "vc-two")))
    later = MORNING + timedelta(days=1)
    down = observation(later, [machine_sample("a")], missing={"vc-two": "vc-two: no answer within 10 s"})
    samples.save(down)
    assert [(each.day, each.missing) for each in samples.days(DAY, DAY + timedelta(days=1))] == [
        (DAY, ()),
        (DAY + timedelta(days=1), ("vc-two",)),
    ]
    assert [each.day for each in samples.daily_totals("vcenter", DAY, DAY + timedelta(days=1))["vc-two"]] == [DAY]
    known = samples.latest(later)
    assert known is not None
    assert known.missing == {"vc-two": "vc-two: no answer within 10 s"}
    assert known.read_at == {VCENTER: later, "vc-two": MORNING}
    assert other in known.machines


def test_a_sample_that_reached_nobody_is_kept_as_a_gap(samples: SampleStore) -> None:
    samples.save(observation(MORNING, [], read=(), missing={VCENTER: "down"}))
    assert [(each.samples, each.missing) for each in samples.days(DAY, DAY)] == [(1, (VCENTER,))]
    assert samples.daily_totals("system", DAY, DAY) == {}
    known = samples.latest(MORNING)
    assert known is not None
    assert (known.machines, known.read_at, known.missing) == ((), {}, {VCENTER: "down"})


def test_hosts_clusters_and_datastores_have_days(samples: SampleStore) -> None:
    samples.save(observation(MORNING, [machine_sample("a")]))
    assert [(each.host, each.cpu_cores, each.memory_used_gb) for each in samples.host_days(DAY, DAY)] == [
        ("esx01", 32, Used(mean=180.5, highest=180.5, p95=180.5)),
        ("esx02", 32, Used(mean=180.5, highest=180.5, p95=180.5)),
    ]
    (cluster,) = samples.cluster_days(DAY, DAY)
    assert (cluster.cluster, cluster.hosts, cluster.host_failures_tolerated) == ("cluster-a", 2, 1)
    (datastore,) = samples.datastore_days(DAY, DAY)
    assert (datastore.datastore, datastore.tier, datastore.free_gb) == ("fast-01", "fast", 3072.0)


def test_another_process_reads_what_this_one_saved(opened: Callable[[], Store]) -> None:
    saved = observation(MORNING, [machine_sample("a")])
    SampleStore(opened(), TOKYO).save(saved)
    assert SampleStore(opened(), TOKYO).latest() == saved
