"""Desktops, tape, and what is not known. The plain counts are in test_report.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import DesktopPool, System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import DesktopCount, Filters, Providers
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount, TierSize
from tests.support.builders import VCENTER, make_machine, make_system
from tests.support.usage_estate import (
    AS_OF,
    NOW,
    make_host,
    make_observation,
    make_report,
    make_sample,
    make_usage_estate,
    make_usage_systems,
    on,
)

POOL = DesktopPool(
    key="pool-1",
    name="pool",
    purpose=Text(ja="-", en="-"),
    count=100,
    name_prefix="d-",
    image="debian-12",
    network="lgwan-servers",
    tier="fast",
    disk_gb=10,
    persistent=False,
    cpu=2,
    memory_gb=4,
)


class Tape:
    def tape_gib_by_system(self, as_of: date) -> Mapping[str, float]:
        assert as_of == AS_OF
        return {"s01": 500.0}


class Broker:
    def desktop_counts(self, as_of: date) -> Mapping[str, DesktopCount]:
        assert as_of == AS_OF
        return {"pool-1": DesktopCount(provisioned=90, in_use=70, peak_in_use=85)}


def vdi(status: str = "in-service") -> System:
    return make_system("vdi", make_machine("broker"), kind="vdi", owner="org-31", desktop_pools=(POOL,), status=status)


def test_desktops_stand_beside_machines_and_count_in_sizes() -> None:
    report = make_report(make_usage_estate(vdi()))
    assert report.total.described == Amount(
        machines=1,
        desktops=100,
        vcpu=202,
        memory_gib=408.0,
        storage_gib_by_tier=(TierSize(tier="fast", gib=1040.0),),
    )
    (pool,) = report.desktop_pools
    assert (pool.described_desktops, pool.vcpu_each, pool.memory_gib_each, pool.storage_gib_each) == (100, 2, 4, 10)
    assert (pool.provisioned_desktops, pool.in_use_desktops) == (None, None)
    assert {"desktops-not-collected", "tape-not-collected"} <= {each.code for each in report.header.notes}


def test_providers_fill_in_what_they_know() -> None:
    estate = make_usage_estate(vdi(), *make_usage_systems())
    report = make_report(estate, providers=Providers(tape=Tape(), desktops=Broker()))
    (pool,) = report.desktop_pools
    assert (pool.provisioned_desktops, pool.in_use_desktops, pool.peak_in_use_desktops) == (90, 70, 85)
    assert {each.system: each.tape_gib for each in report.systems} == {
        "vdi": 0.0,
        "platform-lgwan": 0.0,
        "s01": 500.0,
        "s02": 0.0,
    }
    assert report.total.tape_gib == 500.0
    assert not {"desktops-not-collected", "tape-not-collected"} & {each.code for each in report.header.notes}


def test_desktops_in_vcenter_count_for_their_system() -> None:
    estate = make_usage_estate(vdi())
    desktops = tuple(
        make_sample(
            estate,
            f"d-{number}",
            [on("lgwan-fast-01", 10, 1)],
            pool="pool-1",
            system="vdi",
            managed=True,
            memory_gb=4.0,
        )
        for number in range(3)
    )
    report = make_report(estate, observation=make_observation(estate, machines=desktops))
    assert report.total.actual == Amount(
        desktops=3, vcpu=6, memory_gib=12.0, storage_gib_by_tier=(TierSize(tier="fast", gib=30.0),)
    )
    assert report.desktop_pools[0].provisioned_desktops == 3
    assert [each.name for each in report.machines] == ["name-broker"]
    assert (report.unmanaged, report.powered_off) == ((), ())


def test_a_retired_system_has_no_pool_any_more() -> None:
    report = make_report(make_usage_estate(vdi("retired")))
    assert (report.desktop_pools, report.total.described) == ((), Amount())


def test_an_estate_without_desktops_says_nothing_about_them() -> None:
    assert "desktops-not-collected" not in {each.code for each in make_report(make_usage_estate()).header.notes}


def test_planned_machines_are_described_and_not_missing() -> None:
    estate = make_usage_estate(make_system("s01", make_machine("a"), owner="org-11", status="planned"))
    report = make_report(estate, observation=make_observation(estate, machines=()))
    assert report.total.described.machines == 1
    assert [each.differences for each in report.machines] == [()]


def test_a_vcenter_whose_last_state_is_old_still_counts() -> None:
    """It could not be read now, but what it held an hour ago is there: known, and said to be unreachable."""
    estate = make_usage_estate()
    report = make_report(
        estate, observation=make_observation(estate, missing={VCENTER: "timeout"}, read_at={VCENTER: NOW})
    )
    assert report.total.actual is not None
    assert {(each.code, each.subject) for each in report.header.notes} >= {("vcenter-unreachable", VCENTER)}


def test_a_vcenter_that_never_answered_is_unknown_and_not_empty() -> None:
    estate = make_usage_estate()
    report = make_report(
        estate,
        observation=make_observation(
            estate, missing={VCENTER: "timeout"}, read_at={"vc-mynumber": NOW}, machines=(), hosts=(), datastores=()
        ),
    )
    assert report.total.actual is None
    assert all(each.differences == () for each in report.machines)
    lgwan = next(each for each in report.clusters if each.cluster == "lgwan")
    assert {each.basis for each in lgwan.balances} == {"described"}


def test_storage_of_a_tier_that_nobody_describes_stands_last() -> None:
    estate = make_usage_estate()
    sample = make_sample(estate, "a", [on("local-1", 5, 5), on("lgwan-fast-01", 40, 10)])
    report = make_report(
        estate, observation=make_observation(estate, machines=(sample,)), filters=Filters(system="s01")
    )
    assert report.systems[0].actual is not None
    assert report.systems[0].actual.storage_gib_by_tier == (
        TierSize(tier="fast", gib=40.0),
        TierSize(tier=None, gib=5.0),
    )
    assert report.systems[0].actual.tier_gib(None) == 5.0


def test_use_that_was_not_measured_is_not_nothing() -> None:
    estate = make_usage_estate()
    report = make_report(estate, observation=make_observation(estate, machines=(make_sample(estate, "a"),)))
    assert report.total.used is not None
    assert (report.total.used.machines_measured, report.total.used.cpu_mhz, report.total.used.memory_gib) == (
        0,
        None,
        None,
    )
    assert ("use-not-measured", 1, 1) in {(each.code, each.value, each.limit) for each in report.header.notes}


def test_some_machines_without_use_are_counted() -> None:
    """a tells everything, b no memory, c nothing; with a filter only those of the filter count."""
    estate = make_usage_estate()
    seen = make_observation(
        estate,
        machines=(
            make_sample(estate, "a", cpu_used_mhz=260, memory_used_gb=2.0),
            make_sample(estate, "b", cpu_used_mhz=260),
            make_sample(estate, "c"),
        ),
    )

    def counted(filters: Filters) -> list[tuple[float | None, float | None]]:
        notes = make_report(estate, observation=seen, filters=filters).header.notes
        return [(each.value, each.limit) for each in notes if each.code == "use-not-measured"]

    assert counted(Filters()) == [(2, 3)]
    assert counted(Filters(system="s01")) == [(1, 2)]


def test_cpu_in_processors_goes_by_the_machine_s_own_host() -> None:
    """260 MHz on a host of 1,300 MHz per core are 0.2 vCPU."""
    estate = make_usage_estate()
    report = make_report(
        estate,
        observation=make_observation(
            estate,
            machines=(make_sample(estate, "a", cpu_used_mhz=260, host="slow"),),
            hosts=(make_host("slow", 1, 1.0, cpu_mhz=1300),),
        ),
    )
    assert report.total.used is not None
    assert report.total.used.cpu_vcpu == 0.2
