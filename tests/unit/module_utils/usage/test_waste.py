from __future__ import annotations

from datetime import timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import UsageReport
from tests.support.builders import make_machine, make_system
from tests.support.usage_estate import (
    NOW,
    make_history,
    make_observation,
    make_past,
    make_report,
    make_sample,
    make_usage_estate,
    on,
)


def report_of(status: dict[str, Any], history: bool = False, **sample: Any) -> UsageReport:
    """One machine of s01, with 40 GiB allocated and 30 written."""
    estate = make_usage_estate(make_system("s01", make_machine("a", name="a", **status), owner="org-11"))
    machines = (make_sample(estate, "a", [on("lgwan-fast-01", 40, 30)], **sample),)
    past = make_history(machines=(make_past(estate, "a", days_on=12, cpu_p95_mhz=0),)) if history else None
    return make_report(estate, observation=make_observation(estate, machines=machines, orphaned_disks=()), history=past)


def kinds(report: UsageReport) -> dict[str, float]:
    return {each.kind: each.storage_gib for each in report.reclaimable}


OLD: dict[str, Any] = {"snapshots": 1, "snapshot_gb": 8.0, "oldest_snapshot": NOW - timedelta(hours=73)}


def test_off_with_an_old_snapshot_counts_the_snapshot_once() -> None:
    """30 GiB written: 8 of the snapshot, 22 of the rest."""
    assert kinds(report_of({}, power="off", **OLD)) == {"old-snapshots": 8, "powered-off-machines": 22}


def test_a_snapshot_that_is_not_told_apart_counts_nothing() -> None:
    assert kinds(report_of({}, power="off", **{**OLD, "snapshot_gb": None})) == {
        "old-snapshots": 0,
        "powered-off-machines": 30,
    }


def test_a_snapshot_larger_than_everything_is_everything() -> None:
    assert kinds(report_of({}, power="off", **{**OLD, "snapshot_gb": 99.0})) == {
        "old-snapshots": 30,
        "powered-off-machines": 0,
    }


def test_a_young_snapshot_is_nobody_s_waste() -> None:
    young = {**OLD, "oldest_snapshot": NOW - timedelta(hours=72)}
    report = report_of({}, power="off", **young)
    assert (report.old_snapshots, kinds(report)) == ((), {"powered-off-machines": 30})


def test_what_is_meant_to_be_off_is_listed_and_not_given_back() -> None:
    report = report_of({"power": "off"}, power="off")
    assert [(each.name, each.expected) for each in report.powered_off] == [("a", True)]
    assert kinds(report) == {}


def test_how_long_it_has_been_off() -> None:
    report = report_of({}, history=True, power="suspended")
    assert [(each.power, each.days_off) for each in report.powered_off] == [("suspended", 18)]
    assert report_of({}, power="off").powered_off[0].days_off is None


def test_a_retired_machine_that_is_still_there() -> None:
    report = report_of({"status": "retired"}, power="off")
    assert kinds(report) == {"retired-machines": 30}
    (row,) = report.machines
    assert (row.status, row.described, row.differences) == ("retired", None, ())
    assert report.total.described.machines == 0
    assert report.total.actual is not None
    assert report.total.actual.machines == 1


def test_a_machine_that_was_made_here_and_is_in_no_file() -> None:
    estate = make_usage_estate()
    leftover = make_sample(estate, "left", [on("lgwan-fast-01", 40, 30)], managed=True, system="s01", key="s01-old")
    report = make_report(estate, observation=make_observation(estate, machines=(leftover,), orphaned_disks=()))
    row = next(each for each in report.machines if each.name == "left")
    assert (row.key, row.system, row.status, row.described) == ("s01-old", "s01", "retired", None)
    assert kinds(report) == {"retired-machines": 30}
    assert report.unmanaged == ()


def test_two_machines_with_one_identity_are_both_counted() -> None:
    """A clone that kept the instanceUuid: the first is the machine, the other is its system's leftover."""
    estate = make_usage_estate()
    twin = make_sample(estate, "a", [on("lgwan-fast-01", 40, 30)])
    report = make_report(estate, observation=make_observation(estate, machines=(twin, twin)))
    assert report.total.actual is not None
    assert report.total.actual.machines == 2
