"""Who uses what: described against actual against used, by machine, system and division. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import DesktopPool, Machine, System
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import DesktopCount
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import MachineSample
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import Total
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import (
    Amount,
    DesktopPoolUsage,
    Difference,
    DivisionUsage,
    MachineUsage,
    SystemUsage,
    UnmanagedMachine,
    sum_amounts,
    sum_uses,
    tier_sizes,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting, actual_amount

_SAME_GIB = 0.001  # sizes closer than this are the same (1 MiB is 0.00098 GiB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """The tenants' part of the report."""

    total: Total
    divisions: tuple[DivisionUsage, ...]
    systems: tuple[SystemUsage, ...]
    machines: tuple[MachineUsage, ...]
    unmanaged: tuple[UnmanagedMachine, ...]
    desktop_pools: tuple[DesktopPoolUsage, ...]


def tenants(
    scope: Scope,
    sighting: Sighting,
    tape_gib: Mapping[str, float] | None,
    desktops: Mapping[str, DesktopCount] | None,
) -> Tenants:
    """Everything in the scope. `tape_gib` by system and `desktops` by pool; None: not collected."""
    machines: list[MachineUsage] = []
    systems: list[SystemUsage] = []
    pools: list[DesktopPoolUsage] = []
    for system in scope.systems:
        rows = list(_machines(scope.estate, sighting, system))
        machines += rows
        systems.append(_system(scope, sighting, system, rows, tape_gib))
        if system.status != "retired":
            pools += [_pool(scope.estate, sighting, system, pool, desktops) for pool in system.desktop_pools]
    unmanaged = tuple(_unmanaged(scope, sighting))
    return Tenants(
        total=Total(
            described=sum_amounts(each.described for each in systems),
            actual=sum_known(each.actual for each in systems),
            used=sum_uses(each.used for each in systems if each.used is not None),
            unmanaged=sum_amounts(each.actual for each in unmanaged) if sighting.observation else None,
            tape_gib=_tape(each.tape_gib for each in systems),
        ),
        divisions=tuple(_divisions(scope, systems)),
        systems=tuple(systems),
        machines=tuple(machines),
        unmanaged=unmanaged,
        desktop_pools=tuple(pools),
    )


def described_amount(estate: Estate, machine: Machine) -> Amount:
    """What systems/ allocates to one machine, disks at their full size."""
    cpu, memory_gb = estate.size(machine)
    tiers: dict[str | None, float] = {}
    for disk in machine.disks:
        tiers[disk.tier] = tiers.get(disk.tier, 0.0) + disk.size_gb
    return Amount(machines=1, vcpu=cpu, memory_gib=float(memory_gb), storage_gib_by_tier=tier_sizes(tiers))


def pool_amount(estate: Estate, pool: DesktopPool) -> Amount:
    """What systems/ allocates to all desktops of one pool."""
    cpu, memory_gb = estate.size(pool)
    return Amount(
        desktops=pool.count,
        vcpu=cpu * pool.count,
        memory_gib=float(memory_gb * pool.count),
        storage_gib_by_tier=tier_sizes({pool.tier: float(pool.disk_gb * pool.count)}),
    )


