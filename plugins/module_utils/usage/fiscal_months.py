"""One fiscal year month by month: what was allocated on average, and what it costs. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Tariff
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.bill import bills_yen
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import FiscalYear
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History, SystemDay
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import FiscalMonth, FiscalYearUsage
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope


def fiscal_year_usage(
    scope: Scope, year: FiscalYear, history: History | None, tariffs: Sequence[Tariff]
) -> FiscalYearUsage:
    """April to March. Averages are over days on which every vCenter was read; bills are of the whole estate."""
    by_month: defaultdict[date, list[SystemDay]] = defaultdict(list)
    days: defaultdict[date, set[date]] = defaultdict(set)
    if history is not None:
        complete = {day for day in history.sampled_days if not history.missing.get(day)}
        for day in complete:
            days[day.replace(day=1)].add(day)
        for series in history.systems:
            system = scope.estate.system_by_id.get(series.system)
            known = series.system in scope.system_ids if system else scope.has(series.system, series.owner, None)
            for point in series.days if known else ():
                if point.day in complete:
                    by_month[point.day.replace(day=1)].append(point)
    return FiscalYearUsage(
        year=year.year,
        label=year.label,
        label_ja=year.label_ja,
        first_day=year.first_day,
        last_day=year.last_day,
        months=tuple(_month(month, by_month[month], len(days[month]), tariffs) for month in year.months()),
    )


def _month(month: date, points: Sequence[SystemDay], sampled: int, tariffs: Sequence[Tariff]) -> FiscalMonth:
    length = monthrange(month.year, month.month)[1]
    storage_gib = sum(size.gib for point in points for size in point.storage_gib_by_tier)
    return FiscalMonth(
        month=month,
        days=length,
        days_with_samples=sampled,
        machines=sum(point.machines for point in points) / sampled if sampled else None,
        vcpu=sum(point.vcpu for point in points) / sampled if sampled else None,
        memory_gib=sum(point.memory_gib for point in points) / sampled if sampled else None,
        storage_gib=storage_gib / sampled if sampled else None,
        bill_yen=bills_yen(tariffs, month, month.replace(day=length)),
    )
