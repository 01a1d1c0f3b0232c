"""What the header says: the sources that were used, and what is missing with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Tariff
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.bill import common_days
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.clusters import undescribed_clusters
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import Origin, Period, Providers
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import Note, Source
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import CostAllocation
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.storage import undescribed_datastores
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.tenants import Tenants


def sources(
    scope: Scope, sighting: Sighting, history: History | None, providers: Providers, origin: Origin
) -> tuple[Source, ...]:
    """Repository, every vCenter, history, tape and desktops, each with whether it gave anything."""
    observation = sighting.observation
    vcenters = [
        Source(
            kind="vcenter",
            name=vcenter.id,
            available=sighting.knows(vcenter.id),
            at=observation.read_at.get(vcenter.id, observation.taken_at)
            if observation and sighting.knows(vcenter.id)
            else None,
            detail=observation.missing.get(vcenter.id, "") if observation else origin.no_observation,
        )
        for vcenter in scope.estate.platform.vcenters
    ]
    last = history.sampled_days[-1].isoformat() if history and history.sampled_days else origin.no_history
    return (
        Source(kind="repository", name="systems/ platform/", available=True, detail=origin.commit),
        *vcenters,
        Source(kind="history", name=origin.history, available=history is not None, detail=last),
        Source(kind="tape", name="", available=providers.tape is not None),
        Source(kind="desktops", name="", available=providers.desktops is not None),
    )


def notes(
    scope: Scope,
    sighting: Sighting,
    *,
    history: History | None,
    providers: Providers,
    origin: Origin,
    period: Period,
    as_of: date,
    tenants: Tenants,
    tariffs: Sequence[Tariff],
    cost: CostAllocation | None,
) -> tuple[Note, ...]:
    """What a reader has to know, in the order of the report."""
    return (
        *_of_description(scope, sighting, origin, as_of),
        *_of_observation(scope, sighting, origin, tenants),
        *_of_history(scope, history, origin, period, as_of),
        *([] if providers.tape else [Note(code="tape-not-collected")]),
        *([] if providers.desktops or not tenants.desktop_pools else [Note(code="desktops-not-collected")]),
        *_of_cost(scope, tariffs, period, as_of, cost),
    )


def _of_description(scope: Scope, sighting: Sighting, origin: Origin, as_of: date) -> Iterator[Note]:
    """A day of the past under which what is described today would stand as if it had been so then."""
    if origin.described_on is None or as_of >= origin.described_on:
        return
    zone = ZoneInfo(scope.estate.platform.estate.timezone)
    observation = sighting.observation
    if observation is None or observation.taken_at.astimezone(zone).date() != as_of:
        yield Note(code="described-later", subject=origin.commit)


def _of_observation(scope: Scope, sighting: Sighting, origin: Origin, tenants: Tenants) -> Iterator[Note]:
    if not scope.systems:
        yield Note(code="estate-empty")
    observation = sighting.observation
    if observation is None:
        yield Note(code="vcenter-not-asked", reason=origin.no_observation)
        return
    for vcenter, reason in sorted(observation.missing.items()):
        yield Note(code="vcenter-unreachable", subject=vcenter, reason=reason)
    machines = [each for each in observation.machines if scope.has(each.system, each.owner, each.segment)]
    unmeasured = sum(each.cpu_used_mhz is None or each.memory_used_gb is None for each in machines)
    if unmeasured:
        yield Note(code="use-not-measured", value=unmeasured, limit=len(machines))
    if observation.orphaned_disks is None:
        yield Note(code="orphans-not-collected")
    if scope.is_whole:
        for name in undescribed_clusters(scope, sighting):
            yield Note(code="cluster-not-described", subject=name)
        for name in undescribed_datastores(scope, sighting):
            yield Note(code="datastore-not-described", subject=name)
    missing = sum("missing" in machine.differences for machine in tenants.machines)
    if missing:
        yield Note(code="machines-missing", value=missing)
    if tenants.unmanaged:
        yield Note(code="machines-unmanaged", value=len(tenants.unmanaged))


def _of_history(scope: Scope, history: History | None, origin: Origin, period: Period, as_of: date) -> Iterator[Note]:
    if history is None:
        yield Note(code="history-not-given", reason=origin.no_history)
        return
    if not history.sampled_days:
        yield Note(code="history-empty")
    else:
        last = min(period.last_day, as_of)
        sampled = sum(period.first_day <= day <= last for day in history.sampled_days)
        gaps = (last - period.first_day).days + 1 - sampled
        if gaps > 0:
            yield Note(code="history-gaps", value=gaps)
    needed = scope.estate.platform.capacity.right_sizing.minimum_days
    longest = max((machine.days for machine in history.machines), default=0)
    if longest < needed:
        yield Note(code="right-sizing-needs-history", value=longest, limit=needed)


def _of_cost(
    scope: Scope, tariffs: Sequence[Tariff], period: Period, as_of: date, cost: CostAllocation | None
) -> Iterator[Note]:
    used = {cluster.equipment for cluster in scope.estate.platform.clusters if cluster.name in scope.clusters}
    for equipment in scope.estate.platform.equipment:
        if equipment.id not in used:
            continue
        spans = [
            common_days(each, period.first_day, period.last_day) for each in tariffs if each.equipment == equipment.id
        ]
        covered = sum((span[1] - span[0]).days + 1 for span in spans if span is not None)
        if not covered:
            yield Note(code="tariff-missing", subject=equipment.id)
        elif covered < period.days:
            yield Note(code="days-without-tariff", subject=equipment.id, value=period.days - covered)
    if cost is None:
        return
    if any(each.basis == "described" for each in cost.equipment):
        yield Note(code="cost-by-described")
    elif period.last_day > as_of:
        yield Note(
            code="cost-projected", value=(period.last_day - max(as_of, period.first_day - timedelta(days=1))).days
        )
    if cost.assumed:
        yield Note(code="cost-assumed")
