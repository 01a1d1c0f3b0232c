"""What must hold whatever the estate: sums, partitions, monotony, and bills to the yen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import (
    Rates,
    SplitKeys,
    Tariff,
    TierRate,
    TierWeight,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Disk, Machine
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Filters, Period, WhatIfRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount, sum_amounts
from tests.support.builders import OTHER_VCENTER, VCENTER, make_machine, make_system
from tests.support.usage_estate import (
    NOW,
    make_days,
    make_history,
    make_observation,
    make_report,
    make_sample,
    make_tariff,
    make_usage_estate,
    on,
)

FIRST = date(2026, 4, 1)
OWNERS = ("org-11", "org-21", "org-31")
CLUSTERS = {"lgwan": "lgwan", "mynumber": "mynumber"}  # cluster -> segment

sizes = st.tuples(
    st.integers(1, 32),  # vCPU
    st.integers(1, 128),  # GiB of memory
    st.lists(st.tuples(st.sampled_from(["fast", "standard"]), st.integers(1, 2000)), max_size=3),
    st.sampled_from(["planned", "in-service", "retiring", "retired"]),
)


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """One to five systems of a few machines, somebody's and in one of two clusters."""
    systems = []
    for number in range(draw(st.integers(1, 5))):
        cluster = draw(st.sampled_from(sorted(CLUSTERS)))
        machines = [_machine(f"s{number:02}-{index}", *draw(sizes)) for index in range(draw(st.integers(0, 4)))]
        systems.append(
            make_system(
                f"s{number:02}",
                *machines,
                owner=draw(st.sampled_from(OWNERS)),
                cluster=cluster,
                segment=CLUSTERS[cluster],
                kind=draw(st.sampled_from(["hosted", "hosted", "platform"])),
            )
        )
    return make_usage_estate(*systems)


def _machine(key: str, cpu: int, memory_gb: int, disks: Any, status: str) -> Machine:
    return make_machine(
        key,
        name=key,
        flavour=None,
        cpu=cpu,
        memory_gb=memory_gb,
        status=status,
        disks=tuple(Disk(name=f"d{number}", size_gb=gib, tier=tier) for number, (tier, gib) in enumerate(disks)),
    )


def observed(estate: Estate) -> UsageReport:
    """Every machine seen in vCenter just as described, on one datastore per tier."""
    samples = [
        make_sample(
            estate,
            machine.name,
            [on(f"lgwan-{disk.tier}-01", disk.size_gb, disk.size_gb / 2) for disk in machine.disks],
            cpu_count=machine.cpu,
            memory_gb=float(machine.memory_gb or 0),
            segment=system.segment,
            cluster=system.cluster,
            cpu_used_mhz=100,
        )
        for system, machine in estate.machines()
    ]
    read_at = {VCENTER: NOW, OTHER_VCENTER: NOW}
    return make_report(
        estate, observation=make_observation(estate, machines=tuple(samples), read_at=read_at, missing={})
    )


def amounts_add_up(total: Amount | None, parts: Iterable[Amount | None]) -> None:
    assert total == sum_amounts(part for part in parts if part is not None)


@given(estate=estates())
@settings(max_examples=60, deadline=None)
def test_divisions_and_systems_add_up_to_the_total(estate: Estate) -> None:
    report = observed(estate)
    for rows in (report.divisions, report.systems):
        amounts_add_up(report.total.described, (row.described for row in rows))
        amounts_add_up(report.total.actual, (row.actual for row in rows))
    amounts_add_up(report.total.described, (row.described for row in report.machines))
    amounts_add_up(report.total.actual, (row.actual for row in report.machines))
    if report.total.used is not None:
        used = [row.used for row in report.divisions if row.used is not None]
        assert sum(each.cpu_mhz or 0 for each in used) == report.total.used.cpu_mhz
        assert sum(each.storage_gib or 0 for each in used) == report.total.used.storage_gib


@given(estate=estates())
@settings(max_examples=40, deadline=None)
def test_clusters_carry_what_systems_have(estate: Estate) -> None:
    report = make_report(estate)
    demand = {"cpu": 0.0, "memory": 0.0}
    for cluster in report.clusters:
        for each in cluster.balances:
            demand[each.resource] += each.demand
    assert demand == {"cpu": report.total.described.vcpu, "memory": report.total.described.memory_gib}
    stored = sum(each.demand for tier in report.tiers for each in tier.balances)
    assert stored == report.total.described.storage_gib


@given(estate=estates(), by=st.sampled_from(["system", "owner", "segment"]))
@settings(max_examples=40, deadline=None)
def test_filters_partition_everything(estate: Estate, by: str) -> None:
    values = {
        "system": [system.id for system in estate.systems],
        "owner": ["org-10", "org-20", "org-30"],
        "segment": ["lgwan", "mynumber"],
    }[by]
    whole = make_report(estate)
    parts = [make_report(estate, filters=Filters(**{by: value})) for value in values]
    amounts_add_up(whole.total.described, (part.total.described for part in parts))
    assert sum(len(part.machines) for part in parts) == len(whole.machines)
    bills = [sum(part.cost.total_yen for part in parts if part.cost), whole.cost.total_yen if whole.cost else 0]
    assert bills[0] == bills[1]


