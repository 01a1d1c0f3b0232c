"""Shapes of the report: cost allocation (費用按分（試算）) in yen, and the fiscal year.

One equipment (調達単位) at a time: cost of two units is never mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import TierSize

# described: every machine of systems/ for the whole period; history: each machine for the days it lived.
CostBasis = Literal["described", "history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostShare:
    """What one system bears of one equipment. The resource-days are what the split goes by: 2 vCPU for 3 days are 6.

    direct_yen + shared_yen = total_yen. `shared_yen` is its part of what the platform's own machines take.
    """

    equipment: str
    system: str
    name: str
    name_en: str
    division: str
    machine_days: int  # desktops counted too
    vcpu_days: float
    memory_gib_days: float
    storage_gib_days_by_tier: tuple[TierSize, ...]
    direct_yen: int
    shared_yen: int
    total_yen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionCost:
    """What one division bears of one equipment: the sum of its systems."""

    equipment: str
    division: str
    name: str
    name_en: str
    total_yen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentCost:
    """The bill of one equipment for the days of the period in which one tariff holds.

    bill_yen = allocated_yen + unallocated_yen; allocated_yen is the sum of `shares` where no filter leaves some out.
    `unallocated_yen` is what no system bears: with the method `rates` the difference between bill and rates, which may
    be negative; with the method `split` the whole bill where nothing was used.
    """

    equipment: str
    name: str
    name_en: str
    first_day: date
    last_day: date
    method: str  # split | rates
    basis: CostBasis
    bill_yen: int
    allocated_yen: int
    unallocated_yen: int
    shared_systems: tuple[str, ...]  # the platform's own, whose part is spread over the others
    shares: tuple[CostShare, ...]  # in the filters of the report
    divisions: tuple[DivisionCost, ...]  # in the filters of the report


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAllocation:
    """All equipment that has a bill. Cost of two units is never mixed: `total_yen` only adds up what stands here."""

    first_day: date
    last_day: date
    days: int
    assumed: bool  # the tariff is our assumption: a trial calculation (試算), no demand for payment
    equipment: tuple[EquipmentCost, ...]

    @property
    def total_yen(self) -> int:
        """Yen of the shares that the filters leave."""
        return sum(share.total_yen for each in self.equipment for share in each.shares)

    @property
    def bill_yen(self) -> int:
        """Yen of all bills, whatever the filters leave: what is allocated and what is not."""
        return sum(each.bill_yen for each in self.equipment)

    @property
    def unallocated_yen(self) -> int:
        """Yen of all bills that no system bears; without a filter bill_yen = total_yen + unallocated_yen."""
        return sum(each.unallocated_yen for each in self.equipment)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalMonth:
    """One month of the fiscal year. Averages over the days that have samples; None: no day has."""

    month: date  # its first day
    days: int
    days_with_samples: int
    machines: float | None
    vcpu: float | None
    memory_gib: float | None
    storage_gib: float | None
    bill_yen: int  # of all equipment that has a bill


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalYearUsage:
    """April to March. `year` is the year in which it begins; `label` is R6, `label_ja` 令和6年度."""

    year: int
    label: str
    label_ja: str
    first_day: date
    last_day: date
    months: tuple[FiscalMonth, ...]  # twelve; those after the report's day have no samples
