"""Demand and capacity, by hand-made numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import (
    cluster_headroom,
    storage_headroom,
    usable_gb,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from tests.support.small_estate import AS_OF, copy_small


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    estate = inspect(copy_small(tmp_path), AS_OF).estate
    assert estate is not None
    return estate


def with_systems(estate: Estate, **changes: object) -> Estate:
    return Estate(tuple(replace(system, **changes) for system in estate.systems), estate.platform)  # type: ignore[arg-type]


def test_demand_and_capacity_with_one_host_lost(estate: Estate) -> None:
    mynumber = cluster_headroom(estate)[1]
    assert (mynumber.cluster, mynumber.hosts, mynumber.host_failures_tolerated) == ("kyotsu-mynumber", 2, 1)
    assert (mynumber.cpu_demand, mynumber.cpu_capacity, mynumber.cpu_total) == (2 + 2 + 3, 64, 128)
    assert (mynumber.memory_demand_gb, mynumber.memory_capacity_gb, mynumber.memory_total_gb) == (8 + 4 + 6, 128, 256)
    assert mynumber.memory_percent == pytest.approx(100 * 18 / 128)
    assert mynumber.fits


def test_a_pool_counts_with_all_its_desktops(estate: Estate) -> None:
    lgwan = cluster_headroom(estate)[0]
    assert (lgwan.cpu_demand, lgwan.memory_demand_gb) == (2 + 20 * 2, 8 + 20 * 4)


def test_the_largest_host_is_the_one_that_is_lost(estate: Estate) -> None:
    cluster = estate.platform.clusters[1]
    hosts = (replace(cluster.hosts[0], memory_gb=512), replace(cluster.hosts[1], cpu_cores=64))
    platform = replace(estate.platform, clusters=(replace(cluster, hosts=hosts),))
    (headroom,) = cluster_headroom(Estate(estate.systems, platform))
    assert (headroom.cpu_capacity, headroom.memory_capacity_gb) == (16 * 4, 128)


def test_more_failures_than_hosts_leave_nothing(estate: Estate) -> None:
    cluster = replace(estate.platform.clusters[1], host_failures_tolerated=3)
    (headroom,) = cluster_headroom(Estate(estate.systems, replace(estate.platform, clusters=(cluster,))))
    assert (headroom.cpu_capacity, headroom.cpu_percent, headroom.fits) == (0, float("inf"), False)


@pytest.mark.parametrize(("status", "counts"), [("planned", True), ("retiring", True), ("retired", False)])
def test_what_is_planned_or_on_its_way_out_counts_and_what_is_retired_does_not(
    estate: Estate, status: str, counts: bool
) -> None:
    headrooms = cluster_headroom(with_systems(estate, status=status))
    assert [headroom.cpu_demand > 0 for headroom in headrooms] == [counts, counts, False]
    assert any(headroom.demand_gb for headroom in storage_headroom(with_systems(estate, status=status))) is counts


def test_a_machine_that_is_off_counts(estate: Estate) -> None:
    systems = tuple(
        replace(system, machines=tuple(replace(machine, power="off") for machine in system.machines))
        for system in estate.systems
    )
    assert cluster_headroom(Estate(systems, estate.platform)) == cluster_headroom(estate)


def test_storage_by_tier_and_cluster(estate: Estate) -> None:
    by_tier = {(headroom.tier, headroom.clusters): headroom for headroom in storage_headroom(estate)}
    fast = by_tier["fast", ("kyotsu-mynumber",)]
    assert (fast.demand_gb, fast.usable_gb, fast.capacity_gb, fast.datastores) == (
        200,
        700,
        1000,
        ("mynumber-fast-01",),
    )
    assert by_tier["desktop", ("kyotsu-lgwan",)].demand_gb == 20 * 10
    assert fast.percent == pytest.approx(100 * 200 / 700)


def test_clusters_that_share_a_datastore_share_its_space_once(estate: Estate) -> None:
    shared = replace(
        estate.platform.datastores[0], tier="standard", clusters=("kyotsu-lgwan", "kyotsu-mynumber"), name="shared"
    )
    platform = replace(estate.platform, datastores=(*estate.platform.datastores, shared))
    (standard,) = [item for item in storage_headroom(Estate(estate.systems, platform)) if item.tier == "standard"]
    assert standard.clusters == ("kyotsu-lgwan", "kyotsu-mynumber")
    assert set(standard.datastores) == {"lgwan-standard-01", "mynumber-standard-01", "shared"}
    assert (standard.capacity_gb, standard.demand_gb) == (3000, 40 + 3 * 40)


def test_a_demand_without_any_datastore_is_not_forgotten(estate: Estate) -> None:
    platform = replace(estate.platform, datastores=())
    headrooms = storage_headroom(Estate(estate.systems, platform))
    assert headrooms
    assert not any(headroom.fits for headroom in headrooms)


def test_the_reserve_for_snapshots_is_kept_below_the_fill_limit(estate: Estate) -> None:
    datastore = replace(
        estate.platform.datastores[0], capacity_gb=500, fill_limit_percent=85, snapshot_reserve_percent=5
    )
    assert usable_gb(datastore) == 400
