from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import USUAL_CAPACITY
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.forecast import forecast
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import Forecast
from tests.support.usage_estate import (
    AS_OF,
    make_history,
    make_observation,
    make_report,
    make_sample,
    make_series,
    make_usage_estate,
    on,
)

POLICY = USUAL_CAPACITY.forecast


def foretell(values: Iterable[tuple[int, float]], limit: float, **changes: Any) -> Forecast:
    """`values` by days before the day of the report."""
    return forecast(
        sorted((AS_OF - timedelta(days=days), value) for days, value in values),
        limit,
        resource="storage",
        basis="demand",
        place="lgwan/fast",
        unit="GiB",
        as_of=AS_OF,
        policy=replace(POLICY, **changes),
    )


def test_two_gib_a_day() -> None:
    """100 days of exactly +2: The last week's median, 3 days ago, is 494; (700-494)/2 - 3 = 100."""
    found = foretell(((day, 500.0 - 2 * day) for day in range(100)), 700.0)
    assert (found.status, found.current, found.history_days, found.gap_days) == ("growing", 494.0, 100, 0)
    assert (found.growth_per_day_slow, found.growth_per_day, found.growth_per_day_fast) == (2.0, 2.0, 2.0)
    assert (found.days_until_full_low, found.days_until_full, found.days_until_full_high) == (100, 100, 100)


