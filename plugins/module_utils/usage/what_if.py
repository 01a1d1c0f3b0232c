""" "Add 4 machines of flavour m8 to lgwan": what fits where, and what tips. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.schema_words import suggest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import UnusableRequest, WhatIfRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Balance,
    ClusterCapacity,
    Limit,
    TierCapacity,
    WhatIf,
    WhatIfPlace,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope


def what_if(
    scope: Scope, clusters: Sequence[ClusterCapacity], tiers: Sequence[TierCapacity], request: WhatIfRequest
) -> WhatIf:
    """The answer for each cluster that is asked for: the one of that name, else all of the segment.

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
    chosen = named or [each for each in clusters if each.segment == request.where]
    if not chosen:
        places = [segment.id for segment in estate.platform.segments if segment.hosts_machines]
        raise _unknown("segment or cluster", request.where, [*places, *estate.cluster_by_name])
    each_needs = (float(flavour.cpu), float(flavour.memory_gb), storage_gib)
    return WhatIf(
        count=request.count,
        flavour=flavour.id,
        vcpu_each=flavour.cpu,
        memory_gib_each=float(flavour.memory_gb),
        storage_gib_each=storage_gib,
        tier=tier,
        where=request.where,
        places=tuple(_place(cluster, tiers, request, each_needs, tier) for cluster in chosen),
    )


def _place(
    cluster: ClusterCapacity,
    tiers: Sequence[TierCapacity],
    request: WhatIfRequest,
    each_needs: tuple[float, float, float],
    tier: str,
) -> WhatIfPlace:
    shared = next((each for each in tiers if each.tier == tier and cluster.cluster in each.clusters), None)
    basis = request.basis
    cpu, memory = cluster.balance("cpu", basis), cluster.balance("memory", basis)
    storage = shared.balance(basis) if shared else None
    if cpu is None or memory is None or (shared is not None and storage is None):
        basis = "described"  # not observed: the data is all there is
        cpu, memory = cluster.balance("cpu", basis), cluster.balance("memory", basis)
        storage = shared.balance(basis) if shared else None
    if storage is None:
        storage = Balance(resource="storage", basis=basis, unit="GiB", demand=0.0, capacity=0.0, total=0.0)
    place = shared.name if shared else f"{cluster.cluster}/{tier}"
    asked = [
        (balance, where, need)
        for balance, where, need in zip(
            (cpu, memory, storage), (cluster.cluster, cluster.cluster, place), each_needs, strict=True
        )
        if balance is not None
    ]
    limits = tuple(_limit(balance, where, need * request.count) for balance, where, need in asked)
    return WhatIfPlace(
        cluster=cluster.cluster,
        equipment=cluster.equipment or "",
        basis=basis,
        limits=limits,
        fits=all(not limit.over for limit in limits),
        most_machines=max(min(math.floor(balance.free / need) for balance, _, need in asked if need), 0),
    )


def _limit(balance: Balance, place: str, needed: float) -> Limit:
    after = 100 * (balance.demand + needed) / balance.capacity if balance.capacity > 0 else None
    return Limit(
        resource=balance.resource,
        place=place,
        unit=balance.unit,
        needed=needed,
        free=balance.free,
        capacity=balance.capacity,
        percent_after=after,
    )


def _unknown(what: str, text: str, known: list[str]) -> UnusableRequest:
    near = suggest(text, known)
    hint = near.en if near else f"known: {', '.join(known)}"
    return UnusableRequest(f'there is no {what} "{text}"; {hint}')