@given(estate=estates(), size=sizes)
@settings(max_examples=60, deadline=None)
def test_one_more_machine_never_makes_room(estate: Estate, size: tuple[int, int, Any, str]) -> None:
    first = estate.systems[0]
    more = make_system(
        first.id,
        *first.machines,
        _machine("one-more", *size),
        owner=first.owner,
        cluster=first.cluster,
        segment=first.segment,
        kind=first.kind,
    )
    grown = make_usage_estate(more, *estate.systems[1:])
    for before, after in ((make_report(estate), make_report(grown)), (observed(estate), observed(grown))):
        for earlier, later in zip(before.clusters, after.clusters, strict=True):
            for old, new in zip(earlier.balances, later.balances, strict=True):
                assert new.free <= old.free
                assert new.capacity == old.capacity
        free = {(tier.name, each.basis): each.free for tier in after.tiers for each in tier.balances}
        for tier in before.tiers:
            for each in tier.balances:
                assert free[tier.name, each.basis] <= each.free


@given(estate=estates(), count=st.integers(1, 60), more=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_what_if_is_monotone_and_tells_the_most(estate: Estate, count: int, more: int) -> None:
    def fits(number: int) -> bool:
        request = WhatIfRequest(count=number, flavour="m8", where="lgwan")
        answer = make_report(estate, request=request).what_if
        assert answer is not None
        assert answer.places[0].fits == (not answer.places[0].tipping)
        assert answer.places[0].fits == (number <= answer.places[0].most_machines)
        return answer.places[0].fits

    assert fits(count) or not fits(count + more)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    bill = draw(st.integers(0, 10**10))
    if draw(st.booleans()):
        rates = Rates(
            yen_per_machine_month=draw(st.integers(0, 10**5)),
            yen_per_cpu_month=draw(st.integers(0, 10**5)),
            yen_per_gb_memory_month=draw(st.integers(0, 10**4)),
            storage=(TierRate(tier="fast", yen_per_gb_month=draw(st.integers(0, 1000))),),
        )
        return make_tariff(bill_yen_per_year=bill, method="rates", keys=None, rates=rates)
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    return make_tariff(
        bill_yen_per_year=bill,
        keys=SplitKeys(
            machine_percent=cuts[0],
            cpu_percent=cuts[1] - cuts[0],
            memory_percent=cuts[2] - cuts[1],
            storage_percent=100 - cuts[2],
            tier_weights=(TierWeight(tier="fast", weight=draw(st.integers(0, 9))),),
        ),
    )


def check_bill(report: UsageReport) -> None:
    assert report.cost is not None
    for row in report.cost.equipment:
        assert sum(share.total_yen for share in row.shares) == row.allocated_yen
        assert row.allocated_yen + row.unallocated_yen == row.bill_yen
        assert sum(each.total_yen for each in row.divisions) == row.allocated_yen
        assert all(share.direct_yen + share.shared_yen == share.total_yen >= 0 for share in row.shares)
        if row.method == "split":
            assert row.unallocated_yen in {0, row.bill_yen}


@given(estate=estates(), tariff=tariffs(), start=st.integers(0, 400), days=st.integers(1, 400))
@settings(max_examples=80, deadline=None)
def test_the_described_split_comes_to_the_bill(estate: Estate, tariff: Tariff, start: int, days: int) -> None:
    first = FIRST + timedelta(days=start)
    period = Period(first_day=first, last_day=first + timedelta(days=days - 1))
    check_bill(make_report(estate, tariffs=(tariff,), period=period))


@given(
    tariff=tariffs(),
    lives=st.lists(
        st.tuples(st.integers(0, 59), st.integers(1, 60), st.integers(1, 64), st.integers(0, 5000)),
        min_size=1,
        max_size=6,
    ),
    gaps=st.sets(st.integers(0, 59), max_size=50),
)
@settings(max_examples=80, deadline=None)
def test_the_split_by_history_comes_to_the_bill(
    tariff: Tariff, lives: list[tuple[int, int, int, int]], gaps: set[int]
) -> None:
    """Systems that live for parts of two months, read on some of its days."""
    days = [FIRST + timedelta(days=number) for number in range(60) if number not in gaps]
    series = tuple(
        make_days(
            f"s{index:02}",
            [day for day in days if start <= (day - FIRST).days < start + length],
            vcpu=vcpu,
            memory_gib=vcpu / 4,
            fast_gib=float(gib),
        )
        for index, (start, length, vcpu, gib) in enumerate(lives)
    )
    estate = make_usage_estate(*(make_system(f"s{index:02}", owner="org-11") for index in range(len(lives))))
    period = Period(first_day=FIRST, last_day=FIRST + timedelta(days=59))
    history = make_history(sampled_days=tuple(days), systems=series)
    report = make_report(estate, tariffs=(tariff,), period=period, history=history)
    check_bill(report)
    assert report.cost is not None
    whole = [share for share, life in zip(report.cost.equipment[0].shares, lives, strict=True) if life[:2] == (0, 60)]
    assert all(share.machine_days == 60 for share in whole)  # gaps or not
