from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from tests.support.usage_estate import (
    make_datastore,
    make_observation,
    make_report,
    make_sample,
    make_usage_estate,
    on,
)

FAST = (make_datastore("lgwan-fast-01", 950.0), make_datastore("lgwan-fast-02", 980.0))


def observed(**changes: Any) -> UsageReport:
    estate = make_usage_estate()
    return make_report(estate, observation=make_observation(estate, **changes))


def bases(report: UsageReport, tier: str) -> list[str]:
    return [each.basis for row in report.tiers if row.name == tier for each in row.balances]


def test_a_part_of_a_tier_is_not_the_tier() -> None:
    report = observed(datastores=FAST[:1])
    assert bases(report, "lgwan/fast") == ["described"]
    row = next(each for each in report.datastores if each.datastore == "lgwan-fast-02")
    assert (row.capacity_gib, row.used_gib, row.accessible) == (1000.0, None, None)


def test_a_datastore_that_is_larger_than_described() -> None:
    """2,000 and 1,000 GiB at 70 and 80 %."""
    report = observed(datastores=(make_datastore("lgwan-fast-01", 1950.0, capacity_gb=2000.0), FAST[1]))
    fast = next(each for each in report.tiers if each.name == "lgwan/fast")
    assert {each.basis: (each.capacity, each.total) for each in fast.balances} == {
        "described": (1400, 2000),
        "actual": (2100, 3000),
        "demand": (2400, 3000),
    }


def test_old_values_that_do_not_tell_where_disks_lie() -> None:
    estate = make_usage_estate()
    report = observed(machines=(make_sample(estate, "a", [replace(on("x", 40, 10), datastore="", tier=None)]),))
    assert bases(report, "lgwan/fast") == ["described", "demand"]


def test_a_machine_that_does_not_tell_its_files_leaves_the_parts_unknown() -> None:
    estate = make_usage_estate()
    report = observed(machines=(make_sample(estate, "a", [on("lgwan-fast-01", 40, None)]),))
    row = next(each for each in report.datastores if each.datastore == "lgwan-fast-01")
    assert (row.used_gib, row.machines_gib, row.other_gib) == (50.0, None, None)


def test_nobody_looked_for_disks_of_nobody() -> None:
    report = observed(orphaned_disks=None)
    row = next(each for each in report.datastores if each.datastore == "lgwan-fast-01")
    assert (row.orphaned_gib, row.other_gib) == (None, 10)
    assert report.orphaned_disks is None
    assert "orphans-not-collected" in {each.code for each in report.header.notes}


def test_an_array_that_saves_space() -> None:
    """Files of 40 GiB and 4 GiB of nobody take 20 GiB: the rest is nothing, not less than nothing."""
    report = observed(datastores=(make_datastore("lgwan-fast-01", 980.0), FAST[1]))
    row = next(each for each in report.datastores if each.datastore == "lgwan-fast-01")
    assert (row.used_gib, row.machines_gib, row.other_gib) == (20, 40, 0)


def test_a_datastore_that_only_vcenter_knows() -> None:
    report = observed(datastores=(*FAST, make_datastore("local-1", 100.0, tier=None, clusters=())))
    row = report.datastores[-1]
    assert (row.datastore, row.tier, row.fill_limit_percent, row.used_percent) == ("local-1", None, None, 90.0)
    assert ("datastore-not-described", "local-1") in {(each.code, each.subject) for each in report.header.notes}
    assert ("datastore_used_percent", "local-1") in {(each.threshold, each.place) for each in report.exceeded}


@pytest.mark.parametrize(("free_gb", "passed"), [(150.0, False), (149.0, True)])
def test_a_datastore_exactly_at_its_threshold_is_not_over_it(free_gb: float, passed: bool) -> None:
    report = observed(datastores=(make_datastore("lgwan-fast-01", free_gb), FAST[1]))
    over = [each.place for each in report.exceeded if each.threshold == "datastore_used_percent"]
    assert over == (["lgwan-fast-01"] if passed else [])