def test_the_band_orders_the_days() -> None:
    wobble = (3, -8, 5, 11, -2, 7, -9, 4, 0, -6, 10, 1, -4, 6, -7)  # of each week
    found = foretell(((day, 500.0 - 2 * day + 3 * wobble[day // 7]) for day in range(100)), 700.0)
    assert found.days_until_full_low is not None
    assert found.days_until_full is not None
    assert found.days_until_full_high is not None
    assert found.days_until_full_low < found.days_until_full < found.days_until_full_high
    assert found.growth_per_day_slow is not None
    assert found.growth_per_day is not None
    assert found.growth_per_day_fast is not None
    assert found.growth_per_day_slow < found.growth_per_day < found.growth_per_day_fast


def test_gaps_are_counted_and_are_no_zeros() -> None:
    found = foretell(((day, 500.0 - 2 * day) for day in range(100) if not 30 <= day < 50), 700.0)
    assert (found.growth_per_day, found.history_days, found.gap_days) == (2.0, 80, 20)


def test_too_little_history_says_so() -> None:
    found = foretell(((day, 500.0 - 2 * day) for day in range(7 * 7)), 700.0)
    assert (found.status, found.growth_per_day, found.days_until_full) == ("too-little-history", None, None)
    assert (found.current, found.history_days) == (494.0, 49)


def test_no_history_at_all() -> None:
    found = foretell([], 700.0)
    assert (found.status, found.current, found.first_day, found.points) == ("no-history", None, None, ())


@pytest.mark.parametrize("growth", [0.0, -1.0])
def test_what_does_not_grow_is_never_full(growth: float) -> None:
    found = foretell(((day, 500.0 - growth * day) for day in range(100)), 700.0)
    assert (found.status, found.days_until_full) == ("not-growing", None)


def test_what_is_full_already() -> None:
    found = foretell(((day, 500.0) for day in range(100)), 300.0)
    assert (found.status, found.days_until_full_low, found.days_until_full_high) == ("full", 0, 0)
    assert foretell([(0, 500.0)], 300.0).status == "full"  # a day is enough for that


def test_beyond_the_horizon() -> None:
    found = foretell(((day, 500.0 - 0.01 * day) for day in range(100)), 700.0)
    assert (found.status, found.days_until_full) == ("beyond-horizon", None)


def test_a_series_that_stopped_is_carried_on_from_its_end() -> None:
    """The collector has been dead for 40 days: 100 days were left then, 60 are now."""
    then = foretell(((day, 500.0 - 2 * day) for day in range(100)), 700.0)
    now = foretell(((day + 40, 500.0 - 2 * day) for day in range(100)), 700.0)
    assert (then.days_until_full, now.days_until_full) == (100, 60)
    assert now.last_day == AS_OF - timedelta(days=40)


def test_a_place_with_a_gap_in_one_datastore_has_a_gap_itself() -> None:
    """Two datastores of one tier; one of them lacks 20 days. Summed up as zeros it would look like a fall."""
    estate = make_usage_estate()
    history = make_history(
        series=(
            make_series("lgwan-fast-01", "used_storage_gib", ((day, 400.0 - day) for day in range(100)), "datastore"),
            make_series(
                "lgwan-fast-02",
                "used_storage_gib",
                ((day, 500.0 - day) for day in range(100) if day >= 20),
                "datastore",
            ),
        )
    )
    report = make_report(estate, observation=make_observation(estate), history=history)
    found = next(each for each in report.forecasts if (each.place, each.basis) == ("lgwan/fast", "demand"))
    assert (found.history_days, found.growth_per_day, found.limit) == (80, 2.0, 1600)
    # Middle of the last week with values: 22 or 23 days ago, then 378 + 478 = 856 at 22 days: (1600-856)/2 - 22 = 350.
    assert found.days_until_full == 350


def test_soonest_first_and_short_of_the_threshold_is_exceeded() -> None:
    estate = make_usage_estate()
    history = make_history(
        series=(
            make_series("lgwan", "allocated_vcpu", ((day, 60.0 - 0.1 * day) for day in range(100))),
            make_series("lgwan", "allocated_memory_gib", ((day, 100.0 - 0.1 * day) for day in range(100))),
        )
    )
    report = make_report(estate, history=history)
    known = [
        (each.resource, each.status, each.days_until_full) for each in report.forecasts if each.status != "no-history"
    ]
    # vCPU: (64 - 59.7)/0.1 - 3 = 40; memory: (256 - 99.7)/0.1 - 3 = 1560
    assert known == [("cpu", "growing", 40), ("memory", "growing", 1560)]
    assert [(each.threshold, each.place, each.resource, each.value) for each in report.exceeded] == [
        ("days_until_full", "lgwan", "cpu", 40)
    ]


def test_what_is_allocated_on_a_tier_is_compared_with_what_machines_may_fill() -> None:
    """100 days of +1 to 500 GiB of 1,400: the last week's median is 497, (1400 - 497) - 3 = 900."""
    history = make_history(
        series=(make_series("lgwan/fast", "allocated_storage_gib", ((day, 500.0 - day) for day in range(100)), "tier"),)
    )
    report = make_report(make_usage_estate(), history=history)
    found = next(each for each in report.forecasts if (each.place, each.basis) == ("lgwan/fast", "actual"))
    assert (found.current, found.limit, found.days_until_full) == (497.0, 1400.0, 900)


def test_clusters_that_share_a_tier_are_added_up() -> None:
    """lgwan and spare share one datastore: 2 GiB a day together, whether or not the third cluster ever used it."""
    datastores = make_usage_estate().platform.datastores
    shared = replace(datastores[0], clusters=("lgwan", "spare", "mynumber"))
    series = tuple(
        make_series(f"{cluster}/fast", "allocated_storage_gib", ((day, 200.0 - day) for day in range(100)), "tier")
        for cluster in ("lgwan", "spare")
    )
    report = make_report(make_usage_estate(datastores=(shared,)), history=make_history(series=series))
    found = next(each for each in report.forecasts if each.resource == "storage" and each.basis == "actual")
    assert (found.place, found.current, found.growth_per_day) == ("lgwan+mynumber+spare/fast", 394.0, 2.0)


def test_what_is_full_by_history_alone_is_exceeded() -> None:
    """1,500 GiB were allocated of the 1,400 that machines may fill, and nobody asked vCenter."""
    history = make_history(
        series=(make_series("lgwan/fast", "allocated_storage_gib", ((day, 1500.0) for day in range(100)), "tier"),)
    )
    report = make_report(make_usage_estate(), history=history)
    assert [(each.threshold, each.place, each.basis, each.value) for each in report.exceeded] == [
        ("days_until_full", "lgwan/fast", "actual", 0)
    ]


def test_what_is_full_now_and_by_history_is_said_once() -> None:
    estate = make_usage_estate()
    machine = make_sample(estate, "a", [on("lgwan-fast-01", 1500, 10)])
    history = make_history(
        series=(make_series("lgwan/fast", "allocated_storage_gib", ((day, 1500.0) for day in range(100)), "tier"),)
    )
    report = make_report(estate, observation=make_observation(estate, machines=(machine,)), history=history)
    assert [(each.threshold, each.place, each.basis) for each in report.exceeded] == [
        ("storage_percent", "lgwan/fast", "actual")
    ]
