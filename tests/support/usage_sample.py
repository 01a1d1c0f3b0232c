"""A report in which every part has something to show, over the small estate; the numbers are made up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import OrphanedDisk
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import (
    Exceeded,
    Header,
    Note,
    Source,
    Total,
    UsageReport,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Balance,
    ClusterCapacity,
    DatastoreUsage,
    Forecast,
    Limit,
    TierCapacity,
    TrendPoint,
    WhatIf,
    WhatIfPlace,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import (
    CostAllocation,
    CostShare,
    DivisionCost,
    EquipmentCost,
    FiscalMonth,
    FiscalYearUsage,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import (
    Amount,
    DesktopPoolUsage,
    DivisionUsage,
    MachineUsage,
    SystemUsage,
    TierSize,
    UnmanagedMachine,
    Use,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_waste import (
    IdleMachine,
    OldSnapshot,
    PoweredOffMachine,
    Reclaimable,
    RightSizing,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage_forms.paper import make_paper
from tests.support.small_estate import AS_OF, copy_small

AT = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
HOSTILE = '=HYPERLINK("http://x.example")<script>alert(1)</script>'


def sample_paper(folder: Path, language: Language) -> Paper:
    """The report over a copy of the small estate, in one language."""
    estate = load_estate(copy_small(folder), as_of=AS_OF, use_cache=False).estate
    return make_paper(sample_report(estate), estate, language)


def sample_report(estate: Estate) -> UsageReport:
    """Two systems of two divisions with 2 and 1 machines, one cluster, and one of everything else."""
    first, second = estate.systems[0], estate.systems[1]
    divisions = [each.id for each in estate.platform.organisations if each.kind == "division"][:2]
    names = {each.id: each for each in estate.platform.organisations}
    amounts = (amount(2, 6, 24.0, fast=300.0, standard=80.5), amount(1, 2, 4.0, standard=40.0))
    uses = (Use(machines_measured=2, cpu_mhz=2600.0, cpu_vcpu=1.0, memory_gib=6.25, storage_gib=123.456), None)
    whole = amount(3, 8, 28.0, fast=300.0, standard=120.5)
    systems = tuple(
        SystemUsage(
            system=system.id,
            name=system.name,
            name_en=system.name_en,
            kind=system.kind,
            status=system.status,
            owner=system.owner,
            division=division,
            segment=system.segment,
            cluster=system.cluster,
            equipment="kyotsu",
            described=described,
            actual=described,
            used=used,
            tape_gib=None,
        )
        for system, division, described, used in zip((first, second), divisions, amounts, uses, strict=True)
    )
    return UsageReport(
        header=Header(
            estate=estate.platform.estate.name,
            estate_en=estate.platform.estate.name_en,
            as_of=AS_OF,
            first_day=date(2026, 4, 1),
            last_day=date(2027, 3, 31),
            fiscal_year="R8",
            system=None,
            owner=None,
            segment=None,
            sources=(
                Source(kind="repository", name="systems/", available=True, detail="0123456"),
                Source(kind="vcenter", name="vc-kyotsu", available=True, at=AT),
                Source(kind="vcenter", name="vc-mynumber", available=False),
            ),
            notes=(
                Note(code="vcenter-unreachable", subject="vc-mynumber", reason="connection refused"),
                Note(code="tape-not-collected"),
                Note(code="history-gaps", value=3.0),
            ),
        ),
        total=Total(described=whole, actual=whole, used=uses[0], unmanaged=amount(1, 1, 1.0), tape_gib=None),
        divisions=tuple(
            DivisionUsage(
                division=each.division,
                name=names[each.division].name,
                name_en=names[each.division].name_en,
                bureau=names[each.division].parent,
                systems=(each.system,),
                described=each.described,
                actual=each.actual,
                used=each.used,
                tape_gib=None,
            )
            for each in systems
        ),
        systems=systems,
        machines=(
            machine(first.id, "one-db01", 4, 16.0, uses[0]),
            machine(first.id, "one-ap01", 2, 8.0, None),
            machine(second.id, "two-ap01", 2, 4.0, None),
        ),
        unmanaged=(
            UnmanagedMachine(
                name=HOSTILE,
                vcenter="vc-kyotsu",
                cluster="kyotsu-lgwan",
                power="on",
                actual=amount(1, 1, 1.0, standard=10.0),
                used=Use(machines_measured=1, cpu_mhz=10.0, cpu_vcpu=0.004, memory_gib=0.1, storage_gib=2.0),
            ),
        ),
        desktop_pools=(
            DesktopPoolUsage(
                pool="vdi-1",
                name="一般事務用",
                system=second.id,
                segment="lgwan",
                cluster="vdi-lgwan",
                tier="desktop",
                described_desktops=400,
                vcpu_each=2,
                memory_gib_each=4.0,
                storage_gib_each=8.0,
                provisioned_desktops=None,
                in_use_desktops=None,
                peak_in_use_desktops=None,
            ),
        ),
        clusters=(cluster(),),
        tiers=(
            TierCapacity(
                tier="fast",
                clusters=("kyotsu-lgwan",),
                equipment="kyotsu",
                datastores=("lgwan-fast-01",),
                balances=(
                    Balance(
                        resource="storage", basis="described", unit="GiB", demand=300.0, capacity=716.8, total=1024.0
                    ),
                    Balance(
                        resource="storage", basis="demand", unit="GiB", demand=700.25, capacity=819.2, total=1024.0
                    ),
                ),
            ),
        ),
        datastores=(
            DatastoreUsage(
                datastore="lgwan-fast-01",
                vcenter="vc-kyotsu",
                tier="fast",
                clusters=("kyotsu-lgwan",),
                capacity_gib=1024.0,
                fill_limit_percent=80,
                accessible=True,
                used_gib=700.25,
                machines_gib=650.0,
                orphaned_gib=20.25,
                other_gib=30.0,
                provisioned_gib=900.0,
            ),
        ),
        forecasts=(forecast(),),
        what_if=what_if(),
        right_sizing=(
            RightSizing(
                key="one-ap-1",
                name="one-ap01",
                system=first.id,
                direction="smaller",
                days=90,
                vcpu=2,
                memory_gib=8.0,
                cpu_p95_percent=3.2,
                memory_p95_percent=12.5,
                recommended_vcpu=1,
                recommended_memory_gib=2.0,
                recommended_flavour=None,
            ),
        ),
        idle=(
            IdleMachine(
                key="two-ap-1",
                name="two-ap01",
                system=second.id,
                days=30,
                cpu_p95_percent=0.4,
                network_p95_kib_per_second=None,
                vcpu=2,
                memory_gib=4.0,
                storage_gib=40.0,
            ),
        ),
        powered_off=(
            PoweredOffMachine(
                key=None,
                name="old-test",
                system=None,
                power="off",
                expected=False,
                days_off=61,
                storage_gib=15.0,
            ),
        ),
        orphaned_disks=(
            OrphanedDisk(
                vcenter="vc-kyotsu",
                datastore="lgwan-fast-01",
                path="[lgwan-fast-01] gone/gone.vmdk",
                used_gb=20.25,
                modified=AT,
            ),
        ),
        old_snapshots=(OldSnapshot(name="one-db01", system=first.id, snapshots=2, oldest_at=AT, age_days=12, gib=5.5),),
        reclaimable=(
            Reclaimable(kind="orphaned-disks", objects=1, storage_gib=20.25, vcpu=0, memory_gib=0.0),
            Reclaimable(kind="old-snapshots", objects=1, storage_gib=5.5, vcpu=0, memory_gib=0.0),
            Reclaimable(kind="idle-machines", objects=1, storage_gib=40.0, vcpu=2, memory_gib=4.0),
        ),
        cost=cost(systems),
        fiscal_year=fiscal_year(),
        exceeded=(
            Exceeded(
                threshold="cluster_memory_percent",
                place="kyotsu-lgwan",
                resource="memory",
                basis="described",
                value=104.2,
                limit=90.0,
            ),
        ),
    )


def amount(machines: int, vcpu: int, memory_gib: float, **tiers: float) -> Amount:
    """An amount with storage by tier."""
    sizes = tuple(TierSize(tier=tier, gib=gib) for tier, gib in sorted(tiers.items()))
    return Amount(machines=machines, vcpu=vcpu, memory_gib=memory_gib, storage_gib_by_tier=sizes)


def machine(system: str, name: str, vcpu: int, memory_gib: float, used: Use | None) -> MachineUsage:
    """One machine; without use it is one that vCenter does not have."""
    described = amount(1, vcpu, memory_gib, standard=40.0)
    return MachineUsage(
        key=name.replace("01", "-1"),
        name=name,
        system=system,
        role="ap",
        status="in-service",
        segment="lgwan",
        cluster="kyotsu-lgwan",
        described=described,
        actual=described if used else None,
        used=used,
        power="on" if used else None,
        differences=() if used else ("missing",),
    )


def cluster() -> ClusterCapacity:
    """One cluster, whose memory is too small when a host is lost."""
    return ClusterCapacity(
        cluster="kyotsu-lgwan",
        segment="lgwan",
        equipment="kyotsu",
        hosts_described=3,
        hosts_observed=2,
        hosts_unavailable=("esx-03",),
        host_failures_tolerated=1,
        cpu_overcommit_ratio=4.0,
        memory_overcommit_ratio=1.0,
        failover_percent=33.3,
        reserved_cpu_percent=0.0,
        reserved_memory_percent=0.0,
        balances=(
            Balance(resource="cpu", basis="described", unit="vCPU", demand=8.0, capacity=64.0, total=96.0),
            Balance(resource="cpu", basis="demand", unit="MHz", demand=2610.0, capacity=41600.0, total=62400.0),
            Balance(resource="memory", basis="described", unit="GiB", demand=1067.0, capacity=1024.0, total=1536.0),
        ),
    )


def forecast() -> Forecast:
    """Half a year of a growing memory."""
    points = tuple(
        TrendPoint(day=AS_OF - timedelta(days=7 * (26 - week)), value=900.0 + 4.0 * week) for week in range(27)
    )
    return Forecast(
        resource="memory",
        basis="actual",
        place="kyotsu-lgwan",
        unit="GiB",
        status="growing",
        current=1004.0,
        limit=1024.0,
        confidence_percent=80,
        growth_per_day=0.57,
        growth_per_day_slow=0.4,
        growth_per_day_fast=0.8,
        days_until_full_low=25,
        days_until_full=35,
        days_until_full_high=50,
        history_days=180,
        gap_days=3,
        first_day=points[0].day,
        last_day=AS_OF,
        points=points,
    )


def what_if() -> WhatIf:
    """Four machines of which memory has no place."""
    return WhatIf(
        count=4,
        flavour="m8",
        vcpu_each=2,
        memory_gib_each=8.0,
        storage_gib_each=100.0,
        tier="standard",
        where="lgwan",
        places=(
            WhatIfPlace(
                cluster="kyotsu-lgwan",
                equipment="kyotsu",
                basis="described",
                limits=(
                    Limit(
                        resource="cpu",
                        place="kyotsu-lgwan",
                        unit="vCPU",
                        needed=8.0,
                        free=56.0,
                        capacity=64.0,
                        percent_after=25.0,
                        threshold_percent=90,
                    ),
                    Limit(
                        resource="memory",
                        place="kyotsu-lgwan",
                        unit="GiB",
                        needed=32.0,
                        free=-43.0,
                        capacity=1024.0,
                        percent_after=107.3,
                        threshold_percent=90,
                    ),
                ),
                most_machines=0,
            ),
        ),
        left_out=("vdi-lgwan",),
    )


def cost(systems: tuple[SystemUsage, ...]) -> CostAllocation:
    """A bill of 1,000,001 yen over two systems."""
    shares = tuple(
        CostShare(
            equipment="kyotsu",
            system=each.system,
            name=each.name,
            name_en=each.name_en,
            division=each.division,
            machine_days=365 * each.described.machines,
            vcpu_days=365.0 * each.described.vcpu,
            memory_gib_days=365.0 * each.described.memory_gib,
            storage_gib_days_by_tier=tuple(
                TierSize(tier=size.tier, gib=365 * size.gib) for size in each.described.storage_gib_by_tier
            ),
            direct_yen=direct,
            shared_yen=shared,
            total_yen=direct + shared,
        )
        for each, direct, shared in zip(systems, (700_000, 200_000), (80_001, 20_000), strict=True)
    )
    return CostAllocation(
        first_day=date(2026, 4, 1),
        last_day=date(2027, 3, 31),
        days=365,
        assumed=True,
        equipment=(
            EquipmentCost(
                equipment="kyotsu",
                name="共通プラットフォーム",
                name_en="Common platform",
                first_day=date(2026, 4, 1),
                last_day=date(2027, 3, 31),
                method="split",
                basis="described",
                bill_yen=1_000_001,
                allocated_yen=1_000_001,
                unallocated_yen=0,
                shared_systems=("platform-lgwan",),
                shares=shares,
                divisions=tuple(
                    DivisionCost(
                        equipment="kyotsu",
                        division=share.division,
                        name=f"所属{share.division}",
                        name_en=f"division {share.division}",
                        total_yen=share.total_yen,
                    )
                    for share in shares
                ),
            ),
        ),
    )


def fiscal_year() -> FiscalYearUsage:
    """令和8年度; the months after November have no samples."""
    months = [date(2026 + (month < 4), month, 1) for month in (4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3)]
    return FiscalYearUsage(
        year=2026,
        label="R8",
        label_ja="令和8年度",
        first_day=months[0],
        last_day=date(2027, 3, 31),
        months=tuple(
            FiscalMonth(
                month=month,
                days=30,
                days_with_samples=30 if month <= AS_OF else 0,
                machines=3.0 if month <= AS_OF else None,
                vcpu=8.0 if month <= AS_OF else None,
                memory_gib=28.0 if month <= AS_OF else None,
                storage_gib=420.5 if month <= AS_OF else None,
                bill_yen=83_333,
            )
            for month in months
        ),
    )
