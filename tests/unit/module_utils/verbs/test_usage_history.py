"""The past out of the samples: days as they were saved, gaps left out, systems that are gone still told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import SampleStore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.usage_history import read_history
from tests.bench.history import fill_history
from tests.support.small_estate import AS_OF, copy_small

DAYS = 90
LAST = AS_OF - timedelta(days=1)
FIRST = AS_OF - timedelta(days=30)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return load_estate(copy_small(tmp_path_factory.mktemp("small")), as_of=AS_OF, use_cache=False).estate


@pytest.fixture(scope="module")
def file(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.sqlite3"
    fill_history(path, estate, machines=12, days=DAYS, last=LAST)
    return path


@pytest.fixture(scope="module")
def history(estate: Estate, file: Path) -> Iterator[History]:
    with open_store(f"sqlite:///{file}", production=False, create=False) as store:
        yield read_history(SampleStore(store, ZoneInfo("Asia/Tokyo")), estate, AS_OF, FIRST, date(2027, 3, 31))


def test_the_period_has_the_days_that_have_samples(history: History) -> None:
    assert history.sampled_days == tuple(FIRST + timedelta(days=number) for number in range(30))
    assert history.missing == {}


def test_a_series_holds_what_the_machines_of_the_day_add_up_to(history: History, file: Path) -> None:
    with sqlite3.connect(file) as database:
        wanted = dict(
            database.execute(
                "SELECT p.cluster, sum(d.memory_gb) FROM machine_days AS d "
                "JOIN sample_places AS p ON p.id = d.place_id "
                "WHERE d.day = (SELECT max(day) FROM machine_days) GROUP BY p.cluster"
            )
        )
    assert wanted
    for cluster, memory_gib in wanted.items():
        points = history.points("cluster", cluster, "allocated_memory_gib")
        assert points[-1] == (LAST, memory_gib)
        assert len(points) == DAYS, "the forecast looks further back than the period"


def test_every_system_has_its_days_on_its_equipment(history: History, estate: Estate) -> None:
    for series in history.systems:
        system = estate.system_by_id[series.system]
        assert series.equipment == estate.cluster_by_name[system.cluster].equipment
        assert series.owner is None, "whose a described system is, systems/ says"
        assert [day.day for day in series.days] == sorted({day.day for day in series.days})


def test_the_owner_of_a_system_that_is_gone_comes_from_the_samples(estate: Estate, file: Path) -> None:
    gone = estate.systems[0]
    rest = Estate(systems=estate.systems[1:], platform=estate.platform)
    with open_store(f"sqlite:///{file}", production=False, create=False) as store:
        found = read_history(SampleStore(store, ZoneInfo("Asia/Tokyo")), rest, AS_OF, FIRST, LAST)
    assert {series.owner for series in found.systems if series.system == gone.id} == {gone.owner}


def test_machines_are_told_over_the_days_of_use(history: History, estate: Estate) -> None:
    assert len(history.machines) == 12
    assert all(0 < machine.days <= estate.platform.capacity.use_days for machine in history.machines)
    assert all(machine.cpu_p95_mhz is not None for machine in history.machines)
