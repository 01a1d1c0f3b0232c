"""Clusters as they really are: hosts away, more hosts than described, reservations, clusters of nobody."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import ClusterSample
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import ClusterCapacity
from tests.support.builders import VCENTER
from tests.support.usage_estate import (
    make_host,
    make_observation,
    make_report,
    make_sample,
    make_usage_estate,
)


def lgwan(**observed: Any) -> ClusterCapacity:
    estate = make_usage_estate()
    report = make_report(estate, observation=make_observation(estate, **observed))
    return next(each for each in report.clusters if each.cluster == "lgwan")


def capacity(cluster: ClusterCapacity, basis: str) -> list[tuple[str, float]]:
    return [(each.resource, each.capacity) for each in cluster.balances if each.basis == basis]


@pytest.mark.parametrize("away", [{"in_maintenance": True}, {"state": "disconnected"}, {"state": "notResponding"}])
def test_a_host_that_is_away_carries_nothing_and_one_more_may_be_lost(away: dict[str, Any]) -> None:
    """Of two hosts one is away; with one more lost nothing is left. What is described still counts both."""
    cluster = lgwan(hosts=(make_host("lgwan-esx01", 100, 1.0), make_host("lgwan-esx02", 9, 9.0, **away)))
    assert (cluster.hosts_described, cluster.hosts_observed, cluster.hosts_unavailable) == (2, 1, ("lgwan-esx02",))
    assert capacity(cluster, "described") == [("cpu", 64), ("memory", 256)]
    assert capacity(cluster, "actual") == [("cpu", 0), ("memory", 0)]
    demand = cluster.balance("cpu", "demand")
    assert demand is not None
    assert (demand.demand, demand.capacity, demand.total, demand.percent) == (100, 0, 41_600, None)
    assert not cluster.fits


def test_the_largest_host_is_the_one_that_is_lost() -> None:
    """8, 16 and 32 cores; 512, 256 and 128 GiB: lost are the 32 cores for CPU, and the 512 GiB for memory."""
    hosts = tuple(
        make_host(f"esx{number}", 1, 1.0, cpu_cores=cores, memory_gb=gib)
        for number, (cores, gib) in enumerate(((8, 512.0), (16, 256.0), (32, 128.0)))
    )
    cluster = lgwan(hosts=hosts)
    assert capacity(cluster, "actual") == [("cpu", (8 + 16) * 4), ("memory", 256 + 128)]
    assert capacity(cluster, "demand") == [("cpu", (8 + 16) * 2600), ("memory", 256 + 128)]


def test_a_host_that_does_not_tell_its_use_leaves_the_demand_unknown() -> None:
    cluster = lgwan(hosts=(make_host("lgwan-esx01", 100, None), make_host("lgwan-esx02", None, None)))
    assert capacity(cluster, "demand") == []
    assert capacity(cluster, "actual") != []


def test_reservations_as_ha_counts_them() -> None:
    """Running machines: 1,000 MHz reserved and none (32 MHz count) of 83,200; 64 GiB of 512. An off one counts not."""
    estate = make_usage_estate()
    cluster = lgwan(
        machines=(
            make_sample(estate, "a", cpu_reserved_mhz=1000, memory_reserved_gb=64.0),
            make_sample(estate, "b", cpu_reserved_mhz=0, memory_reserved_gb=0.0),
            make_sample(estate, "c", cpu_reserved_mhz=9999, memory_reserved_gb=99.0, power="off"),
        )
    )
    assert cluster.reserved_cpu_percent == pytest.approx(100 * 1032 / 83_200)
    assert cluster.reserved_memory_percent == pytest.approx(12.5)


def test_reservations_that_were_not_collected_are_unknown() -> None:
    assert (lgwan().reserved_cpu_percent, lgwan().reserved_memory_percent) == (None, None)


def test_a_cluster_that_only_vcenter_knows() -> None:
    estate = make_usage_estate()
    sample = ClusterSample(
        vcenter=VCENTER,
        name="strange",
        segment=None,
        equipment=None,
        ha=True,
        host_failures_tolerated=1,
        admission_policy="",
        hosts=2,
        cpu_cores=32,
        cpu_total_mhz=83_200,
        memory_gb=512.0,
    )
    hosts = tuple(make_host(name, 10, 1.0, cluster="strange") for name in ("s1", "s2"))
    machines = (make_sample(estate, "x", cluster="strange", cpu_count=20, memory_gb=8.0),)
    report = make_report(
        estate, observation=make_observation(estate, hosts=hosts, clusters=(sample,), machines=machines)
    )
    cluster = report.clusters[-1]
    assert (cluster.cluster, cluster.segment, cluster.hosts_described, cluster.hosts_observed) == (
        "strange",
        None,
        0,
        2,
    )
    assert [(each.basis, each.demand, each.capacity) for each in cluster.balances if each.resource == "cpu"] == [
        ("actual", 20, 16),  # no overcommit is known, so none is granted
        ("demand", 20, 41_600),
    ]
    assert ("cluster-not-described", "strange") in {(each.code, each.subject) for each in report.header.notes}
    assert ("cluster_cpu_percent", "strange", "actual") in {
        (each.threshold, each.place, each.basis) for each in report.exceeded
    }


@pytest.mark.parametrize(("mhz", "passed"), [(37_440, False), (37_441, True)])
def test_exactly_at_the_threshold_is_not_over_it(mhz: int, passed: bool) -> None:
    """90 percent of 41,600 MHz are 37,440."""
    estate = make_usage_estate()
    hosts = (make_host("lgwan-esx01", mhz, 1.0), make_host("lgwan-esx02", 0, 1.0))
    report = make_report(estate, observation=make_observation(estate, hosts=hosts))
    over = [each for each in report.exceeded if each.threshold == "cluster_cpu_percent"]
    assert [(each.place, each.basis, each.limit) for each in over] == ([("lgwan", "demand", 90)] if passed else [])
