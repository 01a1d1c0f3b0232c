"""How much each system had of one equipment, and for how long: what a bill is split by. Pure.

Resource-days (2 vCPU for 3 days are 6) are what keys split by; resource-months (a day is its part of its month) are
what prices are for. From history every day counts with what was there; a day without samples with what was there on the
last day before it that has some (before the first such day: on the first). Without history everything described counts
for every day, a machine with a date of retirement until that day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History, SystemSeries
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import Amount
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.tenants import described_amount, pool_amount


@dataclass(slots=True)
class Share:
    """What one system had, weighted with time. Days and months of the same things; storage by tier."""

    system: str
    owner: str | None
    machine_days: int = 0
    vcpu_days: float = 0.0
    memory_gib_days: float = 0.0
    storage_gib_days: dict[str | None, float] = field(default_factory=dict)
    machine_months: Fraction = Fraction(0)
    vcpu_months: Fraction = Fraction(0)
    memory_gib_months: Fraction = Fraction(0)
    storage_gib_months: dict[str | None, Fraction] = field(default_factory=dict)

    def add(self, amount: Amount, days: int, months: Fraction) -> None:
        """Something that was there for some days, which are so many months."""
        machines = amount.machines + amount.desktops
        self.machine_days += machines * days
        self.vcpu_days += amount.vcpu * days
        self.memory_gib_days += amount.memory_gib * days
        self.machine_months += machines * months
        self.vcpu_months += amount.vcpu * months
        self.memory_gib_months += Fraction(amount.memory_gib) * months
        for size in amount.storage_gib_by_tier:
            self.storage_gib_days[size.tier] = self.storage_gib_days.get(size.tier, 0.0) + size.gib * days
            before = self.storage_gib_months.get(size.tier, Fraction(0))
            self.storage_gib_months[size.tier] = before + Fraction(size.gib) * months


def described_shares(estate: Estate, equipment: str, first_day: date, last_day: date) -> list[Share]:
    """Every system on an equipment, as described; planned machines have no part yet."""
    shares = []
    for system in estate.systems:
        cluster = estate.cluster_by_name.get(system.cluster)
        if cluster is None or cluster.equipment != equipment:
            continue
        share = Share(system.id, system.owner)
        for amount, last in _described(estate, system):
            end = min(last, last_day) if last else last_day
            if first_day <= end:
                share.add(amount, (end - first_day).days + 1, _months(first_day, end))
        shares.append(share)
    return shares


def historic_shares(
    estate: Estate, history: History, equipment: str, first_day: date, last_day: date
) -> list[Share] | None:
    """Every system that history knows on an equipment; None where it knows none."""
    listed = [each for each in history.systems if each.equipment == equipment]
    if not listed:
        return None
    stand_ins: dict[str | None, dict[date, tuple[int, Fraction]]] = {}
    shares: dict[str, Share] = {}
    for series in listed:
        vcenter = vcenter_of(estate, series)
        if vcenter not in stand_ins:
            stand_ins[vcenter] = _stand_ins(history, vcenter, first_day, last_day)
        share = shares.setdefault(series.system, Share(series.system, _owner(estate, series)))
        for day in series.days:
            weight = stand_ins[vcenter].get(day.day)
            if weight is not None:
                amount = Amount(
                    machines=day.machines,
                    vcpu=day.vcpu,
                    memory_gib=day.memory_gib,
                    storage_gib_by_tier=day.storage_gib_by_tier,
                )
                share.add(amount, *weight)
    return [shares[system] for system in sorted(shares)]


def _described(estate: Estate, system: System) -> Iterator[tuple[Amount, date | None]]:
    """What a system has, with the last day of what ends."""
    for machine in system.machines:
        retirement = machine.retirement or system.retirement
        last = date.fromisoformat(retirement.date) if retirement else None
        status = status_of(system, machine)
        if status in {"in-service", "retiring"} or (status == "retired" and last):
            yield described_amount(estate, machine), last
    if system.status in {"in-service", "retiring", "retired"}:
        last = date.fromisoformat(system.retirement.date) if system.retirement else None
        if system.status != "retired" or last:
            for pool in system.desktop_pools:
                yield pool_amount(estate, pool), last


def _owner(estate: Estate, series: SystemSeries) -> str | None:
    system = estate.system_by_id.get(series.system)
    return system.owner if system else series.owner


def vcenter_of(estate: Estate, series: SystemSeries) -> str | None:
    """The vCenter of a system that is described; it tells on which days the system was looked for."""
    system = estate.system_by_id.get(series.system)
    cluster = estate.cluster_by_name.get(system.cluster) if system else None
    return cluster.vcenter if cluster else None


def _stand_ins(
    history: History, vcenter: str | None, first_day: date, last_day: date
) -> dict[date, tuple[int, Fraction]]:
    """For each day with samples of a vCenter: how many days (and months) of the period it stands for."""
    sampled = [day for day in history.sampled_days if vcenter not in history.missing.get(day, ())]
    weights: dict[date, tuple[int, Fraction]] = {}
    if not sampled:
        return weights
    starts = [first_day, *sampled[1:]]  # the first day with samples also stands for everything before it
    for start, day, following in zip(starts, sampled, [*sampled[1:], None], strict=True):
        first = max(start, first_day)
        last = min(following - timedelta(days=1), last_day) if following else last_day
        if first <= last:
            weights[day] = ((last - first).days + 1, _months(first, last))
    return weights


@lru_cache(maxsize=4096)
def _months(first_day: date, last_day: date) -> Fraction:
    """Days, both included, as months: each day is its part of its own month."""
    months = Fraction(0)
    while first_day <= last_day:
        length = monthrange(first_day.year, first_day.month)[1]
        end = min(last_day, first_day.replace(day=length))
        months += Fraction((end - first_day).days + 1, length)
        first_day = end + timedelta(days=1)
    return months
