"""A small estate and one reading of it, small enough to count on paper; test_report.py counts it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import (
    SplitKeys,
    Tariff,
    TierWeight,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Equipment, Organisation
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Disk, System
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.build import build_report
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import FiscalYear
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import (
    DailySeries,
    History,
    MachineHistory,
    Metric,
    Place,
    SystemDay,
    SystemSeries,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Period
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    DatastoreSample,
    HostSample,
    MachineSample,
    Observation,
    OrphanedDisk,
    StorageUse,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import TierSize
from tests.support.builders import VCENTER, make_estate, make_machine, make_system

AS_OF = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
R8 = FiscalYear(2026)
PERIOD = Period(first_day=R8.first_day, last_day=R8.last_day, fiscal_year=R8)
TIERS = {"lgwan-fast-01": "fast", "lgwan-fast-02": "fast", "lgwan-standard-01": "standard"}

ORGANISATIONS = tuple(
    Organisation(
        id=unit, kind=kind, name=f"所属{unit}", name_en=f"Unit {unit}", parent=parent, valid_from="2018-04-01", basis=""
    )
    for unit, kind, parent in (
        ("org-1", "bureau", None),
        ("org-10", "division", "org-1"),
        ("org-11", "section", "org-10"),
        ("org-20", "division", "org-1"),
        ("org-21", "section", "org-20"),
        ("org-30", "division", None),
        ("org-31", "section", "org-30"),
    )
)
KYOTSU = Equipment(
    id="kyotsu", name="共通プラットフォーム", name_en="Common platform", terms=(), successor_custodian=None, basis=""
)


def make_tariff(**overrides: Any) -> Tariff:
    """A million yen a year, split 10, 20, 40, 30; a GiB of the fast tier counts four times."""
    return Tariff(
        **{
            "equipment": "kyotsu",
            "valid_from": "2018-04-01",
            "valid_to": "2030-03-31",
            "bill_yen_per_year": 1_000_000,
            "method": "split",
            "basis": "assumed",
            "keys": SplitKeys(
                machine_percent=10,
                cpu_percent=20,
                memory_percent=40,
                storage_percent=30,
                tier_weights=(TierWeight(tier="fast", weight=4),),
            ),
            **overrides,
        }
    )


def make_usage_systems() -> tuple[System, ...]:
    """Two tenants and the platform's own system, all in the cluster lgwan."""
    fast = Disk(name="system", size_gb=40, tier="fast")
    return (
        make_system(
            "platform-lgwan",
            make_machine("p", name="p", disks=(fast,)),
            kind="platform",
            owner="org-31",
        ),
        make_system(
            "s01",
            make_machine("a", name="a", disks=(fast,)),
            make_machine("b", name="b", disks=(fast, Disk(name="data", size_gb=100, tier="standard"))),
            owner="org-11",
        ),
        make_system(
            "s02",
            make_machine(
                "c",
                name="c",
                flavour=None,
                cpu=4,
                memory_gb=16,
                disks=(Disk(name="system", size_gb=200, tier="standard"),),
            ),
            owner="org-21",
        ),
    )


def make_usage_estate(*systems: System, **platform: Any) -> Estate:
    """The small estate, or other systems on the same platform."""
    return make_estate(
        *(systems or make_usage_systems()),
        **{
            "organisations": ORGANISATIONS,
            "equipment": (KYOTSU,),
            "tariffs": (make_tariff(),),
            **platform,
        },
    )


def make_sample(estate: Estate, name: str, storage: Iterable[StorageUse] = (), **overrides: Any) -> MachineSample:
    """A running machine as vCenter shows it, of 2 vCPU and 8 GiB; described if its name is."""
    found = estate.machine_by_name.get(name)
    system, machine = found if found else (None, None)
    return MachineSample(
        **{
            "vcenter": VCENTER,
            "identity": estate.instance_uuid(machine).lower() if machine else f"identity-of-{name}",
            "name": name,
            "key": machine.key if machine else None,
            "system": system.id if system else None,
            "owner": system.owner if system else None,
            "segment": "lgwan",
            "cluster": "lgwan",
            "equipment": "kyotsu",
            "managed": machine is not None,
            "power": "on",
            "cpu_count": 2,
            "memory_gb": 8.0,
            "host": "lgwan-esx01",
            "storage": tuple(storage),
            **overrides,
        }
    )


def on(datastore: str, allocated_gb: float, used_gb: float | None) -> StorageUse:
    """Disks on one datastore."""
    return StorageUse(datastore=datastore, tier=TIERS.get(datastore), allocated_gb=allocated_gb, used_gb=used_gb)


