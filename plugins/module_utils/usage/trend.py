"""The growth of daily values: weekly medians, and the Theil-Sen slope with Sen's confidence interval. Pure.

Theil-Sen takes the median of the slopes between all pairs of points (Theil 1950; Sen, "Estimates of the regression
coefficient based on Kendall's tau", Journal of the American Statistical Association 63, 1968, p. 1379-1389). A clean-up
or a new system, a step in the values, moves it far less than least squares: up to 29 percent of the points may be
wild. The interval is that of Sen as in Gilbert, Statistical Methods for Environmental Pollution Monitoring (1987),
section 16.5: ranks M1 = (N - C) / 2 and M2 + 1 = (N + C) / 2 + 1 of the N sorted slopes, C = z * sqrt(var(S)), with
Kendall's variance of S corrected for equal values. Ranks are rounded outwards, so that the band is rather too wide.

Daily values of storage depend on the day before and on the weekday, which would make the interval too narrow: the
median of each week is taken first. A week without values has no point; it is a gap, not a zero.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist, median

_DAYS_OF_WEEK = 7
_FEWEST_POINTS = 3


@dataclass(frozen=True, slots=True)
class Week:
    """One week that has values. `ordinal` is the middle of their days as date.toordinal counts (may end in .5)."""

    ordinal: float
    value: float
    days: int

    @property
    def day(self) -> date:
        """The middle of its days."""
        return date.fromordinal(math.floor(self.ordinal))


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth per day: lower end of the interval, Theil-Sen's estimate, upper end."""

    low: float
    middle: float
    high: float


def weekly_medians(points: Sequence[tuple[date, float]], last_day: date, days: int) -> list[Week]:
    """Weeks, counted back from `last_day`, of the points in the `days` days that end with it; the oldest first."""
    first_day = last_day - timedelta(days=days - 1)
    weeks: dict[int, list[tuple[int, float]]] = {}
    for day, value in points:
        if first_day <= day <= last_day:
            weeks.setdefault((last_day - day).days // _DAYS_OF_WEEK, []).append((day.toordinal(), value))
    return [
        Week(
            ordinal=median(ordinal for ordinal, _ in weeks[number]),
            value=median(value for _, value in weeks[number]),
            days=len(weeks[number]),
        )
        for number in sorted(weeks, reverse=True)
    ]


def theil_sen(points: Sequence[tuple[float, float]], confidence_percent: int) -> Slope:
    """Slope of y over x for points (x, y) with different x. ValueError: fewer than three points say nothing."""
    if len(points) < _FEWEST_POINTS:
        raise ValueError(f"{len(points)} points; a slope with an interval needs {_FEWEST_POINTS}")
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
    )
    z = NormalDist().inv_cdf(0.5 + confidence_percent / 200)
    spread = z * math.sqrt(_variance_of_s([value for _, value in points]))
    count = len(slopes)
    low = max(math.floor((count - spread) / 2) - 1, 0)
    high = min(math.ceil((count + spread) / 2), count - 1)
    middle = median(slopes)
    return Slope(low=min(slopes[low], middle), middle=middle, high=max(slopes[high], middle))


def _variance_of_s(values: Sequence[float]) -> float:
    """Kendall's variance of S: (n(n-1)(2n+5) - sum over groups of t equal values of t(t-1)(2t+5)) / 18."""

    def part(number: int) -> int:
        return number * (number - 1) * (2 * number + 5)

    equal = sum(part(times) for times in Counter(values).values())
    return (part(len(values)) - equal) / 18
