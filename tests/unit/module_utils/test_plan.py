"""The plan: what its digest stands for, and how a plan file is held against the world."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.compare import compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.plan import (
    Plan,
    canonical,
    explain_difference,
    fingerprint,
    make_plan,
    plan_file_text,
    read_plan_document,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredVCenter,
    Item,
    ObservedMachine,
    ObservedVCenter,
)
from tests.support.builders import (
    OTHER_VCENTER,
    UUID,
    make_desired_machine,
    make_desired_vcenter,
    make_observed_disk,
    make_observed_machine,
    make_observed_nic,
    make_observed_vcenter,
    make_separation,
)

CLUSTER = Item(kind="cluster", name="lgwan", properties={"ha": True})
A, B = make_desired_machine(1), make_desired_machine(2)
DESIRED = make_desired_vcenter(A, B, items=(CLUSTER,))
STRANGER = make_observed_machine(instance_uuid=UUID.format(9), name="theirs")
OBSERVED = make_observed_vcenter(make_observed_machine(A, memory_mb=4096), STRANGER, items=(CLUSTER,))


OURS = {A.instance_uuid, B.instance_uuid}


def plan_of(observed: ObservedVCenter = OBSERVED, desired: DesiredVCenter = DESIRED, **fields: Any) -> Plan:
    arguments: dict[str, Any] = {"environment": "lab", "commit": "c0ffee", "part": "everything", "scope": None}
    return make_plan(**{**arguments, **fields}, observed=[observed], comparisons=[compare_vcenter(desired, observed)])


def one_machine(**fields: Any) -> ObservedVCenter:
    return make_observed_vcenter(make_observed_machine(A, memory_mb=4096, **fields), STRANGER, items=(CLUSTER,))


# --- digest ---------------------------------------------------------------------------------------------------------


def test_the_same_world_gives_the_same_digest() -> None:
    assert plan_of().digest == plan_of().digest


@pytest.mark.parametrize(
    "same",
    [
        dataclasses.replace(OBSERVED, machines=tuple(reversed(OBSERVED.machines))),
        dataclasses.replace(OBSERVED, free_gb={"lgwan-fast-01": 999.0, "lgwan-fast-02": 998.0}),
        dataclasses.replace(OBSERVED, calls=99, references={"x": "y"}),
        one_machine(host="other", change_version="7", reference="vm-77", snapshots=3),
        one_machine(tags=dict(reversed(list(A.tags.items())))),
    ],
    ids=["order", "free space", "calls and ids", "host, version, id and snapshots", "order of tags"],
)
def test_what_no_plan_depends_on_leaves_the_digest_alone(same: ObservedVCenter) -> None:
    assert fingerprint(same, OURS) == fingerprint(OBSERVED, OURS)
    assert plan_of(same).digest == plan_of().digest


def test_the_order_of_two_rules_of_one_name_leaves_the_fingerprint_alone() -> None:
    rules = (make_separation("a", "b"), make_separation("a", "c"))
    assert fingerprint(make_observed_vcenter(items=rules), OURS) == fingerprint(
        make_observed_vcenter(items=rules[::-1]), OURS
    )


@pytest.mark.parametrize(
    "other",
    [
        one_machine(cpu=3),
        one_machine(power="off"),
        one_machine(notes="x"),
        one_machine(memory_hot_add=True),
        one_machine(cpu_hot_add=True),
        one_machine(folder="x"),
        one_machine(resource_pool="x"),
        one_machine(cluster="spare"),
        one_machine(guest_id="x"),
        one_machine(is_template=True),
        one_machine(tags={}),
        one_machine(attributes={}),
        one_machine(disks=(make_observed_disk(),)),
        one_machine(nics=(make_observed_nic(connected=False),)),
        dataclasses.replace(OBSERVED, machines=OBSERVED.machines[1:]),
        dataclasses.replace(OBSERVED, instance_uuid="another vCenter"),
        dataclasses.replace(OBSERVED, items=()),
        dataclasses.replace(OBSERVED, items=(CLUSTER, Item(kind="folder", name="theirs"))),
        dataclasses.replace(OBSERVED, items=(Item(kind="cluster", name="lgwan", properties={"ha": True, "x": 1}),)),
    ],
    ids=lambda observed: fingerprint(observed, OURS)[:6],
)
def test_whatever_else_is_observed_is_another_plan(other: ObservedVCenter) -> None:
    assert fingerprint(other, OURS) != fingerprint(OBSERVED, OURS)
    assert plan_of(other).digest != plan_of().digest


@pytest.mark.parametrize("strangers", [(), (dataclasses.replace(STRANGER, cpu=9, power="off"),)])
def test_other_peoples_machines_leave_the_digest_alone(strangers: tuple[ObservedMachine, ...]) -> None:
    moved = dataclasses.replace(OBSERVED, machines=(OBSERVED.machines[0], *strangers))
    assert len(plan_of(moved).unmanaged) == len(strangers)
    assert plan_of(moved).digest == plan_of().digest


@pytest.mark.parametrize(
    "fields",
    [
        {"environment": "production"},
        {"commit": "c0ffee+1"},
        {"part": "machines"},
        {"scope": ["s01-db01"]},
        {"desired": make_desired_vcenter(dataclasses.replace(A, notes="x"), B, items=(CLUSTER,))},
        {"desired": make_desired_vcenter(A, items=(CLUSTER,))},
    ],
)
def test_another_question_or_another_description_is_another_plan(fields: dict[str, Any]) -> None:
    assert plan_of(**fields).digest != plan_of().digest


def test_free_space_that_moves_a_new_disk_is_another_plan() -> None:
    moved = dataclasses.replace(OBSERVED, free_gb={"lgwan-fast-01": 500.0, "lgwan-fast-02": 1000.0})
    assert plan_of(moved).digest != plan_of().digest


def test_the_order_in_which_names_are_given_is_no_difference() -> None:
    assert plan_of(scope=["a", "b"]).digest == plan_of(scope=["b", "a"]).digest


def test_plans_of_several_vcenters_name_each() -> None:
    other = make_observed_vcenter(id=OTHER_VCENTER)
    plan = make_plan(
        environment="lab",
        commit="c",
        part="everything",
        scope=None,
        observed=[OBSERVED, other],
        comparisons=[compare_vcenter(DESIRED, OBSERVED), compare_vcenter(DESIRED, other)],
    )
    assert set(plan.observed) == {OBSERVED.id, OTHER_VCENTER}


# --- plan file ------------------------------------------------------------------------------------------------------


def test_a_plan_file_comes_back_as_the_document_that_was_written() -> None:
    plan = plan_of()
    assert plan.changes
    assert plan.unmanaged
    assert read_plan_document(plan_file_text(plan)) == plan.document()


@pytest.mark.parametrize(
    ("old", "new"),
    [('"after": 8', '"after": 4'), ('"environment": "lab"', '"environment": "production"'), ("reboot", "none")],
)
def test_a_plan_file_that_was_edited_is_refused(old: str, new: str) -> None:
    text = plan_file_text(plan_of())
    assert old in text
    with pytest.raises(ValueError, match="edited after it was written"):
        read_plan_document(text.replace(old, new, 1))


def test_a_plan_that_was_edited_together_with_its_digest_is_not_the_plan_of_today() -> None:
    document = json.loads(plan_file_text(plan_of()))["plan"]
    document["changes"][0]["after"] = 64
    forged = json.dumps({"digest": hashlib.sha256(canonical(document)).hexdigest(), "plan": document})
    assert read_plan_document(forged) != plan_of().document()
    assert "1 of its 2 changes are others now" in explain_difference(read_plan_document(forged), plan_of().document())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        '{"plan": {}}',
        '{"plan": [], "digest": ""}',
        '{"plan": {}, "digest": ""}',
        '{"plan": {"observed": 5, "changes": 5}, "digest": ""}',
    ],
)
def test_what_is_no_plan_file_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"output=FILE\.json") as raised:
        read_plan_document(text)
    assert "\n" not in str(raised.value)


# --- why a plan is not that of today --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (plan_of(environment="production"), "it was made for lab, this is production"),
        (plan_of(commit="beef"), "it was made from commit c0ffee, this is beef"),
        (plan_of(scope=["a"]), "it covers other machines"),
        (plan_of(one_machine(notes="x")), "vc-kyotsu changed since; it has 2 changes, now there are 3"),
        (dataclasses.replace(plan_of(), kind="review"), "it is a plan of kind 'live', provision takes 'review'"),
        (plan_of(part="machines"), "it is a plan of everything, this is one of machines"),
    ],
)
def test_the_reason_is_what_a_person_should_look_at_first(now: Plan, reason: str) -> None:
    assert reason in explain_difference(plan_of().document(), now.document())


def test_a_vcenter_that_came_or_went_is_named() -> None:
    now = dataclasses.replace(plan_of(), observed={**plan_of().observed, OTHER_VCENTER: "x"})
    assert f"{OTHER_VCENTER} changed since" in explain_difference(plan_of().document(), now.document())
    assert f"{OTHER_VCENTER} changed since" in explain_difference(now.document(), plan_of().document())
