"""One fiscal year month by month: what was allocated on average, and what it costs. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Tariff
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.bill import bills_yen
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.fiscal import FiscalYear
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History, SystemDay
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import FiscalMonth, FiscalYearUsage
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.shares import vcenter_of


def fiscal_year_usage(
    scope: Scope, year: FiscalYear, history: History | None, tariffs: Sequence[Tariff]
) -> FiscalYearUsage:
    """April to March. Averages are of the scope, over the days on which its vCenters were read; bills are of all.

    A month in which one of these vCenters was never read has no averages: a part is not the whole.
    """
    readings = _readings(scope, history) if history is not None else []
    return FiscalYearUsage(
        year=year.year,
        label=year.label,
        label_ja=year.label_ja,
        first_day=year.first_day,
        last_day=year.last_day,
        months=tuple(_month(month, [reading.of(month) for reading in readings], tariffs) for month in year.months()),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one vCenter showed: the days on which it was read, and what the systems of the scope had on them."""

    days: frozenset[date]
    points: tuple[SystemDay, ...]

    def of(self, month: date) -> _Reading:
        """The part that lies in a month (its first day)."""
        return _Reading(
            frozenset(day for day in self.days if day.replace(day=1) == month),
            tuple(point for point in self.points if point.day in self.days and point.day.replace(day=1) == month),
        )


def _readings(scope: Scope, history: History) -> list[_Reading]:
    points: defaultdict[str | None, list[SystemDay]] = defaultdict(list)
    for series in history.systems:
        known = series.system in scope.estate.system_by_id
        if series.system in scope.system_ids if known else scope.has(series.system, series.owner, None):
            points[vcenter_of(scope.estate, series)] += series.days
    return [
        _Reading(
            frozenset(day for day in history.sampled_days if vcenter not in history.missing.get(day, ())), tuple(listed)
        )
        for vcenter, listed in points.items()
    ]


def _month(month: date, readings: Sequence[_Reading], tariffs: Sequence[Tariff]) -> FiscalMonth:
    length = monthrange(month.year, month.month)[1]
    sampled = min((len(reading.days) for reading in readings), default=0)

    def average(value: Callable[[SystemDay], float]) -> float | None:
        if not sampled:
            return None
        return sum(sum(value(point) for point in reading.points) / len(reading.days) for reading in readings)

    return FiscalMonth(
        month=month,
        days=length,
        days_with_samples=sampled,
        machines=average(lambda point: point.machines),
        vcpu=average(lambda point: point.vcpu),
        memory_gib=average(lambda point: point.memory_gib),
        storage_gib=average(lambda point: sum(size.gib for size in point.storage_gib_by_tier)),
        bill_yen=bills_yen(tariffs, month, month.replace(day=length)),
    )
