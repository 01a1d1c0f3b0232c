"""What cannot be cut: one machine runs on one host, one disk lies on one datastore. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import usable_gb
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import Balance, Basis, TierCapacity
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.storage import allocated_gib, observed_datastores

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A host or datastore: `largest` is the largest piece it takes, `free` and `capacity` what all its pieces share."""

    name: str
    largest: float
    free: float
    capacity: float


def whole_pieces(need: float, rooms: Sequence[Room]) -> int:
    """How many pieces of one size the rooms take, none of them cut."""
    return sum(math.floor(room.free / need + _ROUNDING) for room in rooms if need <= room.largest + _ROUNDING)


def host_rooms(scope: Scope, sighting: Sighting, cluster: str, basis: Basis) -> tuple[list[Room], list[Room]]:
    """(vCPU, memory) rooms of the hosts that are left with the tolerated ones lost.

    Every host counts as empty: machines that run can be moved (vMotion), so only sizes are compared here. A machine has
    no more vCPU than its host has cores, and no more memory than its host.
    """
    described = scope.estate.cluster_by_name[cluster]
    if basis == "described":
        sizes = [(host.name, float(host.cpu_cores), float(host.memory_gb)) for host in described.hosts]
    else:
        usable = [host for host in sighting.hosts.get(cluster, []) if host.usable]
        sizes = [(host.name, float(host.cpu_cores), host.memory_gb) for host in usable]
    lost = described.host_failures_tolerated
    return (
        _left([(name, cores) for name, cores, _ in sizes], lost, described.cpu_overcommit_ratio),
        _left([(name, memory) for name, _, memory in sizes], lost, described.memory_overcommit_ratio),
    )


def datastore_rooms(scope: Scope, sighting: Sighting, tier: TierCapacity, balance: Balance) -> list[Room]:
    """Rooms of a tier's datastores.

    What is described names no datastore: it is taken as spread over them in proportion to their size. What vCenter has
    is taken where it is.
    """
    described = {each.name: each for each in scope.estate.platform.datastores}
    if balance.basis == "described":
        part_free = balance.free / balance.capacity if balance.capacity > 0 else 0.0
        return [_room(name, usable_gb(described[name]), part_free) for name in tier.datastores]
    observed, allocated = observed_datastores(sighting), allocated_gib(sighting) or {}
    rooms = []
    for name in tier.datastores:
        percent = described[name].fill_limit_percent - described[name].snapshot_reserve_percent
        capacity = observed[name].capacity_gb * percent / 100
        free = max(capacity - allocated.get(name, 0.0), 0.0)
        rooms.append(Room(name=name, largest=free, free=free, capacity=capacity))
    return rooms


def _room(name: str, capacity: float, part_free: float) -> Room:
    free = max(capacity * part_free, 0.0)
    return Room(name=name, largest=free, free=free, capacity=capacity)


def _left(sizes: Sequence[tuple[str, float]], lost: int, ratio: float) -> list[Room]:
    ordered = sorted(sizes, key=lambda each: each[1])
    return [
        Room(name=name, largest=size, free=size * ratio, capacity=size)
        for name, size in ordered[: max(len(ordered) - lost, 0)]
    ]
