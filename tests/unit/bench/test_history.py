"""The history that the bars are measured on is one that `collect` could have left."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from tests.bench.bench import missed_bars
from tests.bench.history import fill_history
from tests.support.small_estate import AS_OF, copy_small

LAST = date(2026, 11, 23)
DAYS = 40
FIRST = LAST - timedelta(days=DAYS - 1)


def test_the_sums_of_a_made_history_are_those_of_its_machines(tmp_path: Path) -> None:
    estate = load_estate(copy_small(tmp_path), as_of=AS_OF).estate
    file = tmp_path / "history.sqlite3"
    made = fill_history(file, estate, machines=25, days=DAYS, last=LAST)
    with open_store(f"sqlite:///{file}", production=False, create=False) as store:
        samples = SampleStore(store, ZoneInfo("Asia/Tokyo"))
        assert [each.day for each in samples.days(FIRST, LAST)] == [FIRST + timedelta(days=n) for n in range(DAYS)]
        systems = samples.daily_totals("system", FIRST, LAST)
        assert sum(total.machines for series in systems.values() for total in series) == made.machine_days
        machines = samples.machine_periods(LAST, LAST)
        assert len(machines) == 25
        known = samples.latest()
        assert known is not None
        assert {each.identity for each in known.machines} == {each.identity for each in machines}
        for system, series in systems.items():
            mine = [each for each in machines if each.system == system]
            assert series[-1].machines == len(mine)
            assert series[-1].memory_gb == sum(each.memory_gb for each in mine)
            assert series[-1].cpu_used_mhz is not None
            means = sum(each.cpu_used_mhz.mean for each in mine if each.cpu_used_mhz)
            assert series[-1].cpu_used_mhz.mean == pytest.approx(means)
        stored = samples.storage_totals("equipment", LAST, LAST)
        allocated = sum(total.allocated_gb for series in stored.values() for total in series)
        assert allocated == pytest.approx(sum(each.storage_allocated_gb for each in machines))
        filled = [1 - each.free_gb / each.capacity_gb for each in samples.datastore_days(LAST, LAST)]
        assert filled == pytest.approx([0.7] * len(filled), abs=0.02)


def test_as_described_hosts_and_datastores_are_as_large_as_the_estate_says(tmp_path: Path) -> None:
    estate = load_estate(copy_small(tmp_path), as_of=AS_OF).estate
    file = tmp_path / "history.sqlite3"
    described = sum(1 for _ in estate.machines())
    fill_history(file, estate, machines=described, days=DAYS, last=LAST, as_described=True)
    with open_store(f"sqlite:///{file}", production=False, create=False) as store:
        samples = SampleStore(store, ZoneInfo("Asia/Tokyo"))
        capacities = {datastore.name: datastore.capacity_gb for datastore in estate.platform.datastores}
        found = {each.datastore: each.capacity_gb for each in samples.datastore_days(LAST, LAST)}
        assert found
        assert found == {name: capacities[name] for name in found}
        known = samples.latest()
        assert known is not None
        memory_gb = {host.name: host.memory_gb for cluster in estate.platform.clusters for host in cluster.hosts}
        assert {each.name: each.memory_gb for each in known.hosts} == {
            each.name: memory_gb[each.name] for each in known.hosts
        }
        machines = samples.machine_periods(LAST, LAST)
        stored = samples.storage_totals("equipment", LAST, LAST)
        allocated = sum(total.allocated_gb for series in stored.values() for total in series)
        assert allocated == pytest.approx(sum(each.storage_allocated_gb for each in machines))


def size(machines: int, seconds: float, calls: int) -> dict[str, object]:
    rows = {"usage-cold": {"median_s": seconds}, "usage-warm": {"median_s": 1.0}, "calls-usage-warm": {"count": calls}}
    return {"machines": machines, "rows": rows}


@pytest.mark.parametrize(
    ("sizes", "calibration", "missed"),
    [
        ([size(164, 1, 16), size(10433, 14.9, 16)], 2.5, []),
        ([size(10433, 15.1, 16)], 2.8, ["15.1 s at 10433 machines, allowed 15.0 s"]),
        ([size(10433, 29, 16)], 5.6, []),
        ([size(164, 1, 16), size(2500, 2, 17)], 2.5, ["not the same at every size: {164: 16, 2500: 17}"]),
    ],
)
def test_when_the_collector_misses_its_bar(
    sizes: list[dict[str, object]], calibration: float, missed: list[str]
) -> None:
    lines = missed_bars({"sizes": sizes, "calibration_s": calibration})
    assert len(lines) == len(missed)
    assert all(line.endswith(wanted) for line, wanted in zip(lines, missed, strict=True))
