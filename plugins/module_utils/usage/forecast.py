"""When a resource is full, by the growth of the past; docs/capacity.md says what the band means. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import ForecastPolicy
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Basis,
    Forecast,
    ForecastStatus,
    Resource,
    TrendPoint,
    Unit,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.trend import Slope, Week, theil_sen, weekly_medians

_NO_TIME = 1e-6  # of a day: what binary fractions lose must not cost a day


def forecast(
    points: Sequence[tuple[date, float]],
    limit: float,
    *,
    resource: Resource,
    basis: Basis,
    place: str,
    unit: Unit,
    as_of: date,
    policy: ForecastPolicy,
) -> Forecast:
    """The forecast of one series of daily values against its limit, seen from a day; later values are not looked at."""
    weeks = weekly_medians(points, as_of, policy.history_days)
    days = [day for day, _ in points if 0 <= (as_of - day).days < policy.history_days]
    slope = None
    if len(weeks) >= policy.minimum_weeks:
        slope = theil_sen([(week.ordinal, week.value) for week in weeks], policy.confidence_percent)
    full: tuple[int | None, ...] = (None, None, None)
    if weeks and weeks[-1].value >= limit:
        full = (0, 0, 0)
    elif slope is not None:
        full = tuple(
            _days_until(weeks[-1], growth, limit, as_of, policy) for growth in (slope.high, slope.middle, slope.low)
        )
    return Forecast(
        resource=resource,
        basis=basis,
        place=place,
        unit=unit,
        status=_status(weeks, slope, limit, full[1]),
        current=weeks[-1].value if weeks else None,
        limit=limit,
        confidence_percent=policy.confidence_percent,
        growth_per_day=slope.middle if slope else None,
        growth_per_day_slow=slope.low if slope else None,
        growth_per_day_fast=slope.high if slope else None,
        days_until_full_low=full[0],
        days_until_full=full[1],
        days_until_full_high=full[2],
        history_days=len(days),
        gap_days=(days[-1] - days[0]).days + 1 - len(days) if days else 0,
        first_day=days[0] if days else None,
        last_day=days[-1] if days else None,
        points=tuple(TrendPoint(day=week.day, value=week.value) for week in weeks),
    )


def _status(weeks: Sequence[Week], slope: Slope | None, limit: float, days: int | None) -> ForecastStatus:
    if not weeks:
        return "no-history"
    if weeks[-1].value >= limit:
        return "full"
    if slope is None:
        return "too-little-history"
    if slope.middle <= 0:
        return "not-growing"
    return "growing" if days is not None else "beyond-horizon"


def _days_until(last: Week, growth: float, limit: float, as_of: date, policy: ForecastPolicy) -> int | None:
    """Whole days from `as_of`, rounded down, never before it; None: not within the horizon."""
    if growth <= 0:
        return None
    days = (limit - last.value) / growth - (as_of.toordinal() - last.ordinal)
    return max(math.floor(days + _NO_TIME), 0) if days <= policy.horizon_days else None
