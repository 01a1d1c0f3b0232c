"""Everything that is not a machine: made in order, changed with the right risk, never taken away."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.compare_items import compare_items
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.state import KINDS, Item
from tests.support.builders import (
    VCENTER,
    make_estate,
    make_machine,
    make_separation,
    make_system,
)


def item(kind: str, name: str, **properties: Any) -> Item:
    return Item(kind=kind, name=name, properties=properties)


def test_equal_items_have_no_difference() -> None:
    items = [item("cluster", "lgwan", ha=True), item("folder", "hosted")]
    difference = compare_items(VCENTER, items, reversed(items))
    assert (difference.changes, difference.refusals, difference.unmanaged) == ([], [], [])


def test_items_are_made_in_the_order_in_which_they_need_each_other() -> None:
    pair = [make_machine(f"s01-db-{number}", pair="db") for number in (1, 2)]
    (desired, _) = desired_state(make_estate(make_system("s01", *pair)), {})
    difference = compare_items(VCENTER, reversed(desired.items), [])
    kinds = [change.kind for change in difference.changes]
    assert kinds == sorted(kinds, key=KINDS.index)
    assert set(kinds) == set(KINDS) - {"machine"}
    names = [change.object for change in difference.changes if change.kind == "folder"]
    assert names.index("hosted") < names.index("hosted/s01")
    assert {change.risk for change in difference.changes} == {"none"}


def test_a_parent_folder_is_made_before_its_child_whatever_their_names() -> None:
    difference = compare_items(VCENTER, [item("folder", "a/b"), item("folder", "z")], [])
    assert [change.object for change in difference.changes] == ["z", "a/b"]


@pytest.mark.parametrize(
    ("kind", "field", "before", "after", "risk"),
    [
        ("cluster", "ha", False, True, "none"),
        ("cluster", "drs", False, True, "outage"),
        ("cluster", "host_failures_tolerated", 0, 1, "none"),
        ("switch", "mtu", 1500, 9000, "outage"),
        ("port_group", "vlan_id", 210, 211, "outage"),
        ("resource_pool", "cpu_shares", "normal", "high", "none"),
        ("resource_pool", "memory_shares", "normal", "high", "none"),
        ("access_role", "privileges", ["A"], ["A", "B"], "none"),
        ("separation", "machines", ["a", "x"], ["a", "b"], "none"),
    ],
)
def test_a_property_that_differs_is_changed_at_its_risk(
    kind: str, field: str, before: object, after: object, risk: str
) -> None:
    difference = compare_items(VCENTER, [item(kind, "x", **{field: after})], [item(kind, "x", **{field: before})])
    (change,) = difference.changes
    assert (change.action, change.field, change.before, change.after, change.risk) == (
        "update",
        field,
        before,
        after,
        risk,
    )
    assert difference.refusals == []


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("host", "cluster"),
        ("switch", "uplinks"),
        ("port_group", "switch"),
        ("datastore", "remote_host"),
        ("datastore", "remote_path"),
        ("tag_category", "cardinality"),
        ("template", "guest_id"),
        ("template", "disk_gb"),
    ],
)
def test_what_would_move_or_replace_an_object_is_refused(kind: str, field: str) -> None:
    difference = compare_items(VCENTER, [item(kind, "x", **{field: "new"})], [item(kind, "x", **{field: "old"})])
    assert difference.changes == []
    (refusal,) = difference.refusals
    assert "'old', described 'new'" in refusal.reason.en


@pytest.mark.parametrize("kind", ["switch", "datastore"])
def test_a_host_that_is_missing_joins_and_one_too_many_stays(kind: str) -> None:
    difference = compare_items(VCENTER, [item(kind, "x", hosts=["a", "b"])], [item(kind, "x", hosts=["b", "c"])])
    (change,) = difference.changes
    assert change.after == ["a", "b", "c"]
    (refusal,) = difference.refusals
    assert "c is a member and not described" in refusal.reason.en


def test_only_a_host_too_many_is_no_change() -> None:
    difference = compare_items(VCENTER, [item("switch", "x", hosts=["a"])], [item("switch", "x", hosts=["a", "c"])])
    assert difference.changes == []
    assert len(difference.refusals) == 1


def test_what_is_not_described_is_reported_and_left_alone() -> None:
    there = [item("port_group", "theirs"), item("tag", "other/x"), item("access_role", "Admin")]
    difference = compare_items(VCENTER, [], there)
    assert [(each.kind, each.object) for each in difference.unmanaged] == [("port_group", "theirs")]
    assert (difference.changes, difference.refusals) == ([], [])


def test_properties_that_are_not_described_are_left_alone() -> None:
    difference = compare_items(VCENTER, [item("cluster", "x", ha=True)], [item("cluster", "x", ha=True, evc="on")])
    assert difference.changes == []


def test_the_first_of_two_rules_of_one_name_is_the_one_that_is_compared() -> None:
    first, second = make_separation("a", "b"), make_separation("a", "c")
    assert compare_items(VCENTER, [first], [first, second]).changes == []


def test_every_property_that_an_estate_describes_has_a_decided_risk() -> None:
    pair = [make_machine(f"s01-db-{number}", pair="db") for number in (1, 2)]
    for desired in desired_state(make_estate(make_system("s01", *pair)), {}):
        for each in desired.items:
            for name in each.properties:
                spoiled = Item(kind=each.kind, name=each.name, properties={**each.properties, name: "spoiled"})
                difference = compare_items(VCENTER, [each], [spoiled])
                assert len(difference.changes) + len(difference.refusals) == 1
                assert {change.risk for change in difference.changes} <= {"none", "outage"}


def test_an_admission_policy_of_another_type_is_not_replaced_by_a_number_of_hosts() -> None:
    def compare(level: int, **wanted: Any) -> tuple[list[str], list[str]]:
        found = item("cluster", "x", ha=False, host_failures_tolerated=level, admission_policy="Percentages")
        difference = compare_items(VCENTER, [item("cluster", "x", **wanted)], [found])
        return [change.field for change in difference.changes], [each.reason.en for each in difference.refusals]

    fields, reasons = compare(0, ha=True, host_failures_tolerated=1)
    assert fields == ["ha"]
    assert len(reasons) == 1
    assert reasons[0].startswith(
        "host_failures_tolerated is 0, described 1: admission control is of the type Percentage"
    )
    # Percentages that are computed from a number of hosts tell that number.
    assert compare(1, host_failures_tolerated=1) == ([], [])
