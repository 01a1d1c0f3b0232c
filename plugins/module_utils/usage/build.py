"""The usage report from the estate, what was observed and what history tells. Pure: the same input, the same report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Tariff
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.clusters import clusters
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.cost import cost_allocation
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.exceeded import exceeded
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal_months import fiscal_year_usage
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.growth import forecasts
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.inputs import (
    EVERYTHING,
    NOTHING_COLLECTED,
    UNSAID,
    Filters,
    Origin,
    Period,
    Providers,
    WhatIfRequest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.notes import notes, sources
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import Header, UsageReport
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import WhatIf
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting, sight
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sizing import idle, right_sizing
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.storage import datastores, tiers
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.tenants import tenants
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.waste import (
    orphaned_disks,
    powered_off,
    reclaimable,
    seen_machines,
    with_old_snapshots,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.what_if import what_if


def build_report(
    estate: Estate,
    *,
    as_of: date,
    observation: Observation | None,
    history: History | None,
    tariffs: Sequence[Tariff] | None = None,
    filters: Filters = EVERYTHING,
    period: Period,
    providers: Providers = NOTHING_COLLECTED,
    request: WhatIfRequest | None = None,
    origin: Origin = UNSAID,
) -> UsageReport:
    """Everything about what the filters leave, as of a day; cost and averages are those of the period.

    `tariffs` are those of the estate unless others are given.

    UnusableRequest: a filter or the what-if names something that does not exist.
    """
    tariffs = estate.platform.tariffs if tariffs is None else tariffs
    scope = Scope(estate, filters)
    sighting = sight(estate, observation)
    who = tenants(
        scope,
        sighting,
        providers.tape.tape_gib_by_system(as_of) if providers.tape else None,
        providers.desktops.desktop_counts(as_of) if providers.desktops else None,
    )
    cluster_rows, tier_rows, datastore_rows = (
        clusters(scope, sighting),
        tiers(scope, sighting),
        datastores(scope, sighting),
    )
    forecast_rows = forecasts(scope, history, cluster_rows, tier_rows, as_of) if history else ()
    seen = seen_machines(scope, sighting)
    snapshot_rows = with_old_snapshots(scope, sighting, seen)
    orphan_rows = orphaned_disks(scope, sighting)
    idle_rows = idle(scope, sighting, history) if history else ()
    cost = cost_allocation(scope, tariffs, history, period)
    return UsageReport(
        header=Header(
            estate=estate.platform.estate.name,
            estate_en=estate.platform.estate.name_en,
            as_of=as_of,
            first_day=period.first_day,
            last_day=period.last_day,
            fiscal_year=period.fiscal_year.label if period.fiscal_year else None,
            system=filters.system,
            owner=filters.owner,
            segment=filters.segment,
            sources=sources(scope, sighting, history, providers, origin),
            notes=notes(
                scope,
                sighting,
                history=history,
                providers=providers,
                origin=origin,
                period=period,
                as_of=as_of,
                tenants=who,
                tariffs=tariffs,
                cost=cost,
            ),
        ),
        total=who.total,
        divisions=who.divisions,
        systems=who.systems,
        machines=who.machines,
        unmanaged=who.unmanaged,
        desktop_pools=who.desktop_pools,
        clusters=cluster_rows,
        tiers=tier_rows,
        datastores=datastore_rows,
        forecasts=forecast_rows,
        what_if=_answer(estate, sighting, request) if request else None,
        right_sizing=right_sizing(scope, sighting, history) if history else (),
        idle=idle_rows,
        powered_off=powered_off(seen, history),
        orphaned_disks=orphan_rows,
        old_snapshots=tuple(row for _, row in snapshot_rows),
        reclaimable=reclaimable(seen, orphan_rows, snapshot_rows, idle_rows),
        cost=cost,
        fiscal_year=fiscal_year_usage(scope, period.fiscal_year, history, tariffs) if period.fiscal_year else None,
        exceeded=exceeded(
            estate.platform.capacity.thresholds,
            clusters=cluster_rows,
            tiers=tier_rows,
            datastores=datastore_rows,
            forecasts=forecast_rows,
            machines_with_old_snapshots=len(snapshot_rows),
        ),
    )


def _answer(estate: Estate, sighting: Sighting, request: WhatIfRequest) -> WhatIf:
    """Of the whole estate: a place to go to need not be where the filters look."""
    whole = Scope(estate, EVERYTHING)
    return what_if(whole, sighting, clusters(whole, sighting), tiers(whole, sighting), request)
