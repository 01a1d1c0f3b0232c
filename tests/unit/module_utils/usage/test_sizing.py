"""Limits of the usual policy: CPU low 20, high 80, target 60; memory low 30, high 90, target 70; idle under 2 % CPU."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Flavour
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import MachineHistory
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from tests.support.builders import make_machine, make_system
from tests.support.usage_estate import (
    make_history,
    make_observation,
    make_past,
    make_report,
    make_sample,
    make_usage_estate,
)

FLAVOURS = (
    Flavour(id="m4", cpu=2, memory_gb=4),
    Flavour(id="m8", cpu=2, memory_gb=8),
    Flavour(id="m16", cpu=4, memory_gb=16),
    Flavour(id="m32", cpu=8, memory_gb=32),
)
# 8 cores of 2,600 MHz are 20,800 MHz.
OWN_SIZE = {"flavour": None, "cpu": 8, "memory_gb": 32}


def report_of(size: dict[str, Any], observed: dict[str, Any] | None = None, **past: Any) -> UsageReport:
    estate = make_usage_estate(
        make_system("s01", make_machine("a", name="a", **size), owner="org-11"), flavours=FLAVOURS
    )
    observation = None
    if observed is not None:
        observation = make_observation(estate, machines=(make_sample(estate, "a", **observed),))
    history = make_history(machines=(make_past(estate, "a", **past),))
    return make_report(estate, observation=observation, history=history)


@pytest.mark.parametrize(
    ("cpu_mhz", "memory_gib", "recommended"),
    [
        # 10 % of 8 vCPU: ceil(8 x 10/60) = 2. 20 % of 32 GiB: ceil(32 x 20/70) = 10.
        (2_080, 6.4, ("smaller", 2, 10.0)),
        # 90 %: ceil(8 x 90/60) = 12. 95 %: ceil(32 x 95/70) = 44.
        (18_720, 30.4, ("larger", 12, 44.0)),
        (18_720, 6.4, ("mixed", 12, 10.0)),
        # Not measured is not idle.
        (None, 6.4, ("smaller", 8, 10.0)),
        (2_080, None, ("smaller", 2, 32.0)),
        # Nothing at all still leaves the least.
        (0, 0.0, ("smaller", 1, 2.0)),
    ],
)
def test_a_size_of_its_own(
    cpu_mhz: float | None, memory_gib: float | None, recommended: tuple[str, int, float]
) -> None:
    (row,) = report_of(OWN_SIZE, cpu_p95_mhz=cpu_mhz, memory_p95_gib=memory_gib).right_sizing
    assert (row.direction, row.recommended_vcpu, row.recommended_memory_gib) == recommended
    assert row.recommended_flavour is None
    assert (row.saved_vcpu, row.saved_memory_gib) == (8 - recommended[1], 32 - recommended[2])


@pytest.mark.parametrize(
    ("cpu_mhz", "memory_gib"),
    [(4_160, 9.6), (16_640, 28.8), (10_000, 20.0), (None, None)],  # exactly at low, exactly at high, between, unknown
)
def test_between_the_limits_nothing_is_said(cpu_mhz: float | None, memory_gib: float | None) -> None:
    assert report_of(OWN_SIZE, cpu_p95_mhz=cpu_mhz, memory_p95_gib=memory_gib).right_sizing == ()


def test_a_flavour_is_answered_with_the_smallest_flavour_that_holds_it() -> None:
    """m32 with 10 % CPU and 20 % memory wants 2 vCPU and 10 GiB: m16 (4 and 16) is the smallest that holds both."""
    (row,) = report_of({"flavour": "m32"}, cpu_p95_mhz=2_080, memory_p95_gib=6.4).right_sizing
    assert (row.recommended_flavour, row.recommended_vcpu, row.recommended_memory_gib) == ("m16", 4, 16.0)


def test_no_smaller_flavour_holds_it() -> None:
    """m32 with 10 % CPU but 60 % memory wants 2 vCPU and 32 GiB, which only m32 has."""
    assert report_of({"flavour": "m32"}, cpu_p95_mhz=2_080, memory_p95_gib=19.2).right_sizing == ()


def test_no_flavour_is_large_enough() -> None:
    (row,) = report_of({"flavour": "m32"}, cpu_p95_mhz=20_000, memory_p95_gib=31.0).right_sizing
    assert (row.recommended_flavour, row.recommended_vcpu, row.recommended_memory_gib) == (None, 13, 45.0)


def test_the_size_in_vcenter_counts_where_it_is_known() -> None:
    """Described 8 vCPU, in vCenter 2: 2,080 MHz are 40 % of those, which is right."""
    observed = {"cpu_count": 2, "memory_gb": 32.0}
    assert report_of(OWN_SIZE, observed, cpu_p95_mhz=2_080, memory_p95_gib=20.0).right_sizing == ()


def test_the_zeros_of_a_machine_that_is_off_say_nothing_of_its_size() -> None:
    assert report_of(OWN_SIZE, cpu_p95_mhz=0, memory_p95_gib=0, days_on=0).right_sizing == ()
    assert report_of(OWN_SIZE, cpu_p95_mhz=0, memory_p95_gib=0, days_on=13).right_sizing == ()
    assert len(report_of(OWN_SIZE, cpu_p95_mhz=0, memory_p95_gib=0, days_on=14).right_sizing) == 1


def test_too_few_days_say_nothing() -> None:
    report = report_of(OWN_SIZE, cpu_p95_mhz=1, memory_p95_gib=0.1, days=13, days_on=13)
    assert (report.right_sizing, report.idle) == ((), ())
    assert ("right-sizing-needs-history", 13, 14) in {
        (each.code, each.value, each.limit) for each in report.header.notes
    }


@pytest.mark.parametrize(
    ("past", "idle"),
    [
        ({"cpu_p95_mhz": 400, "network_p95_kib_per_second": 4.0}, True),  # 1.92 %
        ({"cpu_p95_mhz": 416, "network_p95_kib_per_second": 4.0}, False),  # 2 % is not under 2 %
        ({"cpu_p95_mhz": 400, "network_p95_kib_per_second": 5.0}, False),
        ({"cpu_p95_mhz": 400}, True),  # the network was not measured
        ({"network_p95_kib_per_second": 0.0}, False),  # the processor was not measured
        ({"cpu_p95_mhz": 400, "days_on": 29}, False),  # it was off for a day: that is another list
    ],
)
def test_idle(past: dict[str, Any], idle: bool) -> None:
    report = report_of(OWN_SIZE, memory_p95_gib=20.0, **past)
    assert [each.name for each in report.idle] == (["a"] if idle else [])


def test_a_machine_that_is_off_now_is_off_and_not_idle() -> None:
    report = report_of(OWN_SIZE, {"power": "off"}, cpu_p95_mhz=0, days_on=30)
    assert (report.idle, [each.name for each in report.powered_off]) == ((), ["a"])


def test_a_past_of_somebody_else_is_not_taken() -> None:
    estate = make_usage_estate()
    stranger = MachineHistory(
        identity="stranger",
        key="a",
        name="a",
        system="s01",
        first_day=make_past(estate, "a").first_day,
        last_day=make_past(estate, "a").last_day,
        days=30,
        days_on=30,
        cpu_p95_mhz=0,
        memory_p95_gib=0,
        network_p95_kib_per_second=0,
    )
    report = make_report(estate, history=make_history(machines=(stranger,)))
    assert (report.right_sizing, report.idle) == ((), ())
