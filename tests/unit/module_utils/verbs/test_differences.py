"""From what was read to a plan of one part of the estate."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.plan import Plan
from ansible_collections.kyotsu.platform.plugins.module_utils.state import KINDS, Item
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.differences import (
    EVERYTHING,
    FOUNDATION,
    MACHINES,
    Selection,
    part_of,
    plan_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter
from tests.support.builders import (
    OTHER_VCENTER,
    make_desired_machine,
    make_desired_vcenter,
    make_observed_machine,
    make_observed_vcenter,
    make_separation,
)
from tests.unit.module_utils.verbs.worlds import live, prepared, target

A, B = make_desired_machine(1), make_desired_machine(2)
FOUNDATION_ITEMS = (
    Item(kind="folder", name="hosted/s01"),
    Item(kind="cluster", name="lgwan"),
    Item(kind="port_group", name="pg-lgwan-servers"),
    Item(kind="datastore", name="lgwan-fast-01"),
    Item(kind="datastore", name="lgwan-fast-02"),
    Item(kind="resource_pool", name="lgwan/standard"),
    Item(kind="tag", name="kyotsu-segment/lgwan"),
    Item(kind="tag", name="kyotsu-wave/canary"),
    *(Item(kind="attribute", name=name) for name in A.attributes),
    Item(kind="template", name=A.template),
)
DESIRED = make_desired_vcenter(A, B, items=(*FOUNDATION_ITEMS, make_separation(A.instance_uuid, B.instance_uuid)))


def plan(*vcenters: LiveVCenter, **selection: Any) -> Plan:
    desired = tuple(each.desired for each in vcenters)
    return plan_of(target(), prepared(*desired), list(vcenters), Selection(**selection))


def kinds(found: Plan) -> set[str]:
    return {change.kind for change in found.changes}


EMPTY = live(DESIRED, make_observed_vcenter())
READY = live(DESIRED, make_observed_vcenter(items=FOUNDATION_ITEMS))


def test_every_kind_belongs_to_one_verb() -> None:
    assert {kind for kind in KINDS if part_of(kind) == MACHINES} == {"machine", "separation"}
    assert {part_of(kind) for kind in KINDS} == {MACHINES, FOUNDATION}


def test_a_plan_of_everything_counts_what_it_makes_first_as_there() -> None:
    found = plan(EMPTY, part=EVERYTHING)
    assert {"machine", "separation", "cluster"} <= kinds(found)
    assert found.refusals == ()


def test_a_plan_of_the_foundation_holds_no_machine() -> None:
    strangers = make_observed_vcenter(make_observed_machine(name="x", instance_uuid="x"), items=())
    found = plan(live(DESIRED, strangers), part=FOUNDATION)
    assert kinds(found) == {item.kind for item in FOUNDATION_ITEMS}
    assert (found.refusals, found.unmanaged) == ((), ())


def test_a_plan_of_machines_without_a_foundation_names_what_is_missing() -> None:
    found = plan(EMPTY, part=MACHINES)
    assert found.changes == ()
    assert {refusal.object for refusal in found.refusals} == {A.key, B.key, "lgwan/s01-db"}
    assert all("run playbooks/foundation.yml first" in refusal.reason.en for refusal in found.refusals)


def test_a_plan_of_machines_on_their_foundation_has_them_all() -> None:
    found = plan(READY, part=MACHINES)
    assert [change.kind for change in found.changes] == ["machine", "machine", "separation"]
    assert found.refusals == ()


def test_a_plan_of_some_machines_makes_no_foundation_and_does_not_count_on_one() -> None:
    found = plan(EMPTY, part=EVERYTHING, names={A.name})
    assert found.changes == ()
    assert [refusal.object for refusal in found.refusals] == [A.key]
    assert [change.object for change in plan(READY, part=EVERYTHING, names={A.name}).changes] == [A.key]


def test_the_scope_of_a_plan_is_sorted_and_absent_when_it_is_everything() -> None:
    assert plan(READY, part=MACHINES, names={B.name, A.name}).scope == (A.name, B.name)
    assert plan(READY, part=MACHINES).scope is None


def test_a_machine_that_moved_between_vcenters_is_not_made_a_second_time() -> None:
    other = live(
        make_desired_vcenter(id=OTHER_VCENTER),
        make_observed_vcenter(make_observed_machine(A), id=OTHER_VCENTER),
    )
    found = plan(READY, other, part=MACHINES)
    assert [change.object for change in found.changes] == [B.key]
    assert OTHER_VCENTER in next(refusal.reason.en for refusal in found.refusals if refusal.object == A.key)
    assert [(each.vcenter, each.label) for each in found.unmanaged] == [(OTHER_VCENTER, A.name)]


@pytest.mark.parametrize("part", [EVERYTHING, MACHINES, FOUNDATION])
def test_a_world_as_described_gives_an_empty_plan(part: str) -> None:
    observed = make_observed_vcenter(make_observed_machine(A), make_observed_machine(B), items=DESIRED.items)
    found = plan(live(DESIRED, observed), part=part)
    assert (found.changes, found.refusals, found.unmanaged) == ((), (), ())
    assert set(found.observed) == {DESIRED.id}


def test_refusals_of_the_comparison_and_of_the_foundation_stand_side_by_side() -> None:
    retired = dataclasses.replace(B, status="retired")
    desired = make_desired_vcenter(A, retired)
    found = plan(live(desired, make_observed_vcenter(make_observed_machine(B))), part=MACHINES)
    assert [refusal.object for refusal in found.refusals] == [B.key, A.key]
