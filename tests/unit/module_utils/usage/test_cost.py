"""Who bears what: lives of machines, gaps, shared machines, prices. The plain split is counted in test_report.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import (
    Rates,
    SplitKeys,
    TierRate,
    TierWeight,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Disk, Retirement, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Filters, Period
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import EquipmentCost
from tests.support.builders import make_machine, make_system
from tests.support.usage_estate import (
    AS_OF,
    KYOTSU,
    make_days,
    make_history,
    make_report,
    make_tariff,
    make_usage_estate,
)

BY_CPU = SplitKeys(machine_percent=0, cpu_percent=100, memory_percent=0, storage_percent=0, tier_weights=())
APRIL = Period(first_day=date(2026, 4, 1), last_day=date(2026, 4, 30))
APRIL_DAYS = [APRIL.first_day + timedelta(days=day) for day in range(30)]
# A bill of 365,000 yen a year is 1,000 yen a day: 30,000 in April.
DAILY = make_tariff(bill_yen_per_year=365_000, keys=BY_CPU)


def the_bill(estate: Any, **overrides: Any) -> EquipmentCost:
    report = make_report(estate, **{"period": APRIL, "tariffs": (DAILY,), **overrides})
    assert report.cost is not None
    (row,) = report.cost.equipment
    assert row.allocated_yen == sum(share.total_yen for share in row.shares)
    assert row.bill_yen == row.allocated_yen + row.unallocated_yen
    return row


def totals(row: EquipmentCost) -> dict[str, int]:
    return {share.system: share.total_yen for share in row.shares}


def test_a_system_that_lived_ten_days_pays_for_ten() -> None:
    """s01 2 vCPU for 30 days = 60, s02 2 vCPU for 10 days = 20: 3/4 and 1/4 of 30,000."""
    history = make_history(
        sampled_days=tuple(APRIL_DAYS),
        systems=(make_days("s01", APRIL_DAYS, vcpu=2), make_days("s02", APRIL_DAYS[:10], vcpu=2)),
    )
    row = the_bill(make_usage_estate(), history=history)
    assert (row.basis, row.bill_yen, totals(row)) == ("history", 30_000, {"s01": 22_500, "s02": 7_500})


def test_days_without_samples_count_as_the_day_before() -> None:
    """Nothing was read from the 11th to the 20th; s02 was last seen on the 10th and counts until the 20th."""
    read = APRIL_DAYS[:10] + APRIL_DAYS[20:]
    history = make_history(
        sampled_days=tuple(read),
        systems=(make_days("s01", read, vcpu=2), make_days("s02", read[:10], vcpu=2)),
    )
    row = the_bill(make_usage_estate(), history=history)
    # s01: 2 x 30 = 60. s02: 2 x (10 + 10 days of gap) = 40. 30,000 by 60 : 40.
    assert totals(row) == {"s01": 18_000, "s02": 12_000}
    assert [share.vcpu_days for share in row.shares] == [60, 40]


def test_days_before_the_first_sample_count_as_it() -> None:
    history = make_history(
        sampled_days=tuple(APRIL_DAYS[20:]),
        systems=(make_days("s01", APRIL_DAYS[20:], vcpu=2),),
    )
    assert [share.vcpu_days for share in the_bill(make_usage_estate(), history=history).shares] == [60]


def test_a_vcenter_that_was_not_read_does_not_make_its_systems_free() -> None:
    """s02 lies in the other vCenter, which answered on the first day only."""
    s01 = make_system("s01", make_machine("a"), owner="org-11")
    s02 = make_system("s02", make_machine("c"), owner="org-21", cluster="mynumber", segment="mynumber")
    history = make_history(
        sampled_days=tuple(APRIL_DAYS),
        missing=dict.fromkeys(APRIL_DAYS[1:], ("vc-mynumber",)),
        systems=(make_days("s01", APRIL_DAYS, vcpu=2), make_days("s02", APRIL_DAYS[:1], vcpu=2)),
    )
    assert totals(the_bill(make_usage_estate(s01, s02), history=history)) == {"s01": 15_000, "s02": 15_000}


def test_the_rest_of_the_year_is_taken_as_it_is_now() -> None:
    """On 24 November the year goes on to March: the last known sizes stand for the days that are to come."""
    estate = make_usage_estate()
    days = [AS_OF - timedelta(days=1), AS_OF]
    history = make_history(
        sampled_days=tuple(days), systems=(make_days("s01", days, vcpu=2), make_days("s02", days[1:], vcpu=2))
    )
    report = make_report(estate, history=history, tariffs=(DAILY,))
    assert report.cost is not None
    assert [share.vcpu_days for share in report.cost.equipment[0].shares] == [2 * 365, 2 * 128]
    assert ("cost-projected", 127) in {(note.code, note.value) for note in report.header.notes}


def test_a_system_that_is_in_no_file_any_more_still_pays() -> None:
    history = make_history(
        sampled_days=tuple(APRIL_DAYS),
        systems=(make_days("s01", APRIL_DAYS, vcpu=2), make_days("s99", APRIL_DAYS, vcpu=1)),
    )
    row = the_bill(make_usage_estate(), history=history)
    assert totals(row) == {"s01": 20_000, "s99": 10_000}
    assert next(share for share in row.shares if share.system == "s99").division == ""


def test_a_described_machine_pays_until_its_retirement() -> None:
    """As described: a goes on 10 April, 2 vCPU for 10 days; c stays, 2 vCPU for 30; a planned one pays nothing yet."""
    gone = Retirement(date="2026-04-10", reason=Text(ja="-", en="-"), requested_by="-", approved_by="-")
    s01 = make_system("s01", make_machine("a", status="retired", retirement=gone), owner="org-11")
    s02 = make_system("s02", make_machine("c"), make_machine("d", status="planned"), owner="org-21")
    row = the_bill(make_usage_estate(s01, s02))
    assert (row.basis, totals(row)) == ("described", {"s01": 7_500, "s02": 22_500})


def test_what_ended_before_the_period_pays_nothing() -> None:
    gone = Retirement(date="2026-03-31", reason=Text(ja="-", en="-"), requested_by="-", approved_by="-")
    s01 = make_system("s01", make_machine("a"), owner="org-11", status="retired", retirement=gone)
    s02 = make_system("s02", make_machine("c"), owner="org-21")
    assert totals(the_bill(make_usage_estate(s01, s02))) == {"s01": 0, "s02": 30_000}


def test_prices_by_resource_and_month() -> None:
    """One machine of 2 vCPU, 8 GiB, 40 GiB fast, for April: 100 + 2 x 10 + 8 x 5 + 40 x 3 = 280 yen of 30,000."""
    rates = Rates(
        yen_per_machine_month=100,
        yen_per_cpu_month=10,
        yen_per_gb_memory_month=5,
        storage=(TierRate(tier="fast", yen_per_gb_month=3),),
    )
    tariff = make_tariff(bill_yen_per_year=365_000, method="rates", keys=None, rates=rates)
    estate = make_usage_estate(make_system("s01", make_machine("a"), owner="org-11"))
    row = the_bill(estate, tariffs=(tariff,))
    assert (totals(row), row.unallocated_yen) == ({"s01": 280}, 30_000 - 280)
    # A third of the month: 93.33 yen.
    history = make_history(
        sampled_days=tuple(APRIL_DAYS),
        systems=(make_days("s01", APRIL_DAYS[:10], vcpu=2, memory_gib=8.0, fast_gib=40.0),),
    )
    assert totals(the_bill(estate, tariffs=(tariff,), history=history)) == {"s01": 93}
    # Prices that give more than the bill: the difference is negative, and said.
    dear = make_tariff(bill_yen_per_year=1_000, method="rates", keys=None, rates=rates)
    assert the_bill(estate, tariffs=(dear,)).unallocated_yen == 82 - 280


def test_the_platform_pays_for_itself_where_nobody_else_is() -> None:
    estate = make_usage_estate(make_system("platform-lgwan", make_machine("p"), kind="platform", owner="org-31"))
    assert totals(the_bill(estate)) == {"platform-lgwan": 30_000}


def test_a_bill_that_nobody_used_stays_whole() -> None:
    row = the_bill(make_usage_estate(make_system("s01", make_machine("a", status="planned"), owner="org-11")))
    assert (row.allocated_yen, row.unallocated_yen) == (0, 30_000)


def test_a_key_of_which_nobody_has_anything_leaves_its_part_to_the_others() -> None:
    keys = SplitKeys(machine_percent=0, cpu_percent=50, memory_percent=0, storage_percent=50, tier_weights=())
    estate = make_usage_estate(
        make_system("s01", make_machine("a", disks=()), owner="org-11"),
        make_system("s02", make_machine("c", disks=()), owner="org-21"),
    )
    row = the_bill(estate, tariffs=(make_tariff(bill_yen_per_year=365_000, keys=keys),))
    assert totals(row) == {"s01": 15_000, "s02": 15_000}


def test_two_equipments_are_never_mixed() -> None:
    """s02 on equipment of its own bears its whole bill, however small it is beside s01."""
    estate = make_usage_estate(
        make_system("s01", make_machine("a", cpu=32, memory_gb=8, flavour=None), owner="org-11"),
        make_system("s02", make_machine("c"), owner="org-21", cluster="spare"),
        equipment=(KYOTSU, replace(KYOTSU, id="vdi")),
    )
    clusters = tuple(
        replace(each, equipment="vdi") if each.name == "spare" else each for each in estate.platform.clusters
    )
    estate = make_usage_estate(*estate.systems, equipment=estate.platform.equipment, clusters=clusters)
    report = make_report(
        estate, period=APRIL, tariffs=(DAILY, make_tariff(equipment="vdi", bill_yen_per_year=730_000, keys=BY_CPU))
    )
    assert report.cost is not None
    assert [(row.equipment, row.bill_yen, totals(row)) for row in report.cost.equipment] == [
        ("kyotsu", 30_000, {"s01": 30_000}),
        ("vdi", 60_000, {"s02": 60_000}),
    ]


def test_bill_is_what_is_allocated_and_what_is_not_also_over_equipments() -> None:
    dear = make_tariff(
        method="rates",
        keys=None,
        rates=Rates(yen_per_machine_month=1, yen_per_cpu_month=0, yen_per_gb_memory_month=0, storage=()),
    )
    cost = make_report(make_usage_estate(tariffs=(dear,))).cost
    assert cost is not None
    assert (cost.bill_yen, cost.total_yen, cost.unallocated_yen) == (
        1_000_000,
        48,
        1_000_000 - 48,
    )  # 4 machines, 12 months
    filtered = make_report(make_usage_estate(tariffs=(dear,)), filters=Filters(system="s01")).cost
    assert filtered is not None
    assert (filtered.bill_yen, filtered.unallocated_yen) == (1_000_000, 1_000_000 - 48)


def test_a_tariff_that_changes_in_the_year_gives_two_bills() -> None:
    halves = (
        make_tariff(valid_to="2026-09-30", bill_yen_per_year=365_000),
        make_tariff(valid_from="2026-10-01", bill_yen_per_year=730_000),
    )
    report = make_report(make_usage_estate(), tariffs=halves)
    assert report.cost is not None
    assert [(row.first_day, row.last_day, row.bill_yen) for row in report.cost.equipment] == [
        (date(2026, 4, 1), date(2026, 9, 30), 183_000),
        (date(2026, 10, 1), date(2027, 3, 31), 364_000),
    ]


def test_a_period_that_no_tariff_covers_or_only_in_part() -> None:
    estate = make_usage_estate()
    report = make_report(estate, tariffs=(make_tariff(valid_to="2020-03-31"),))
    assert report.cost is None
    assert ("tariff-missing", "kyotsu") in {(note.code, note.subject) for note in report.header.notes}
    report = make_report(estate, tariffs=(make_tariff(valid_to="2027-03-01"),))
    assert ("days-without-tariff", 30) in {(note.code, note.value) for note in report.header.notes}


def test_a_filter_leaves_shares_out_and_changes_none() -> None:
    estate = make_usage_estate()
    whole = make_report(estate)
    part = make_report(estate, filters=Filters(owner="org-10"))
    assert whole.cost is not None
    assert part.cost is not None
    (row,), (filtered,) = whole.cost.equipment, part.cost.equipment
    assert filtered.shares == tuple(share for share in row.shares if share.system == "s01")
    assert (filtered.bill_yen, filtered.allocated_yen) == (row.bill_yen, row.allocated_yen)


def test_a_tariff_without_keys_and_rates_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="neither keys nor rates"):
        make_report(make_usage_estate(), tariffs=(make_tariff(keys=None),))


def test_months_of_the_fiscal_year_are_averages_of_days_with_samples() -> None:
    """April: 10 days with 2 vCPU, then 5 days with 4: (20 + 20) / 15."""
    estate = make_usage_estate()
    one, two = make_days("s01", APRIL_DAYS[:10], vcpu=2, memory_gib=8.0), make_days("s01", APRIL_DAYS[10:15], vcpu=4)
    series = replace(one, days=one.days + two.days)
    other = make_days("s02", APRIL_DAYS[:15], vcpu=100)
    history = make_history(sampled_days=tuple(APRIL_DAYS[:15]), systems=(series, other))
    report = make_report(estate, history=history, filters=Filters(system="s01"))
    assert report.fiscal_year is not None
    april, may = report.fiscal_year.months[:2]
    assert (april.days_with_samples, april.machines, april.vcpu) == (15, 1.0, 40 / 15)
    assert april.memory_gib == pytest.approx(80 / 15)
    assert (may.days_with_samples, may.vcpu) == (0, None)


def test_a_vcenter_that_was_read_on_fewer_days_has_an_average_of_its_own() -> None:
    """April: s01 has 2 vCPU on 30 days, s02 in the other vCenter 6 on the 10 days on which that was read: 2 + 6.

    In May only s01's was read: no average, since it would be taken for the whole. A third vCenter that was never read
    takes nothing away.
    """
    may = [date(2026, 5, day) for day in range(1, 32)]
    s01 = make_system("s01", make_machine("a"), owner="org-11")
    s02 = make_system("s02", make_machine("c"), owner="org-21", cluster="mynumber", segment="mynumber")
    history = make_history(
        sampled_days=(*APRIL_DAYS, *may),
        missing={
            **dict.fromkeys(APRIL_DAYS, ("vc-third",)),
            **dict.fromkeys([*APRIL_DAYS[10:], *may], ("vc-mynumber", "vc-third")),
        },
        systems=(make_days("s01", [*APRIL_DAYS, *may], vcpu=2), make_days("s02", APRIL_DAYS[:10], vcpu=6)),
    )
    year = make_report(make_usage_estate(s01, s02), history=history).fiscal_year
    assert year is not None
    assert [(each.days_with_samples, each.vcpu, each.machines) for each in year.months[:3]] == [
        (10, 8.0, 2.0),
        (0, None, None),
        (0, None, None),
    ]


def test_storage_of_a_tier_that_is_not_named_counts_once() -> None:
    """60 GiB of the tier archive against 15 of fast, which counts 4: half and half."""
    keys = SplitKeys(
        machine_percent=0,
        cpu_percent=0,
        memory_percent=0,
        storage_percent=100,
        tier_weights=(TierWeight(tier="fast", weight=4),),
    )
    estate = make_usage_estate(
        make_system("s01", make_machine("a", disks=(Disk(name="d", size_gb=60, tier="archive"),)), owner="org-11"),
        make_system("s02", make_machine("c", disks=(Disk(name="d", size_gb=15, tier="fast"),)), owner="org-21"),
    )
    row = the_bill(estate, tariffs=(make_tariff(bill_yen_per_year=365_000, keys=keys),))
    assert totals(row) == {"s01": 15_000, "s02": 15_000}
