"""What the live vCenter shows beside what is described, sorted by what it means."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.drift import (
    BREACH,
    CATEGORIES,
    DriftReport,
    drift_report,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.drift_forms import (
    drift_html,
    drift_json,
    drift_text,
    summary_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.overdue import EmergencyRun, Standing
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import make_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.snapshots import SnapshotLimits
from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item, ObservedMachine, ObservedSnapshot
from tests.support.builders import (
    make_desired_machine,
    make_desired_vcenter,
    make_estate,
    make_observed_machine,
    make_observed_nic,
    make_observed_vcenter,
    make_platform,
)
from tests.support.small_estate import ROOT

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LIMITS = SnapshotLimits(age_hours=72, chain=3)
SEGMENTS = {"lgwan-servers": "lgwan", "lgwan-backup": "lgwan", "mynumber-servers": "mynumber"}
# On one switch here, so that a machine can be plugged into another segment's network.
ESTATE = make_estate(
    networks=tuple(
        dataclasses.replace(network, segment=SEGMENTS[network.id], vcenter="vc-kyotsu")
        for network in make_platform().networks
    )
)
TEMPLATE = (ROOT / "roles/drift/templates/drift.html.j2").read_text(encoding="utf-8")


def drift(
    *machines: ObservedMachine, items: tuple[Item, ...] = (), described: tuple[Item, ...] = (), **fields: Any
) -> DriftReport:
    desired = make_desired_vcenter(make_desired_machine(), items=described)
    observed = make_observed_vcenter(*machines, items=items)
    names = fields.pop("names", None)
    plan = make_plan(
        environment="lab",
        commit="c0ffee",
        part="everything",
        scope=names,
        observed=[observed],
        comparisons=[compare_vcenter(desired, observed, names=names)],
    )
    return drift_report(ESTATE, plan, [(desired, observed)], LIMITS, NOW, **fields)


def found(report: DriftReport) -> list[tuple[str, str]]:
    return [(each.category, each.text.en) for each in report.deviations]


def snapshot(created: str = "2026-11-24T02:00:00Z", depth: int = 1) -> ObservedSnapshot:
    return ObservedSnapshot(name="before update", created=created, depth=depth)


def test_nothing_differs() -> None:
    report = drift(make_observed_machine())
    assert report.deviations == ()
    assert summary_text(report).en == "0 deviations among 1 machines"


def test_a_port_group_of_another_segment_is_a_breach() -> None:
    report = drift(make_observed_machine(nics=(make_observed_nic(port_group="pg-mynumber-servers"),)))
    assert found(report) == [
        (BREACH, "interface 1 is on pg-mynumber-servers [mynumber], described pg-lgwan-servers"),
    ]


def test_a_port_group_that_nobody_described_may_lead_anywhere() -> None:
    report = drift(make_observed_machine(nics=(make_observed_nic(port_group="test"),)))
    assert found(report)[0][0] == BREACH


def test_another_port_group_of_the_same_segment_is_no_breach() -> None:
    report = drift(make_observed_machine(nics=(make_observed_nic(port_group="pg-lgwan-backup"),)))
    assert [each.category for each in report.deviations] == ["port-group"]


def test_a_second_interface_into_another_segment_is_a_breach() -> None:
    nics = (make_observed_nic(), make_observed_nic(1, port_group="pg-mynumber-servers", mac="00:50:56:00:00:01"))
    report = drift(make_observed_machine(nics=nics))
    assert found(report)[0] == (BREACH, "interface 2 is on pg-mynumber-servers [mynumber], described nowhere")


def test_another_vlan_moves_a_whole_port_group() -> None:
    def port_group(vlan: int) -> Item:
        return Item(kind="port_group", name="pg-lgwan-servers", properties={"switch": "dvs", "vlan_id": vlan})

    report = drift(make_observed_machine(), described=(port_group(210),), items=(port_group(310),))
    assert found(report) == [(BREACH, "carries VLAN 310, described 210")]


@pytest.mark.parametrize(
    ("machine", "category"),
    [
        (make_observed_machine(nics=(make_observed_nic(connected=False),)), "disconnected"),
        (make_observed_machine(nics=(make_observed_nic(mac="00:50:56:00:00:09"),)), "changed"),
        (make_observed_machine(nics=()), "changed"),
        (make_observed_machine(power="off"), "power"),
        (make_observed_machine(power="suspended"), "changed"),
        (make_observed_machine(memory_mb=4096), "changed"),
        (make_observed_machine(disks=()), "changed"),
        (make_observed_machine(cluster="spare"), "changed"),
    ],
    ids=["disconnected", "MAC", "no interface", "off", "suspended", "memory", "disks", "cluster"],
)
def test_what_was_changed_by_hand(machine: ObservedMachine, category: str) -> None:
    report = drift(machine)
    assert {each.category for each in report.deviations} == {category}
    assert {each.system for each in report.deviations} == {"s01"}


def test_a_machine_that_is_gone() -> None:
    assert found(drift()) == [("missing", "is described and not there")]


def test_a_machine_that_nobody_described() -> None:
    stranger = make_observed_machine(make_desired_machine(2))
    report = drift(make_observed_machine(), stranger)
    assert [(each.category, each.label, each.system) for each in report.deviations] == [("unmanaged", "s01-db02", "")]


@pytest.mark.parametrize(
    ("created", "old"),
    [
        ("2026-11-21T03:00:00Z", False),  # 72 hours to the second
        ("2026-11-21T02:59:59Z", True),
        ("2026-11-21T11:59:59+09:00", True),
        ("2026-11-21T02:59:59.123456Z", True),
        ("2026-11-21T02:59:59", True),
        ("", False),
        ("not a time", False),
    ],
)
def test_a_snapshot_older_than_the_limit(created: str, old: bool) -> None:
    report = drift(make_observed_machine(snapshots=1, snapshot_list=(snapshot(created),)))
    assert ([each.category for each in report.deviations] == ["snapshot"]) is old


def test_a_chain_longer_than_the_limit() -> None:
    three = tuple(snapshot(depth=depth) for depth in (1, 2, 3))
    assert found(drift(make_observed_machine(snapshots=3, snapshot_list=three))) == []
    four = (*three, snapshot(depth=4))
    assert found(drift(make_observed_machine(snapshots=4, snapshot_list=four))) == [
        ("snapshot", "chain of 4 snapshots (limit 3)")
    ]


def test_four_snapshots_beside_each_other_are_no_chain() -> None:
    four = (snapshot(), snapshot(depth=2), snapshot(depth=2), snapshot(depth=2))
    assert found(drift(make_observed_machine(snapshots=4, snapshot_list=four))) == []


def test_a_limit_leaves_other_machines_out() -> None:
    other = make_observed_machine(
        make_desired_machine(2), snapshots=1, snapshot_list=(snapshot("2020-01-01T00:00:00Z"),)
    )
    report = drift(make_observed_machine(power="off"), other, names=("s01-db01",))
    assert [each.category for each in report.deviations] == ["power"]


def test_the_gravest_comes_first() -> None:
    machine = make_observed_machine(
        nics=(make_observed_nic(port_group="pg-mynumber-servers", connected=False),),
        power="off",
        memory_mb=4096,
        snapshots=1,
        snapshot_list=(snapshot("2020-01-01T00:00:00Z"),),
    )
    report = drift(machine, make_observed_machine(make_desired_machine(2)))
    categories = [each.category for each in report.deviations]
    assert categories == [BREACH, "disconnected", "power", "changed", "snapshot", "unmanaged"]
    assert sum(report.counts.values()) == len(categories)
    assert list(report.counts) == list(CATEGORIES)
    text = drift_text(report)
    assert text.index("Segment breach / ネットワーク系統の逸脱") < text.index("Unmanaged / 管理対象外")


def test_a_hostile_name_does_not_forge_a_report() -> None:
    stranger = make_observed_machine(make_desired_machine(2), name="<script>alert(1)</script>\n\x1b[31m{{ 7*7 }}")
    report = drift(make_observed_machine(), stranger)
    page = drift_html(TEMPLATE, report, ESTATE.platform.estate)
    assert "<script>" not in page
    assert "{{ 7*7 }}" in page
    assert "\x1b" not in drift_text(report)
    assert json.loads(drift_json(report))["counts"]["unmanaged"] == 1


def test_the_page_says_when_nothing_differs() -> None:
    assert "Nothing differs." in drift_html(TEMPLATE, drift(make_observed_machine()), ESTATE.platform.estate)


def test_times_are_those_of_the_data_centre() -> None:
    assert "2026-11-24 12:00 (Asia/Tokyo)" in drift_html(TEMPLATE, drift(), ESTATE.platform.estate)


def test_warnings_of_the_rules_stand_last_and_are_not_counted() -> None:
    warning = Finding(
        rule="E-11",
        severity="warning",
        file="platform/policy.yml",
        line=7,
        object="x-001",
        message=Text(en="the exception ends soon <b>", ja="例外は間もなく終了"),
        remedy=Text(en="have it renewed", ja="更新の承認を得る"),
    )
    report = drift(make_observed_machine(power="off"), policy=(warning,))
    assert sum(report.counts.values()) == 1
    text = drift_text(report).splitlines()
    assert text[-2:] == [
        "Warnings of the rules about the repository / リポジトリに対する規則の警告",
        "  platform/policy.yml:7: [E-11] the exception ends soon <b> / 例外は間もなく終了",
    ]
    assert json.loads(drift_json(report))["policy"][0]["object"] == "x-001"
    page = drift_html(TEMPLATE, report, ESTATE.platform.estate)
    assert "the exception ends soon &lt;b&gt;" in page
    assert "更新の承認を得る" in page
    assert "規則の警告" not in drift_html(TEMPLATE, drift(make_observed_machine()), ESTATE.platform.estate)


def emergency(state: str, run_id: str = "0123456789ab") -> Standing:
    run = EmergencyRun(run_id=run_id, digest="d", actor="tester", reason="disk <b> full", ran_at=NOW)
    return Standing(run=run, due=date(2026, 11, 20), state=state)


def test_an_emergency_that_nobody_approved_in_time_is_in_every_form_and_no_deviation() -> None:
    others = [emergency(state, "ffffffffffff") for state in ("approved", "late", "waiting")]
    report = drift(make_observed_machine(), emergencies=[*others, emergency("overdue")])
    assert report.deviations == ()
    assert "1 emergency run without approval" in summary_text(report).en
    assert "期限切れの緊急作業 1 件" in summary_text(report).ja
    told = [drift_text(report), drift_html(TEMPLATE, report, ESTATE.platform.estate)]
    assert json.loads(drift_json(report))["overdue"][0]["run_id"] == "0123456789ab"
    assert json.loads(drift_json(report))["overdue"][0]["due"] == "2026-11-20"
    for text in told:
        assert "期限内に承認されていない緊急作業" in text
        assert "0123456789ab" in text
        assert "ffffffffffff" not in text
    assert "disk &lt;b&gt; full" in told[1]
    quiet = drift(make_observed_machine(), emergencies=others)
    assert "緊急作業" not in drift_text(quiet) + drift_html(TEMPLATE, quiet, ESTATE.platform.estate)


def test_records_that_do_not_answer_are_told() -> None:
    report = drift(make_observed_machine(), unread="there are no records yet")
    for text in (drift_text(report), drift_html(TEMPLATE, report, ESTATE.platform.estate)):
        assert "Emergency runs: not looked at" in text
        assert "there are no records yet" in text