def make_host(name: str, cpu_used_mhz: int | None, memory_used_gb: float | None, **overrides: Any) -> HostSample:
    """A host of the cluster lgwan, as described: 16 cores of 2,600 MHz and 256 GiB."""
    return HostSample(
        **{
            "vcenter": VCENTER,
            "name": name,
            "cluster": "lgwan",
            "equipment": "kyotsu",
            "cpu_cores": 16,
            "cpu_mhz": 2600,
            "memory_gb": 256.0,
            "state": "connected",
            "in_maintenance": False,
            "cpu_used_mhz": cpu_used_mhz,
            "memory_used_gb": memory_used_gb,
            **overrides,
        }
    )


def make_datastore(name: str, free_gb: float, **overrides: Any) -> DatastoreSample:
    """A datastore of 1,000 GiB."""
    return DatastoreSample(
        **{
            "vcenter": VCENTER,
            "name": name,
            "tier": TIERS.get(name),
            "equipment": "kyotsu",
            "clusters": ("lgwan",),
            "capacity_gb": 1000.0,
            "free_gb": free_gb,
            "accessible": True,
            **overrides,
        }
    )


def make_observation(estate: Estate, **overrides: Any) -> Observation:
    """What vc-kyotsu shows: p is missing, b has 2 vCPU more and an old snapshot, c is off, x is nobody's."""
    return Observation(
        **{
            "taken_at": NOW,
            "read_at": {VCENTER: NOW},
            "missing": {"vc-mynumber": "no route to host"},
            "machines": (
                make_sample(
                    estate, "a", [on("lgwan-fast-01", 40, 10)], cpu_used_mhz=260, memory_used_gb=2.0, host="lgwan-esx01"
                ),
                make_sample(
                    estate,
                    "b",
                    [on("lgwan-fast-02", 40, 20), on("lgwan-standard-01", 100, 50)],
                    cpu_count=4,
                    cpu_used_mhz=5200,
                    memory_used_gb=6.0,
                    snapshots=2,
                    snapshot_gb=5.0,
                    oldest_snapshot=NOW - timedelta(days=10),
                ),
                make_sample(
                    estate,
                    "c",
                    [on("lgwan-standard-01", 200, 140)],
                    cpu_count=4,
                    memory_gb=16.0,
                    cpu_used_mhz=0,
                    memory_used_gb=0.0,
                    power="off",
                ),
                make_sample(
                    estate, "x", [on("lgwan-fast-01", 30, 30)], memory_gb=4.0, cpu_used_mhz=2340, memory_used_gb=1.0
                ),
            ),
            "hosts": (make_host("lgwan-esx01", 5200, 64.0), make_host("lgwan-esx02", 2600, 32.0)),
            "clusters": (),
            "datastores": (
                make_datastore("lgwan-fast-01", 950.0),
                make_datastore("lgwan-fast-02", 980.0),
                make_datastore("lgwan-standard-01", 800.0),
            ),
            "orphaned_disks": (
                OrphanedDisk(
                    vcenter=VCENTER,
                    datastore="lgwan-fast-01",
                    path="[lgwan-fast-01] gone/gone.vmdk",
                    used_gb=4.0,
                    modified=None,
                ),
            ),
            **overrides,
        }
    )


def make_history(**overrides: Any) -> History:
    """No history at all; give what a test needs."""
    return History(**{"sampled_days": (), "missing": {}, "series": (), "systems": (), "machines": (), **overrides})


def make_series(
    name: str, metric: Metric, values: Iterable[tuple[int, float]], place: Place = "cluster"
) -> DailySeries:
    """A series by days before AS_OF: (3, 1.0) is three days ago."""
    points = sorted((AS_OF - timedelta(days=days), value) for days, value in values)
    return DailySeries(place=place, name=name, metric=metric, points=tuple(points))


def make_past(estate: Estate, name: str, **overrides: Any) -> MachineHistory:
    """Thirty days of a described machine that ran all the time."""
    system, machine = estate.machine_by_name[name]
    return MachineHistory(
        **{
            "identity": estate.instance_uuid(machine).lower(),
            "key": machine.key,
            "name": name,
            "system": system.id,
            "first_day": AS_OF - timedelta(days=29),
            "last_day": AS_OF,
            "days": 30,
            "days_on": 30,
            "cpu_p95_mhz": None,
            "memory_p95_gib": None,
            "network_p95_kib_per_second": None,
            **overrides,
        }
    )


def make_days(
    system: str, days: Iterable[date], *, vcpu: int, memory_gib: float = 0.0, fast_gib: float = 0.0, machines: int = 1
) -> SystemSeries:
    """A system that had the same on each of these days."""
    return SystemSeries(
        system=system,
        owner=None,
        equipment="kyotsu",
        days=tuple(
            SystemDay(
                day=day,
                machines=machines,
                vcpu=vcpu,
                memory_gib=memory_gib,
                storage_gib_by_tier=(TierSize(tier="fast", gib=fast_gib),),
            )
            for day in days
        ),
    )


def make_report(estate: Estate, **overrides: Any) -> UsageReport:
    """The report of fiscal year R8 from the repository alone, or from what is given."""
    return build_report(estate, **{"as_of": AS_OF, "observation": None, "history": None, "period": PERIOD, **overrides})
