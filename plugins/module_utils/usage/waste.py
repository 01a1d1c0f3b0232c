"""What could be given back: machines that are off, old snapshots, disks of nobody. No GiB is counted twice. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import MachineSample, OrphanedDisk
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_waste import (
    IdleMachine,
    OldSnapshot,
    PoweredOffMachine,
    Reclaimable,
    ReclaimableKind,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting, files_gib, snapshots_gib


@dataclass(frozen=True, slots=True)
class Seen:
    """One observed machine of the scope (no desktop) and what the repository says of it."""

    sample: MachineSample
    key: str | None
    system: str | None
    retired: bool
    meant_off: bool


def seen_machines(scope: Scope, sighting: Sighting) -> list[Seen]:
    """Every observed server of the scope: described ones in the order of the data, then leftovers, then unmanaged."""
    estate = scope.estate
    found: list[Seen] = []
    for system in scope.systems:
        for machine in system.machines:
            sample = sighting.by_identity.get(estate.instance_uuid(machine).lower())
            if sample is not None:
                retired = status_of(system, machine) == "retired"
                found.append(Seen(sample, machine.key, system.id, retired, machine.power == "off"))
        found += [
            Seen(sample, sample.key, system.id, retired=True, meant_off=False)
            for sample in sighting.of_system.get(system.id, ())
        ]
    found += [
        Seen(sample, None, None, retired=False, meant_off=False)
        for sample in sighting.unmanaged
        if scope.has(sample.system, sample.owner, sample.segment)
    ]
    return found


def powered_off(machines: list[Seen], history: History | None) -> tuple[PoweredOffMachine, ...]:
    """Machines that do not run: those with most storage first."""
    days_off = {past.identity.lower(): past.days - past.days_on for past in history.machines} if history else {}
    rows = [
        PoweredOffMachine(
            key=each.key,
            name=each.sample.name,
            system=each.system,
            power=each.sample.power,
            expected=each.meant_off,
            days_off=days_off.get(each.sample.identity),
            storage_gib=files_gib(each.sample),
        )
        for each in machines
        if each.sample.power != "on"
    ]
    return tuple(sorted(rows, key=lambda row: (-row.storage_gib, row.name)))


def with_old_snapshots(scope: Scope, sighting: Sighting, machines: list[Seen]) -> list[tuple[Seen, OldSnapshot]]:
    """Machines with a snapshot that is older than the policy's limit at the time of reading: the oldest first."""
    observation = sighting.observation
    if observation is None:
        return []
    limit = timedelta(hours=scope.estate.platform.limits.snapshot_age_hours)
    rows = []
    for each in machines:
        sample = each.sample
        if sample.oldest_snapshot is None:
            continue
        age = observation.read_at.get(sample.vcenter, observation.taken_at) - sample.oldest_snapshot
        if age > limit:
            row = OldSnapshot(
                name=sample.name,
                system=each.system,
                snapshots=sample.snapshots,
                oldest_at=sample.oldest_snapshot,
                age_days=age.days,
                gib=sample.snapshot_gb,
            )
            rows.append((each, row))
    return sorted(rows, key=lambda pair: (pair[1].oldest_at, pair[1].name))


def orphaned_disks(scope: Scope, sighting: Sighting) -> tuple[OrphanedDisk, ...] | None:
    """Disks of nobody on datastores of the scope, the largest first; none where a system or an owner is asked for."""
    if sighting.observation is None or sighting.observation.orphaned_disks is None:
        return None
    if scope.filters.system or scope.filters.owner:
        return ()
    clusters = {datastore.name: datastore.clusters for datastore in scope.estate.platform.datastores}
    rows = [
        disk
        for disk in sighting.observation.orphaned_disks
        if scope.is_whole or not scope.clusters.isdisjoint(clusters.get(disk.datastore, ()))
    ]
    return tuple(sorted(rows, key=lambda disk: (-disk.used_gb, disk.path)))


def reclaimable(
    machines: list[Seen],
    orphans: tuple[OrphanedDisk, ...] | None,
    old_snapshots: list[tuple[Seen, OldSnapshot]],
    idle: tuple[IdleMachine, ...],
) -> tuple[Reclaimable, ...]:
    """Sums by kind. A machine counts once, under the first kind that fits, without its old snapshots."""
    old = {each.sample.identity for each, _ in old_snapshots}
    idle_keys = {row.key for row in idle}
    sums: dict[ReclaimableKind, list[float]] = {}
    for disk in orphans or ():
        _add(sums, "orphaned-disks", disk.used_gb, 0, 0.0)
    for each in machines:
        snapshot_gib = snapshots_gib(each.sample) if each.sample.identity in old else 0.0
        if each.sample.identity in old:
            _add(sums, "old-snapshots", snapshot_gib, 0, 0.0)
        for kind in _kinds(each, idle_keys):
            rest = files_gib(each.sample) - snapshot_gib
            _add(sums, kind, rest, each.sample.cpu_count, each.sample.memory_gb)
    return tuple(
        Reclaimable(kind=kind, objects=int(count), storage_gib=gib, vcpu=int(vcpu), memory_gib=memory_gib)
        for kind, (count, gib, vcpu, memory_gib) in sums.items()
    )


def _kinds(each: Seen, idle_keys: set[str]) -> Iterator[ReclaimableKind]:
    """The one kind of a machine, or none."""
    if each.retired:
        yield "retired-machines"
    elif each.sample.power != "on":
        if not each.meant_off:
            yield "powered-off-machines"
    elif each.key in idle_keys:
        yield "idle-machines"


def _add(
    sums: dict[ReclaimableKind, list[float]], kind: ReclaimableKind, gib: float, vcpu: int, memory_gib: float
) -> None:
    total = sums.setdefault(kind, [0, 0.0, 0, 0.0])
    for index, value in enumerate((1, gib, vcpu, memory_gib)):
        total[index] += value