def sum_known(amounts: Iterable[Amount | None]) -> Amount | None:
    """What is known added up; None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum_amounts(known) if known else None


def _machines(estate: Estate, sighting: Sighting, system: System) -> Iterable[MachineUsage]:
    """Described machines, retired ones only if they are still there, then those made here and no longer described."""
    cluster = estate.cluster_by_name.get(system.cluster)
    known = cluster is not None and sighting.knows(cluster.vcenter)
    for machine in system.machines:
        status = status_of(system, machine)
        sample = sighting.by_identity.get(estate.instance_uuid(machine).lower())
        if status == "retired" and sample is None:
            continue
        described = None if status == "retired" else described_amount(estate, machine)
        actual = actual_amount(sample) if sample else None
        yield MachineUsage(
            key=machine.key,
            name=machine.name,
            system=system.id,
            role=machine.role,
            status=status,
            segment=system.segment,
            cluster=sample.cluster if sample else system.cluster,
            described=described,
            actual=actual,
            used=sighting.use(sample) if sample else None,
            power=sample.power if sample else None,
            differences=_differences(described, actual, machine, sample, existing=known and status in _EXISTING),
        )
    for sample in sighting.of_system.get(system.id, ()):
        yield MachineUsage(
            key=sample.key or "",
            name=sample.name,
            system=system.id,
            role="",
            status="retired",
            segment=system.segment,
            cluster=sample.cluster,
            described=None,
            actual=actual_amount(sample),
            used=sighting.use(sample),
            power=sample.power,
            differences=(),
        )


_EXISTING = ("in-service", "retiring")


def _differences(
    described: Amount | None, actual: Amount | None, machine: Machine, sample: MachineSample | None, *, existing: bool
) -> tuple[Difference, ...]:
    if described is None:
        return ()
    if actual is None or sample is None:
        return ("missing",) if existing else ()
    found: list[Difference] = []
    if described.vcpu != actual.vcpu:
        found.append("vcpu")
    if abs(described.memory_gib - actual.memory_gib) > _SAME_GIB:
        found.append("memory")
    if abs(described.storage_gib - actual.storage_gib) > _SAME_GIB:
        found.append("storage")
    if (machine.power == "on") != (sample.power == "on"):
        found.append("power")
    return tuple(found)


def _system(
    scope: Scope,
    sighting: Sighting,
    system: System,
    rows: list[MachineUsage],
    tape_gib: Mapping[str, float] | None,
) -> SystemUsage:
    estate = scope.estate
    cluster = estate.cluster_by_name.get(system.cluster)
    live_pools = system.desktop_pools if system.status != "retired" else ()
    desktops = [sample for pool in system.desktop_pools for sample in sighting.of_pool.get(pool.key, ())]
    described = [row.described for row in rows if row.described is not None]
    described += [pool_amount(estate, pool) for pool in live_pools]
    actual = [row.actual for row in rows if row.actual is not None]
    actual += [actual_amount(sample, desktop=True) for sample in desktops]
    uses = [row.used for row in rows if row.used is not None] + [sighting.use(sample) for sample in desktops]
    known = cluster is not None and sighting.knows(cluster.vcenter)
    return SystemUsage(
        system=system.id,
        name=system.name,
        name_en=system.name_en,
        kind=system.kind,
        status=system.status,
        owner=system.owner,
        division=scope.division(system.owner),
        segment=system.segment,
        cluster=system.cluster,
        equipment=cluster.equipment if cluster else "",
        described=sum_amounts(described),
        actual=sum_amounts(actual) if actual or known else None,
        used=sum_uses(uses),
        tape_gib=None if tape_gib is None else tape_gib.get(system.id, 0.0),
    )


def _divisions(scope: Scope, systems: list[SystemUsage]) -> Iterable[DivisionUsage]:
    """Divisions in the order of platform/organisations.yml."""
    grouped: defaultdict[str, list[SystemUsage]] = defaultdict(list)
    for system in systems:
        grouped[system.division].append(system)
    order = {unit.id: index for index, unit in enumerate(scope.estate.platform.organisations)}
    for division in sorted(grouped, key=lambda unit: (order.get(unit, len(order)), unit)):
        members = grouped[division]
        name, name_en = scope.names(division)
        yield DivisionUsage(
            division=division,
            name=name,
            name_en=name_en,
            bureau=scope.bureau(division),
            systems=tuple(each.system for each in members),
            described=sum_amounts(each.described for each in members),
            actual=sum_known(each.actual for each in members),
            used=sum_uses(each.used for each in members if each.used is not None),
            tape_gib=_tape(each.tape_gib for each in members),
        )


def _pool(
    estate: Estate,
    sighting: Sighting,
    system: System,
    pool: DesktopPool,
    desktops: Mapping[str, DesktopCount] | None,
) -> DesktopPoolUsage:
    cpu, memory_gb = estate.size(pool)
    count = desktops.get(pool.key) if desktops is not None else None
    seen = sighting.of_pool.get(pool.key)
    provisioned = count.provisioned if count is not None else None
    if provisioned is None and seen:
        provisioned = len(seen)
    return DesktopPoolUsage(
        pool=pool.key,
        name=pool.name,
        system=system.id,
        segment=system.segment,
        cluster=system.cluster,
        tier=pool.tier,
        described_desktops=pool.count,
        vcpu_each=cpu,
        memory_gib_each=float(memory_gb),
        storage_gib_each=float(pool.disk_gb),
        provisioned_desktops=provisioned,
        in_use_desktops=count.in_use if count else None,
        peak_in_use_desktops=count.peak_in_use if count else None,
    )


def _unmanaged(scope: Scope, sighting: Sighting) -> Iterable[UnmanagedMachine]:
    for sample in sighting.unmanaged:
        if scope.has(sample.system, sample.owner, sample.segment):
            yield UnmanagedMachine(
                name=sample.name,
                vcenter=sample.vcenter,
                cluster=sample.cluster,
                power=sample.power,
                actual=actual_amount(sample),
                used=sighting.use(sample),
            )


def _tape(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
