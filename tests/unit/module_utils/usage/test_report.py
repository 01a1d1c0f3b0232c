"""The whole report of the small estate of tests/support/usage_estate.py, counted by hand.

Described (systems/): a = 2 vCPU, 8 GiB, fast 40; b = 2, 8, fast 40 + standard 100 (both s01, division org-10);
c = 4, 16, standard 200 (s02, division org-20); p = 2, 8, fast 40 (the platform's own, division org-30).
    vCPU 2+2+4+2 = 10; memory 8+8+16+8 = 40; fast 40+40+40 = 120; standard 100+200 = 300.

Cluster lgwan: 2 hosts of 16 cores x 2,600 MHz and 256 GiB, one may fail, 4 vCPU per core, no overcommit of memory.
    capacity with one lost: 16 x 4 = 64 vCPU, 256 GiB, 16 x 2,600 = 41,600 MHz; with all: 128 vCPU, 512 GiB.
    described 10/64 = 15.625 %, 40/256 = 15.625 %.
    in vCenter: vCPU a 2 + b 4 + c 4 + x 2 = 12 -> 18.75 %; memory 8+8+16+4 = 36 -> 14.0625 %.
    by demand: 5,200 + 2,600 = 7,800 MHz -> 18.75 %; 64 + 32 = 96 GiB -> 37.5 %.

Storage: each datastore 1,000 GiB, fill limit 80 %, snapshot reserve 10 %.
    fast: two of them. May hold 2 x 1,000 x 70 % = 1,400 of machines, 2 x 1,000 x 80 % = 1,600 of anything.
        described 120/1,400; in vCenter 40 (a) + 40 (b) + 30 (x) = 110/1,400; written 50 + 20 = 70/1,600 = 4.375 %.
    standard: one. described 300/700; in vCenter 100 (b) + 200 (c) = 300/700; written 200/800 = 25 %.
    lgwan-fast-01: 50 written = machines 10 (a) + 30 (x), nobody's 4, rest 6.

Cost of R8: 1,000,000 yen over machines 10 %, vCPU 20 %, memory 40 %, storage 30 % (fast counts 4).
    weighted storage: s01 80 x 4 + 100 = 420; s02 200; p 160; together 780.
    s01: 10 x 2/4 + 20 x 4/10 + 40 x 16/40 + 30 x 420/780 = 5 + 8 + 16 + 210/13 = 587/13 percent
    s02: 10 x 1/4 + 20 x 4/10 + 40 x 16/40 + 30 x 200/780 = 2.5 + 8 + 16 + 100/13 = 444.5/13 percent
    p:   10 x 1/4 + 20 x 2/10 + 40 x  8/40 + 30 x 160/780 = 2.5 + 4 + 8 + 80/13 = 268.5/13 percent
    tenants 1,031.5/13 percent = 793,461.54 yen, own 206,538.46: 793,462 and 206,538 (the larger remainder wins).
    direct: s01 793,462 x 587/1,031.5 = 451,538.72 -> 451,539; s02 341,923.28 -> 341,923.
    shared: s01 206,538 x 587/1,031.5 = 117,535.44 -> 117,535; s02 89,002.56 -> 89,003.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import Balance
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount, TierSize, Use
from tests.support.usage_estate import AS_OF, make_observation, make_report, make_usage_estate


@pytest.fixture(scope="module")
def estate() -> Estate:
    return make_usage_estate()


@pytest.fixture(scope="module")
def report(estate: Estate) -> UsageReport:
    return make_report(estate, observation=make_observation(estate))


def amount(machines: int, vcpu: int, memory_gib: float, **gib: float) -> Amount:
    sizes = tuple(TierSize(tier=tier, gib=size) for tier, size in sorted(gib.items()))
    return Amount(machines=machines, vcpu=vcpu, memory_gib=memory_gib, storage_gib_by_tier=sizes)


def test_totals(report: UsageReport) -> None:
    assert report.total.described == amount(4, 10, 40.0, fast=120.0, standard=300.0)
    assert report.total.actual == amount(3, 10, 32.0, fast=80.0, standard=300.0)  # a, b and c
    assert report.total.unmanaged == amount(1, 2, 4.0, fast=30.0)  # x
    assert report.total.used == Use(
        machines_measured=3, cpu_mhz=5460, cpu_vcpu=5460 / 2600, memory_gib=8.0, storage_gib=220.0
    )
    assert report.total.tape_gib is None


def test_divisions(report: UsageReport) -> None:
    rows = {each.division: each for each in report.divisions}
    assert list(rows) == ["org-10", "org-20", "org-30"]
    assert (rows["org-10"].name, rows["org-10"].bureau) == ("所属org-10", "org-1")
    assert rows["org-10"].described == amount(2, 4, 16.0, fast=80.0, standard=100.0)
    assert rows["org-10"].actual == amount(2, 6, 16.0, fast=80.0, standard=100.0)
    assert rows["org-20"].described == amount(1, 4, 16.0, standard=200.0)
    assert rows["org-30"].actual == Amount()  # its machine is missing, and vCenter was read: nothing, not unknown


def test_differences_of_machines(report: UsageReport) -> None:
    assert {each.name: each.differences for each in report.machines} == {
        "p": ("missing",),
        "a": (),
        "b": ("vcpu",),
        "c": ("power",),
    }


def test_headroom_of_the_cluster(report: UsageReport) -> None:
    cluster = report.clusters[0]
    found = {
        (each.resource, each.basis): (each.demand, each.capacity, each.total, each.percent) for each in cluster.balances
    }
    assert found == {
        ("cpu", "described"): (10, 64, 128, 15.625),
        ("memory", "described"): (40, 256, 512, 15.625),
        ("cpu", "actual"): (12, 64, 128, 18.75),
        ("memory", "actual"): (36, 256, 512, 14.0625),
        ("cpu", "demand"): (7800, 41600, 83200, 18.75),
        ("memory", "demand"): (96, 256, 512, 37.5),
    }
    assert (cluster.hosts_described, cluster.hosts_observed, cluster.failover_percent) == (2, 2, 50.0)


def test_a_cluster_of_a_vcenter_that_was_not_read_is_only_described(report: UsageReport) -> None:
    mynumber = next(each for each in report.clusters if each.cluster == "mynumber")
    assert mynumber.hosts_observed is None
    assert {each.basis for each in mynumber.balances} == {"described"}


def test_headroom_of_tiers(report: UsageReport) -> None:
    found = {
        (tier.name, each.basis): (each.demand, each.capacity, each.total)
        for tier in report.tiers
        for each in tier.balances
        if tier.clusters == ("lgwan",)
    }
    assert found == {
        ("lgwan/fast", "described"): (120, 1400, 2000),
        ("lgwan/fast", "actual"): (110, 1400, 2000),
        ("lgwan/fast", "demand"): (70, 1600, 2000),
        ("lgwan/standard", "described"): (300, 700, 1000),
        ("lgwan/standard", "actual"): (300, 700, 1000),
        ("lgwan/standard", "demand"): (200, 800, 1000),
    }


def test_parts_of_datastores(report: UsageReport) -> None:
    found = {
        each.datastore: (each.used_gib, each.machines_gib, each.orphaned_gib, each.other_gib)
        for each in report.datastores
        if each.used_gib is not None
    }
    assert found == {
        "lgwan-fast-01": (50, 40, 4, 6),
        "lgwan-fast-02": (20, 20, 0, 0),
        "lgwan-standard-01": (200, 190, 0, 10),
    }


def test_waste_counts_every_gib_once(report: UsageReport) -> None:
    assert [(each.name, each.snapshots, each.age_days, each.gib) for each in report.old_snapshots] == [("b", 2, 10, 5)]
    assert [(each.name, each.expected, each.storage_gib) for each in report.powered_off] == [("c", False, 140)]
    assert report.orphaned_disks is not None
    assert [each.used_gb for each in report.orphaned_disks] == [4]
    assert {each.kind: (each.objects, each.storage_gib, each.vcpu, each.memory_gib) for each in report.reclaimable} == {
        "orphaned-disks": (1, 4, 0, 0),
        "old-snapshots": (1, 5, 0, 0),
        "powered-off-machines": (1, 140, 4, 16),
    }


def test_cost_to_the_yen(report: UsageReport) -> None:
    assert report.cost is not None
    (bill,) = report.cost.equipment
    assert (bill.bill_yen, bill.allocated_yen, bill.unallocated_yen, bill.basis) == (
        1_000_000,
        1_000_000,
        0,
        "described",
    )
    assert {each.system: (each.direct_yen, each.shared_yen, each.total_yen) for each in bill.shares} == {
        "platform-lgwan": (0, 0, 0),
        "s01": (451_539, 117_535, 569_074),
        "s02": (341_923, 89_003, 430_926),
    }
    assert {each.division: each.total_yen for each in bill.divisions} == {
        "org-10": 569_074,
        "org-20": 430_926,
        "org-30": 0,
    }
    s01 = next(each for each in bill.shares if each.system == "s01")
    assert (s01.machine_days, s01.vcpu_days, s01.memory_gib_days) == (730, 1460, 5840)
    assert s01.storage_gib_days_by_tier == (TierSize(tier="fast", gib=29_200), TierSize(tier="standard", gib=36_500))


def test_the_fiscal_year(report: UsageReport) -> None:
    year = report.fiscal_year
    assert year is not None
    assert (year.label, year.label_ja, len(year.months)) == ("R8", "令和8年度", 12)
    assert sum(each.bill_yen for each in year.months) == 1_000_000
    assert year.months[0].bill_yen == 82_192  # 1,000,000 x 30/365 = 82,191.78
    assert year.months[0].machines is None  # no history


def test_what_is_said_beside_the_numbers(report: UsageReport) -> None:
    assert [(each.code, each.subject, each.value) for each in report.header.notes] == [
        ("vcenter-unreachable", "vc-mynumber", None),
        ("machines-missing", "", 1),
        ("machines-unmanaged", "", 1),
        ("history-not-given", "", None),
        ("tape-not-collected", "", None),
        ("cost-by-described", "", None),
        ("cost-assumed", "", None),
    ]
    assert [(each.kind, each.name, each.available) for each in report.header.sources if each.kind == "vcenter"] == [
        ("vcenter", "vc-kyotsu", True),
        ("vcenter", "vc-mynumber", False),
    ]


def test_a_past_day_with_a_reading_of_its_own_needs_no_word_of_the_description(estate: Estate) -> None:
    origin = Origin(commit="0123456", described_on=AS_OF + timedelta(days=30))

    def notes(observation: Observation | None, as_of: date = AS_OF) -> list[str]:
        report = make_report(estate, observation=observation, origin=origin, as_of=as_of)
        return [each.subject for each in report.header.notes if each.code == "described-later"]

    assert notes(make_observation(estate)) == []
    assert notes(None) == ["0123456"]
    assert notes(make_observation(estate), AS_OF + timedelta(days=1)) == ["0123456"]  # a reading of the day before


def test_the_old_snapshot_passes_its_threshold(report: UsageReport) -> None:
    assert [(each.threshold, each.value, each.limit) for each in report.exceeded] == [("old_snapshots", 1, 0)]


def test_without_vcenter_nothing_observed_is_invented(estate: Estate) -> None:
    report = make_report(estate)
    assert report.total.actual is None
    assert report.total.used is None
    assert report.total.unmanaged is None
    assert report.orphaned_disks is None
    assert {each.basis for cluster in report.clusters for each in cluster.balances} == {"described"}
    assert all(each.differences == () for each in report.machines)
    assert report.header.notes[0].code == "vcenter-not-asked"


def test_the_same_input_gives_the_same_report(estate: Estate, report: UsageReport) -> None:
    assert make_report(estate, observation=make_observation(estate)) == report


def test_percent_of_nothing() -> None:
    nothing = Balance(resource="cpu", basis="actual", unit="vCPU", demand=0, capacity=0, total=0)
    asked = Balance(resource="cpu", basis="actual", unit="vCPU", demand=1, capacity=0, total=0)
    assert (nothing.percent, nothing.fits) == (0.0, True)
    assert (asked.percent, asked.fits) == (None, False)
