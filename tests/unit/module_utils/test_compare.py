"""One vCenter as a whole: identity, limits, separation rules, and convergence of any small estate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.compare import Comparison, compare_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Disk, Machine, Nic, System
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    KINDS,
    DesiredVCenter,
    Item,
    ObservedMachine,
    ObservedVCenter,
)
from tests.support.builders import (
    OTHER_VCENTER,
    UUID,
    VCENTER,
    carried_out,
    make_desired_machine,
    make_desired_vcenter,
    make_estate,
    make_machine,
    make_observed_disk,
    make_observed_machine,
    make_observed_nic,
    make_observed_vcenter,
    make_separation,
    make_system,
)

ROOT = Path(__file__).resolve().parents[3]
A, B = make_desired_machine(1), make_desired_machine(2)
STRANGER = make_observed_machine(instance_uuid=UUID.format(9), reference="vm-9", name="theirs", attributes={})


def nothing(vcenter: str = VCENTER) -> Comparison:
    return Comparison(vcenter=vcenter, changes=(), refusals=(), unmanaged=())


def test_a_vcenter_as_described_has_no_difference() -> None:
    items = (Item(kind="cluster", name="lgwan"), make_separation(A.instance_uuid, B.instance_uuid))
    observed = make_observed_vcenter(make_observed_machine(A), make_observed_machine(B), items=items)
    assert compare_vcenter(make_desired_vcenter(A, B, items=items), observed) == nothing()


# --- identity -------------------------------------------------------------------------------------------------------


def test_machines_are_matched_by_identity_and_never_by_name() -> None:
    # The two have each other's name: both are renamed back, none is made or taken for the other.
    observed = make_observed_vcenter(make_observed_machine(A, name=B.name), make_observed_machine(B, name=A.name))
    found = compare_vcenter(make_desired_vcenter(A, B), observed)
    assert {change.field for change in found.changes} <= {"name"}
    assert found.unmanaged == ()
    assert len(found.changes) + len(found.refusals) == 2


def test_two_machines_of_one_identity_are_both_left_alone_and_named() -> None:
    copy = make_observed_machine(A, name="copy", reference="vm-7", cpu=1)
    observed = make_observed_vcenter(make_observed_machine(A, cpu=1), copy)
    found = compare_vcenter(make_desired_vcenter(A), observed)
    assert (found.changes, found.unmanaged) == ((), ())
    (refusal,) = found.refusals
    assert "copy (vm-7), s01-db01 (vm-0001)" in refusal.reason.en


def test_a_name_that_a_stranger_has_is_not_taken() -> None:
    found = compare_vcenter(make_desired_vcenter(A), make_observed_vcenter(dataclasses.replace(STRANGER, name=A.name)))
    assert found.changes == ()
    assert "another identity" in found.refusals[0].reason.en
    assert [each.object for each in found.unmanaged] == [UUID.format(9)]


def test_a_stranger_that_claims_the_key_is_not_doubled() -> None:
    claims = dataclasses.replace(STRANGER, attributes={"kyotsu-key": A.key})
    found = compare_vcenter(make_desired_vcenter(A), make_observed_vcenter(claims))
    assert found.changes == ()
    assert "theirs" in found.refusals[0].reason.en


def test_a_copy_under_its_own_identity_does_not_disturb_the_original() -> None:
    claims = dataclasses.replace(STRANGER, attributes={"kyotsu-key": A.key})
    found = compare_vcenter(make_desired_vcenter(A), make_observed_vcenter(make_observed_machine(A), claims))
    assert (found.changes, found.refusals) == ((), ())
    assert [each.label for each in found.unmanaged] == ["theirs"]


def test_a_machine_in_another_vcenter_is_not_made_a_second_time() -> None:
    elsewhere = {A.instance_uuid: OTHER_VCENTER}
    found = compare_vcenter(make_desired_vcenter(A), make_observed_vcenter(), elsewhere=elsewhere)
    assert found.changes == ()
    assert OTHER_VCENTER in found.refusals[0].reason.en


def test_one_identity_in_two_vcenters_is_refused() -> None:
    observed = make_observed_vcenter(make_observed_machine(A, cpu=1))
    found = compare_vcenter(make_desired_vcenter(A), observed, elsewhere={A.instance_uuid: OTHER_VCENTER})
    assert found.changes == ()
    assert "remove the copy" in found.refusals[0].reason.en


def test_a_retired_machine_elsewhere_is_nothing_to_do_here() -> None:
    retired = dataclasses.replace(A, status="retired")
    elsewhere = {A.instance_uuid: OTHER_VCENTER}
    assert compare_vcenter(make_desired_vcenter(retired), make_observed_vcenter(), elsewhere=elsewhere) == nothing()


def test_a_template_is_no_unmanaged_machine() -> None:
    template = dataclasses.replace(STRANGER, is_template=True)
    assert compare_vcenter(make_desired_vcenter(), make_observed_vcenter(template)) == nothing()


# --- limit ----------------------------------------------------------------------------------------------------------


def test_a_limit_touches_its_machines_only_and_reports_nothing_unmanaged() -> None:
    observed = make_observed_vcenter(
        make_observed_machine(A, cpu=1),
        make_observed_machine(B, cpu=1),
        STRANGER,
        items=(Item(kind="port_group", name="theirs"),),
    )
    desired = make_desired_vcenter(A, B, items=(Item(kind="cluster", name="lgwan"),))
    everything = compare_vcenter(desired, observed)
    assert {change.object for change in everything.changes} == {A.key, B.key, "lgwan"}
    assert [each.label for each in everything.unmanaged] == ["theirs", "theirs"]
    limited = compare_vcenter(desired, observed, names={A.name})
    assert {change.object for change in limited.changes} == {A.key}
    assert (limited.refusals, limited.unmanaged) == ((), ())


def test_a_limit_to_no_machine_finds_nothing() -> None:
    desired = make_desired_vcenter(A, items=(Item(kind="cluster", name="lgwan"),))
    assert compare_vcenter(desired, make_observed_vcenter(STRANGER), names=set()) == nothing()


def test_a_limit_takes_the_separation_rules_of_its_machines_with_it() -> None:
    uuids = A.instance_uuid, B.instance_uuid
    rules = (make_separation(*uuids), make_separation(UUID.format(7), UUID.format(8), name="lgwan/other"))
    observed = make_observed_vcenter(
        *(make_observed_machine(make_desired_machine(number)) for number in (1, 2, 7, 8)),
        items=(make_separation("x", "y", name="lgwan/theirs"),),
    )
    desired = make_desired_vcenter(*(make_desired_machine(number) for number in (1, 2, 7, 8)), items=rules)
    limited = compare_vcenter(desired, observed, names={A.name})
    assert [(change.kind, change.object) for change in limited.changes] == [("separation", "lgwan/s01-db")]
    assert limited.unmanaged == ()


def test_without_the_foundation_only_machines_and_their_rules_are_compared() -> None:
    rule = make_separation(A.instance_uuid, B.instance_uuid)
    desired = make_desired_vcenter(A, B, items=(Item(kind="cluster", name="lgwan"), rule))
    found = compare_vcenter(desired, make_observed_vcenter(), foundation=False)
    assert [change.kind for change in found.changes] == ["machine", "machine", "separation"]


# --- separation rules -----------------------------------------------------------------------------------------------


def test_a_rule_is_made_after_its_machines() -> None:
    rule = make_separation(A.instance_uuid, B.instance_uuid)
    found = compare_vcenter(make_desired_vcenter(A, B, items=(rule,)), make_observed_vcenter())
    assert [change.kind for change in found.changes] == ["machine", "machine", "separation"]
    assert found.changes[-1].after == {"machines": sorted([A.instance_uuid, B.instance_uuid])}


def test_a_rule_waits_for_a_machine_that_is_not_made() -> None:
    rule = make_separation(A.instance_uuid, B.instance_uuid)
    desired = make_desired_vcenter(A, dataclasses.replace(B, status="retiring"), items=(rule,))
    found = compare_vcenter(desired, make_observed_vcenter())
    assert [change.object for change in found.changes] == [A.key]
    assert [refusal.object for refusal in found.refusals] == [B.key]


def test_a_rule_that_waits_is_not_reported_as_unmanaged() -> None:
    rule = make_separation(A.instance_uuid, B.instance_uuid)
    desired = make_desired_vcenter(A, dataclasses.replace(B, status="retiring"), items=(rule,))
    observed = make_observed_vcenter(make_observed_machine(A), items=(make_separation(A.instance_uuid),))
    found = compare_vcenter(desired, observed)
    assert (found.changes, found.unmanaged) == ((), ())


def test_a_rule_gets_the_member_that_it_lacks() -> None:
    uuids = [UUID.format(number) for number in (1, 2, 3)]
    machines = [make_desired_machine(number) for number in (1, 2, 3)]
    observed = make_observed_vcenter(*map(make_observed_machine, machines), items=(make_separation(*uuids[:2]),))
    (change,) = compare_vcenter(make_desired_vcenter(*machines, items=(make_separation(*uuids),)), observed).changes
    assert (change.kind, change.field, change.after, change.risk) == ("separation", "machines", uuids, "none")


# --- order and room -------------------------------------------------------------------------------------------------


def test_kinds_come_in_the_order_in_which_they_can_be_made() -> None:
    desired, observed = _described(_PAIR), make_observed_vcenter()
    kinds = [change.kind for change in compare_vcenter(desired, observed).changes]
    assert kinds == sorted(kinds, key=KINDS.index)
    assert set(kinds) == set(KINDS)


def test_room_that_one_machine_takes_is_not_there_for_the_next() -> None:
    # Each machine takes 140 GiB; a datastore of 200 GiB holds one.
    room = {"lgwan-fast-01": 200.0, "lgwan-fast-02": 200.0}
    machines = [make_desired_machine(number) for number in (1, 2, 3, 4)]
    found = compare_vcenter(make_desired_vcenter(*machines), make_observed_vcenter(free_gb=room))
    placed = sum(disk["size_gb"] for change in found.changes for disk in change.after["disks"])
    assert len(found.changes) + len(found.refusals) == 4
    assert len(found.refusals) >= 1
    assert placed <= 400
    assert all("GiB free" in refusal.reason.en for refusal in found.refusals)


def test_placement_is_the_same_each_time_and_whatever_order_vcenter_answers_in() -> None:
    machines = [make_desired_machine(number) for number in (1, 2, 3)]
    strangers = [dataclasses.replace(STRANGER, name=f"x{number}", instance_uuid=f"x{number}") for number in range(3)]
    desired = make_desired_vcenter(*machines)
    first = compare_vcenter(desired, make_observed_vcenter(*strangers))
    again = compare_vcenter(
        desired,
        make_observed_vcenter(*reversed(strangers), free_gb={"lgwan-fast-02": 1000.0, "lgwan-fast-01": 1000.0}),
    )
    assert first == again


# --- any small estate -----------------------------------------------------------------------------------------------

_STATUSES = st.sampled_from(["planned", "in-service", "in-service", "in-service", "retiring", "retired"])


@st.composite
def estates(draw: st.DrawFn, status: st.SearchStrategy[str] = _STATUSES) -> Estate:
    systems: list[System] = []
    number = 10
    for index in range(draw(st.integers(1, 3))):
        cluster, network, segment = draw(
            st.sampled_from([("lgwan", "lgwan-servers", "lgwan"), ("mynumber", "mynumber-servers", "mynumber")])
        )
        machines: list[Machine] = []
        for each in range(draw(st.integers(0, 3))):
            number += 1
            machines.append(
                make_machine(
                    f"s{index}-m-{each}",
                    role=draw(st.sampled_from(["db", "ap", "web", "batch"])),
                    image=draw(st.sampled_from(["debian-12", "windows-2022"])),
                    flavour=None,
                    cpu=draw(st.integers(1, 16)),
                    memory_gb=draw(st.integers(1, 64)),
                    power=draw(st.sampled_from(["on", "off"])),
                    status=draw(status),
                    pair=draw(st.sampled_from([None, "p"])),
                    disks=tuple(
                        Disk(name=f"d{position}", size_gb=draw(st.integers(1, 20)), tier="fast")
                        for position in range(draw(st.integers(1, 3)))
                    ),
                    nics=tuple(
                        Nic(network=network, address=f"198.18.{part}.{number}")
                        for part in range(draw(st.integers(1, 2)))
                    ),
                )
            )
        systems.append(make_system(f"s{index}", *machines, cluster=cluster, segment=segment))
    return make_estate(*systems)


def _described(estate: Estate) -> DesiredVCenter:
    return desired_state(estate, {})[0]


_PAIR = make_estate(make_system("s01", make_machine("s01-db-1", pair="db"), make_machine("s01-db-2", pair="db")))


def _built(desired: DesiredVCenter) -> ObservedVCenter:
    empty = make_observed_vcenter(id=desired.id, datacenter=desired.datacenter, free_gb={})
    return carried_out(desired, empty, compare_vcenter(desired, empty).changes)


@settings(deadline=None, max_examples=60)
@given(estates())
def test_an_estate_is_built_once_and_then_nothing_differs(estate: Estate) -> None:
    for desired in desired_state(estate, {}):
        empty = make_observed_vcenter(id=desired.id, datacenter=desired.datacenter, free_gb={})
        first = compare_vcenter(desired, empty)
        assert {(change.action, change.risk) for change in first.changes} <= {("create", "none")}
        # Only a retiring machine that is gone is refused.
        retiring = {machine.key for machine in desired.machines if machine.status == "retiring"}
        assert {refusal.object for refusal in first.refusals} == retiring
        second = compare_vcenter(desired, carried_out(desired, empty, first.changes))
        assert (second.changes, second.unmanaged) == ((), ())
        assert second.refusals == first.refusals


def _with(**values: Any) -> Callable[[ObservedMachine], ObservedMachine]:
    return lambda machine: dataclasses.replace(machine, **values)


MUTATIONS: dict[str, Callable[[ObservedMachine], ObservedMachine]] = {
    "renamed": _with(name="renamed"),
    "moved to a folder": _with(folder="elsewhere"),
    "moved to a pool": _with(resource_pool="elsewhere"),
    "moved to a cluster": _with(cluster="elsewhere"),
    "more processors": lambda machine: dataclasses.replace(machine, cpu=machine.cpu + 1),
    "fewer processors": lambda machine: dataclasses.replace(machine, cpu=machine.cpu - 1),
    "more memory": lambda machine: dataclasses.replace(machine, memory_mb=machine.memory_mb + 512),
    "less memory": lambda machine: dataclasses.replace(machine, memory_mb=machine.memory_mb - 512),
    "another guest": _with(guest_id="otherGuest"),
    "another note": _with(notes="changed by hand"),
    "no tags": _with(tags={}),
    "no attributes": _with(attributes={}),
    "suspended": _with(power="suspended"),
    "no disks": _with(disks=()),
    "no interfaces": _with(nics=()),
    "a disk more": lambda machine: dataclasses.replace(machine, disks=(*machine.disks, make_observed_disk(9))),
    "an interface more": lambda machine: dataclasses.replace(machine, nics=(*machine.nics, make_observed_nic(9))),
    "a grown disk": lambda machine: dataclasses.replace(
        machine, disks=(dataclasses.replace(machine.disks[0], size_gb=500), *machine.disks[1:])
    ),
    "a shrunk disk": lambda machine: dataclasses.replace(
        machine, disks=(dataclasses.replace(machine.disks[0], size_gb=0.5), *machine.disks[1:])
    ),
    "a disk elsewhere": lambda machine: dataclasses.replace(
        machine, disks=(dataclasses.replace(machine.disks[0], datastore="elsewhere"), *machine.disks[1:])
    ),
    "a disconnected interface": lambda machine: dataclasses.replace(
        machine, nics=(dataclasses.replace(machine.nics[0], connected=False), *machine.nics[1:])
    ),
    "an interface on another network": lambda machine: dataclasses.replace(
        machine, nics=(dataclasses.replace(machine.nics[0], port_group="elsewhere"), *machine.nics[1:])
    ),
    "another MAC address": lambda machine: dataclasses.replace(
        machine, nics=(dataclasses.replace(machine.nics[0], mac="00:50:56:00:00:00"), *machine.nics[1:])
    ),
}


@settings(deadline=None, max_examples=150)
@given(estates(st.just("in-service")), st.sampled_from(sorted(MUTATIONS)), st.data())
def test_one_change_by_hand_is_found_on_that_machine_alone_and_mended_or_refused(
    estate: Estate, mutation: str, data: st.DataObject
) -> None:
    desired = data.draw(st.sampled_from(desired_state(estate, {})))
    assume(desired.machines)
    built = _built(desired)
    victim = data.draw(st.sampled_from(desired.machines))
    touched = tuple(
        MUTATIONS[mutation](machine) if machine.instance_uuid == victim.instance_uuid else machine
        for machine in built.machines
    )
    observed = dataclasses.replace(built, machines=touched)
    found = compare_vcenter(desired, observed)
    assert {each.object for each in found.changes} | {each.object for each in found.refusals} == {victim.key}
    assert found.unmanaged == ()
    assert {change.action for change in found.changes} <= {"update"}
    assert {change.risk for change in found.changes} <= {"none", "reboot", "outage"}
    for change in found.changes:
        if change.field.startswith("disk:"):
            assert change.after > change.before
    # What is not refused is mended by one run.
    again = compare_vcenter(desired, carried_out(desired, observed, found.changes))
    assert again.changes == ()
    assert {refusal.reason.en for refusal in again.refusals} <= {refusal.reason.en for refusal in found.refusals}


@settings(deadline=None, max_examples=40)
@given(estates(), estates())
def test_whatever_is_there_and_whatever_is_described_nothing_is_destroyed_or_shrunk(
    before: Estate, after: Estate
) -> None:
    for old, new in zip(desired_state(before, {}), desired_state(after, {}), strict=True):
        built = _built(old)
        found = compare_vcenter(new, built)
        assert {change.action for change in found.changes} <= {"create", "update"}
        assert {change.risk for change in found.changes} <= {"none", "reboot", "outage"}
        uuids = {machine.key: machine.instance_uuid for machine in new.machines}
        result = carried_out(new, built, found.changes)
        there = {machine.instance_uuid: machine for machine in result.machines}
        for machine in built.machines:
            now = there[machine.instance_uuid]
            assert len(now.disks) >= len(machine.disks)
            assert len(now.nics) >= len(machine.nics)
            pairs = zip(machine.disks, now.disks, strict=False)
            assert all(disk.path == same.path and same.size_gb >= disk.size_gb for disk, same in pairs)
        # Each that is there and not described is named, and no change touches it.
        strangers = {machine.instance_uuid for machine in built.machines} - set(uuids.values())
        assert {each.object for each in found.unmanaged if each.kind == "machine"} == strangers


@pytest.mark.parametrize("vcenter", [0, 1])
def test_the_estate_of_this_repository_is_built_once_and_then_nothing_differs(vcenter: int) -> None:
    estate = load_estate(ROOT, as_of=date(2026, 11, 24), use_cache=False).estate
    desired = desired_state(estate, {})[vcenter]
    empty = make_observed_vcenter(id=desired.id, datacenter=desired.datacenter, free_gb={})
    first = compare_vcenter(desired, empty)
    assert first.refusals == ()
    assert {change.action for change in first.changes} == {"create"}
    made = [change for change in first.changes if change.kind == "machine"]
    assert len(made) == sum(machine.status in ("in-service", "retiring") for machine in desired.machines) > 30
    assert compare_vcenter(desired, carried_out(desired, empty, first.changes)) == nothing(desired.id)
