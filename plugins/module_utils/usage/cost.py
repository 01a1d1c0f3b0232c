"""Cost allocation (費用按分（試算）): each bill split over the systems of its equipment, to the yen. Pure.

Method split: each key (machines, vCPU, memory, storage by weight) shares out its percent of the bill by resource-days;
a key of which nobody has anything leaves its percent to the others. Method rates: resource-months times prices, rounded
once as a whole. What the platform's own machines (systems of kind `platform`) would bear is spread over the others in
proportion to what they bear themselves. All of it by the largest remainder (see apportion), so the parts add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Rates, SplitKeys, Tariff
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.apportion import apportion, round_half_up
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.bill import bill_yen, common_days
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Period
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import (
    CostAllocation,
    CostShare,
    DivisionCost,
    EquipmentCost,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import tier_sizes
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.shares import (
    Share,
    described_shares,
    historic_shares,
)


def cost_allocation(
    scope: Scope, tariffs: Sequence[Tariff], history: History | None, period: Period
) -> CostAllocation | None:
    """Every bill of the period, split; None where no tariff holds on any of its days."""
    rows = [row for tariff in tariffs if (row := _equipment_cost(scope, tariff, history, period)) is not None]
    if not rows:
        return None
    return CostAllocation(
        first_day=period.first_day,
        last_day=period.last_day,
        days=period.days,
        assumed=any(tariff.basis == "assumed" for tariff in tariffs),
        equipment=tuple(rows),
    )


def _equipment_cost(scope: Scope, tariff: Tariff, history: History | None, period: Period) -> EquipmentCost | None:
    days = common_days(tariff, period.first_day, period.last_day)
    equipment = next((each for each in scope.estate.platform.equipment if each.id == tariff.equipment), None)
    if days is None or equipment is None:
        return None
    shares = historic_shares(scope.estate, history, tariff.equipment, *days) if history else None
    basis = "described" if shares is None else "history"
    if shares is None:
        shares = described_shares(scope.estate, tariff.equipment, *days)
    bill = bill_yen(tariff, *days)
    own = {system.id for system in scope.estate.systems if system.kind == "platform"}
    parts = split(tariff, bill, shares, own)
    allocated = sum(direct + shared for direct, shared in parts)
    rows = tuple(
        _cost_share(scope, tariff.equipment, share, direct, shared)
        for share, (direct, shared) in zip(shares, parts, strict=True)
        if _in_scope(scope, share)
    )
    return EquipmentCost(
        equipment=tariff.equipment,
        name=equipment.name,
        name_en=equipment.name_en,
        first_day=days[0],
        last_day=days[1],
        method=tariff.method,
        basis="history" if basis == "history" else "described",
        bill_yen=bill,
        allocated_yen=allocated,
        unallocated_yen=bill - allocated,
        shared_systems=tuple(share.system for share in shares if share.system in own),
        shares=rows,
        divisions=tuple(_divisions(scope, tariff.equipment, rows)),
    )


def split(tariff: Tariff, bill: int, shares: Sequence[Share], own: set[str]) -> list[tuple[int, int]]:
    """(direct, shared) yen per share. The platform's `own` systems bear something only if nobody else is there.

    With keys the parts come to the bill unless nobody had anything; with rates to what the prices give.
    """
    if tariff.keys is not None:
        weights = _weights_of_keys(tariff.keys, shares)
        total = bill if any(weights) else 0
    elif tariff.rates is not None:
        weights = [_yen_of_rates(tariff.rates, share) for share in shares]
        total = round_half_up(sum(weights, Fraction(0)))
    else:
        raise ValueError(f"the tariff of {tariff.equipment} has neither keys nor rates; validate would have said so")
    tenants = [Fraction(0) if share.system in own else weight for share, weight in zip(shares, weights, strict=True)]
    of_tenants = sum(tenants, Fraction(0))
    if not of_tenants:
        return [(yen, 0) for yen in apportion(total, weights)]
    direct_total, shared_total = apportion(total, [of_tenants, sum(weights, Fraction(0)) - of_tenants])
    return list(zip(apportion(direct_total, tenants), apportion(shared_total, tenants), strict=True))


def _weights_of_keys(keys: SplitKeys, shares: Sequence[Share]) -> list[Fraction]:
    """The part of the bill of each share, unscaled: sum over the keys of percent times part of all."""
    tier_weight = {each.tier: each.weight for each in keys.tier_weights}
    columns = (
        (keys.machine_percent, [Fraction(share.machine_days) for share in shares]),
        (keys.cpu_percent, [Fraction(share.vcpu_days) for share in shares]),
        (keys.memory_percent, [Fraction(share.memory_gib_days) for share in shares]),
        (
            keys.storage_percent,
            [
                sum(
                    (
                        Fraction(gib) * (tier_weight.get(tier, 1) if tier else 1)
                        for tier, gib in share.storage_gib_days.items()
                    ),
                    Fraction(0),
                )
                for share in shares
            ],
        ),
    )
    weights = [Fraction(0)] * len(shares)
    for percent, values in columns:
        whole = sum(values, Fraction(0))
        if percent and whole:
            weights = [weight + percent * value / whole for weight, value in zip(weights, values, strict=True)]
    return weights


def _yen_of_rates(rates: Rates, share: Share) -> Fraction:
    """Exact yen by the prices."""
    price = {each.tier: each.yen_per_gb_month for each in rates.storage}
    yen = (
        rates.yen_per_machine_month * share.machine_months
        + rates.yen_per_cpu_month * share.vcpu_months
        + rates.yen_per_gb_memory_month * share.memory_gib_months
    )
    for tier, months in share.storage_gib_months.items():
        yen += (price.get(tier, 0) if tier else 0) * months
    return yen


def _in_scope(scope: Scope, share: Share) -> bool:
    system = scope.estate.system_by_id.get(share.system)
    if system is not None:
        return share.system in scope.system_ids
    return scope.has(share.system, share.owner, None)


def _cost_share(scope: Scope, equipment: str, share: Share, direct: int, shared: int) -> CostShare:
    system = scope.estate.system_by_id.get(share.system)
    return CostShare(
        equipment=equipment,
        system=share.system,
        name=system.name if system else share.system,
        name_en=system.name_en if system else share.system,
        division=scope.division(share.owner) if share.owner else "",
        machine_days=share.machine_days,
        vcpu_days=share.vcpu_days,
        memory_gib_days=share.memory_gib_days,
        storage_gib_days_by_tier=tier_sizes(share.storage_gib_days),
        direct_yen=direct,
        shared_yen=shared,
        total_yen=direct + shared,
    )


def _divisions(scope: Scope, equipment: str, rows: Sequence[CostShare]) -> list[DivisionCost]:
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        sums[row.division] += row.total_yen
    found = []
    for division, yen in sorted(sums.items()):
        name, name_en = scope.names(division)
        found.append(DivisionCost(equipment=equipment, division=division, name=name, name_en=name_en, total_yen=yen))
    return found
