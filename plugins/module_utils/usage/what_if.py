""" "Add 4 machines of flavour m8 to lgwan": what fits where, and what tips. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Thresholds
from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import suggest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import UnusableRequest, WhatIfRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.pieces import (
    Room,
    datastore_rooms,
    host_rooms,
    whole_pieces,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Balance,
    Basis,
    ClusterCapacity,
    Limit,
    Resource,
    TierCapacity,
    WhatIf,
    WhatIfPlace,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What each of `count` machines takes."""

    count: int
    cpu: float
    memory_gib: float
    storage_gib: float
    tier: str
    basis: Basis


def what_if(
    scope: Scope,
    sighting: Sighting,
    clusters: Sequence[ClusterCapacity],
    tiers: Sequence[TierCapacity],
    request: WhatIfRequest,
) -> WhatIf:
    """The answer for each cluster that is asked for: the one of that name, else those of the segment for divisions.

    `clusters` and `tiers` are those of the whole estate. UnusableRequest: an unknown flavour, tier or place, no machine
    at all, or a disk of less than nothing.
    """
    estate = scope.estate
    added = estate.platform.capacity.added_machine
    if request.count < 1:
        raise UnusableRequest(f"{request.count} machines cannot be added; ask for one or more")
    if request.storage_gib_each is not None and request.storage_gib_each < 0:
        raise UnusableRequest(f"a disk of {request.storage_gib_each} GiB cannot be added; give 0 or more")
    flavour = estate.flavour_by_id.get(request.flavour)
    if flavour is None:
        raise _unknown("flavour", request.flavour, list(estate.flavour_by_id))
    tier = request.tier or added.tier
    if tier not in {each.id for each in estate.platform.tiers}:
        raise _unknown("tier", tier, [each.id for each in estate.platform.tiers])
    storage_gib = float(added.disk_gb if request.storage_gib_each is None else request.storage_gib_each)
    named = [each for each in clusters if each.cluster == request.where and each.segment is not None]
    segment = [each for each in clusters if each.segment == request.where]
    chosen = named or _for_divisions(scope, segment)
    if not chosen:
        places = [segment.id for segment in estate.platform.segments if segment.hosts_machines]
        raise _unknown("segment or cluster", request.where, [*places, *estate.cluster_by_name])
    needs = _Needs(
        count=request.count,
        cpu=float(flavour.cpu),
        memory_gib=float(flavour.memory_gb),
        storage_gib=storage_gib,
        tier=tier,
        basis=request.basis,
    )
    return WhatIf(
        count=request.count,
        flavour=flavour.id,
        vcpu_each=flavour.cpu,
        memory_gib_each=float(flavour.memory_gb),
        storage_gib_each=storage_gib,
        tier=tier,
        where=request.where,
        places=tuple(_place(scope, sighting, cluster, tiers, needs) for cluster in chosen),
        left_out=() if named else tuple(each.cluster for each in segment if each not in chosen),
    )


def _for_divisions(scope: Scope, clusters: Sequence[ClusterCapacity]) -> list[ClusterCapacity]:
    """Those whose equipment hosts systems of divisions; all where none of them does."""
    by_name = scope.estate.cluster_by_name
    hosting = {
        by_name[system.cluster].equipment
        for system in scope.estate.systems
        if system.kind == "hosted" and system.cluster in by_name
    }
    return [each for each in clusters if each.equipment in hosting] or list(clusters)


def _place(
    scope: Scope, sighting: Sighting, cluster: ClusterCapacity, tiers: Sequence[TierCapacity], needs: _Needs
) -> WhatIfPlace:
    shared = next((each for each in tiers if each.tier == needs.tier and cluster.cluster in each.clusters), None)
    basis = needs.basis
    cpu, memory = cluster.balance("cpu", basis), cluster.balance("memory", basis)
    storage = shared.balance(basis) if shared else None
    if cpu is None or memory is None or (shared is not None and storage is None):
        basis = "described"  # not observed: the data is all there is
        cpu, memory = cluster.balance("cpu", basis), cluster.balance("memory", basis)
        storage = shared.balance(basis) if shared else None
    if storage is None:
        storage = Balance(resource="storage", basis=basis, unit="GiB", demand=0.0, capacity=0.0, total=0.0)
    cpu_rooms, memory_rooms = host_rooms(scope, sighting, cluster.cluster, basis)
    storage_rooms = datastore_rooms(scope, sighting, shared, storage) if shared else []
    place = shared.name if shared else f"{cluster.cluster}/{needs.tier}"
    limits: list[Limit] = []
    most: list[int] = []
    for balance, where, need, rooms in (
        (cpu, cluster.cluster, needs.cpu, cpu_rooms),
        (memory, cluster.cluster, needs.memory_gib, memory_rooms),
        (storage, place, needs.storage_gib, storage_rooms),
    ):
        if balance is None:
            continue
        threshold = _threshold(scope.estate.platform.capacity.thresholds, balance.resource)
        limit = _limit(balance, where, need * needs.count, threshold)
        limits.append(limit)
        if need:
            by_sum, pieces = math.floor(balance.free / need), whole_pieces(need, rooms)
            most += [by_sum, pieces]
            if pieces < min(by_sum, needs.count) and (by_sum >= needs.count or not pieces):
                limits.append(_piece(limit, need, needs.count, rooms))
    return WhatIfPlace(
        cluster=cluster.cluster,
        equipment=cluster.equipment or "",
        basis=basis,
        limits=tuple(limits),
        most_machines=max(min(most), 0),
    )


def _limit(balance: Balance, place: str, needed: float, threshold: float) -> Limit:
    after = 100 * (balance.demand + needed) / balance.capacity if balance.capacity > 0 else None
    return Limit(
        resource=balance.resource,
        place=place,
        unit=balance.unit,
        needed=needed,
        free=balance.free,
        capacity=balance.capacity,
        percent_after=after,
        threshold_percent=threshold,
    )


def _piece(limit: Limit, need: float, count: int, rooms: Sequence[Room]) -> Limit:
    """Why a sum that fits does not: one piece is larger than any room, or the rooms take too few whole ones."""
    pieces = whole_pieces(need, rooms)
    if pieces:
        capacity = sum(room.capacity for room in rooms)
        place, needed, free = limit.place, need * count, need * pieces
    else:
        best = max(rooms, key=lambda room: room.largest)
        capacity = best.capacity
        place, needed, free = best.name, need, best.largest
    return replace(
        limit,
        place=place,
        needed=needed,
        free=free,
        capacity=capacity,
        percent_after=100 * (capacity - free + needed) / capacity if capacity > 0 else None,
        piece=True,
    )


def _threshold(thresholds: Thresholds, resource: Resource) -> float:
    return {
        "cpu": thresholds.cluster_cpu_percent,
        "memory": thresholds.cluster_memory_percent,
        "storage": thresholds.storage_percent,
    }[resource]


def _unknown(what: str, text: str, known: list[str]) -> UnusableRequest:
    near = suggest(text, known)
    hint = near.en if near else f"known: {', '.join(known)}"
    return UnusableRequest(f'there is no {what} "{text}"; {hint}')
