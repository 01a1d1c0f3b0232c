"""One machine: what changes, at what risk, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change
from ansible_collections.kyotsu.platform.plugins.module_utils.compare_machines import (
    MachineDifference,
    compare_machine,
    missing_machine,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    DesiredNic,
    ObservedMachine,
)
from tests.support.builders import (
    UUID,
    VCENTER,
    make_desired_disk,
    make_desired_machine,
    make_observed_disk,
    make_observed_machine,
    make_observed_nic,
)

_ROOM = {"lgwan-fast-01": 1000.0, "lgwan-fast-02": 900.0}


def differences(desired: DesiredMachine, observed: ObservedMachine, **options: Any) -> MachineDifference:
    return compare_machine(VCENTER, desired, observed, Placement({}, _ROOM), **options)


def only_change(difference: MachineDifference) -> Change:
    assert difference.refusals == []
    (change,) = difference.changes
    return change


def only_refusal(difference: MachineDifference) -> str:
    assert difference.changes == []
    (refusal,) = difference.refusals
    return refusal.reason.en


def test_machine_as_described_has_no_difference() -> None:
    desired = make_desired_machine()
    assert differences(desired, make_observed_machine(desired)) == MachineDifference()


def test_another_name_of_the_same_identity_is_a_rename() -> None:
    desired = make_desired_machine()
    change = only_change(differences(desired, make_observed_machine(desired, name="old")))
    assert (change.field, change.before, change.after, change.risk) == ("name", "old", "s01-db01", "none")
    assert change.object == desired.key


def test_rename_to_a_name_that_another_machine_has_is_refused_and_the_rest_is_done() -> None:
    desired = make_desired_machine()
    other = make_observed_machine(instance_uuid=UUID.format(9))
    difference = differences(desired, make_observed_machine(desired, name="old", cpu=1, power="off"), same_name=other)
    assert [change.field for change in difference.changes] == ["cpu", "power"]
    assert "rename that one first" in difference.refusals[0].reason.en


@pytest.mark.parametrize(
    ("observed", "field", "before", "after", "risk"),
    [
        ({"folder": "hosted"}, "folder", "hosted", "hosted/s01", "none"),
        ({"resource_pool": ""}, "resource_pool", "", "standard", "none"),
        ({"notes": ""}, "notes", "", "System s01: db", "none"),
        ({"cpu": 1}, "cpu", 1, 2, "reboot"),
        ({"cpu": 4}, "cpu", 4, 2, "reboot"),
        ({"cpu": 1, "cpu_hot_add": True}, "cpu", 1, 2, "none"),
        ({"cpu": 4, "cpu_hot_add": True}, "cpu", 4, 2, "reboot"),
        ({"memory_mb": 4096}, "memory_gb", 4.0, 8, "reboot"),
        ({"memory_mb": 1536}, "memory_gb", 1.5, 8, "reboot"),
        ({"memory_mb": 4096, "memory_hot_add": True}, "memory_gb", 4.0, 8, "none"),
        ({"memory_mb": 16384, "memory_hot_add": True}, "memory_gb", 16.0, 8, "reboot"),
        # The hot add of the one is not that of the other.
        ({"memory_mb": 4096, "cpu_hot_add": True}, "memory_gb", 4.0, 8, "reboot"),
        ({"power": "off"}, "power", "off", "on", "none"),
    ],
)
def test_one_property_that_differs_is_one_change(
    observed: dict[str, Any], field: str, before: object, after: object, risk: str
) -> None:
    desired = make_desired_machine()
    change = only_change(differences(desired, make_observed_machine(desired, **observed)))
    assert (change.field, change.before, change.after, change.risk) == (field, before, after, risk)
    assert change.action == "update"


def test_size_of_a_machine_that_is_off_interrupts_nobody() -> None:
    desired = make_desired_machine(power="off")
    difference = differences(desired, make_observed_machine(desired, cpu=1, memory_mb=1024))
    assert [(change.field, change.risk) for change in difference.changes] == [("cpu", "none"), ("memory_gb", "none")]


def test_a_suspended_machine_is_left_to_a_person() -> None:
    desired = make_desired_machine()
    difference = differences(desired, make_observed_machine(desired, cpu=1, power="suspended"))
    assert difference.changes == []
    assert "it is suspended" in difference.refusals[0].reason.en


def test_switching_off_is_an_outage() -> None:
    desired = make_desired_machine(power="off")
    change = only_change(differences(desired, make_observed_machine(desired, power="on")))
    assert (change.field, change.risk) == ("power", "outage")


def test_power_of_a_retiring_machine_is_left_alone_and_the_rest_is_kept() -> None:
    desired = make_desired_machine(status="retiring")
    change = only_change(differences(desired, make_observed_machine(desired, power="off", notes="x")))
    assert change.field == "notes"


def test_another_port_group_interrupts_the_network() -> None:
    desired = make_desired_machine()
    nic = make_observed_nic(port_group="pg-other")
    change = only_change(differences(desired, make_observed_machine(desired, nics=(nic,))))
    assert (change.field, change.risk) == ("nic:0", "outage")
    assert change.before == {"port_group": "pg-other", "mac": nic.mac, "connected": True}
    assert change.after == {"port_group": "pg-lgwan-servers", "mac": nic.mac, "connected": True}


def test_an_interface_without_port_group_is_given_its_own() -> None:
    desired = make_desired_machine()
    observed = make_observed_machine(desired, nics=(make_observed_nic(port_group=None),))
    assert only_change(differences(desired, observed)).before["port_group"] is None


def test_a_new_mac_address_needs_a_power_cycle() -> None:
    desired = make_desired_machine()
    observed = make_observed_machine(desired, nics=(make_observed_nic(mac="00:50:56:00:00:01"),))
    assert only_change(differences(desired, observed)).risk == "reboot"


def test_the_interface_of_a_machine_that_is_off_interrupts_nobody() -> None:
    desired = make_desired_machine(power="off")
    nic = make_observed_nic(port_group="pg-other", mac="00:50:56:00:00:01")
    assert only_change(differences(desired, make_observed_machine(desired, nics=(nic,)))).risk == "none"


@pytest.mark.parametrize("power", ["on", "off"])
def test_an_interface_that_is_not_meant_to_be_connected_is_connected(power: str) -> None:
    desired = make_desired_machine(power=power)
    observed = make_observed_machine(desired, nics=(make_observed_nic(connected=False),))
    change = only_change(differences(desired, observed))
    assert change.after["connected"] is True


def test_an_interface_more_is_added_and_one_too_many_refused() -> None:
    first, second = make_desired_machine().nics[0], DesiredNic(port_group="pg-b", mac="00:50:56:00:00:02", address="")
    desired = make_desired_machine(nics=(first, second))
    change = only_change(differences(desired, make_observed_machine(make_desired_machine())))
    assert (change.field, change.after, change.risk) == (
        "nic+:1",
        {"port_group": "pg-b", "mac": "00:50:56:00:00:02"},
        "none",
    )
    reason = only_refusal(differences(make_desired_machine(), make_observed_machine(desired)))
    assert "00:50:56:00:00:02" in reason


# --- disks ----------------------------------------------------------------------------------------------------------


def with_disks(*sizes: float, datastore: str = "lgwan-fast-01") -> tuple[Any, ...]:
    return tuple(make_observed_disk(number, size_gb=size, datastore=datastore) for number, size in enumerate(sizes))


def test_a_disk_grows_where_it_lies() -> None:
    desired = make_desired_machine()
    change = only_change(differences(desired, make_observed_machine(desired, disks=with_disks(40, 60))))
    assert (change.field, change.before, change.after, change.risk) == ("disk:data", 60, 100, "none")


def test_a_disk_is_never_shrunk() -> None:
    desired = make_desired_machine()
    reason = only_refusal(differences(desired, make_observed_machine(desired, disks=with_disks(40, 100.5))))
    assert "100.5 GiB" in reason
    assert "never shrunk" in reason


def test_a_disk_more_is_appended_on_the_emptiest_datastore() -> None:
    desired = make_desired_machine()
    change = only_change(differences(desired, make_observed_machine(desired, disks=with_disks(40))))
    assert change.field == "disk+:data"
    assert change.before is None
    assert change.after == {"size_gb": 100, "datastore": "lgwan-fast-01", "position": 1}


def test_a_disk_too_many_is_refused_and_never_taken_away() -> None:
    desired = make_desired_machine()
    assert "describe it" in only_refusal(
        differences(desired, make_observed_machine(desired, disks=with_disks(40, 100, 7)))
    )


def test_disks_in_another_order_are_not_the_same_disks() -> None:
    desired = make_desired_machine()
    difference = differences(desired, make_observed_machine(desired, disks=with_disks(100, 40)))
    assert "never shrunk" in difference.refusals[0].reason.en


def test_a_disk_put_in_before_another_one_changes_no_disk() -> None:
    # By position the data disk of 100 GiB would grow to 300 GiB, which nobody could take back.
    disks = (
        make_desired_disk(),
        make_desired_disk(name="log", size_gb=300),
        make_desired_disk(name="data", size_gb=100),
    )
    desired = make_desired_machine(disks=disks)
    reason = only_refusal(differences(desired, make_observed_machine(desired, disks=with_disks(40, 100))))
    assert "appended" in reason


def test_growth_and_a_disk_more_at_once_are_both_done() -> None:
    disks = (
        make_desired_disk(),
        make_desired_disk(name="data", size_gb=120),
        make_desired_disk(name="log", size_gb=10),
    )
    desired = make_desired_machine(disks=disks)
    difference = differences(desired, make_observed_machine(desired, disks=with_disks(40, 100)))
    assert [change.field for change in difference.changes] == ["disk:data", "disk+:log"]


def test_any_datastore_of_the_tier_is_right() -> None:
    desired = make_desired_machine()
    disks = with_disks(40, 100, datastore="lgwan-fast-02")
    assert differences(desired, make_observed_machine(desired, disks=disks)) == MachineDifference()


def test_a_disk_on_another_tier_is_refused() -> None:
    desired = make_desired_machine()
    disks = (make_observed_disk(), make_observed_disk(1, size_gb=100, datastore="lgwan-standard-01"))
    assert "not of tier fast" in only_refusal(differences(desired, make_observed_machine(desired, disks=disks)))


def test_growth_and_new_disks_need_room() -> None:
    disks = (make_desired_disk(size_gb=5000), make_desired_disk(name="data", size_gb=5000))
    desired = make_desired_machine(disks=disks)
    difference = differences(desired, make_observed_machine(desired, disks=with_disks(40)))
    assert difference.changes == []
    assert ["GiB free" in refusal.reason.en for refusal in difference.refusals] == [True, True]


# --- whose machine, and in which state ------------------------------------------------------------------------------


def with_everything_different(
    desired: DesiredMachine, attributes: dict[str, str], *, power: str = "on"
) -> ObservedMachine:
    return make_observed_machine(
        desired,
        cpu=1,
        memory_mb=1024,
        nics=(make_observed_nic(port_group="pg-other"),),
        attributes=attributes,
        power=power,
    )


def test_nobody_uses_an_unfinished_machine() -> None:
    desired = make_desired_machine()
    difference = differences(desired, with_everything_different(desired, {"kyotsu-key": desired.key}, power="off"))
    assert {change.risk for change in difference.changes} == {"none"}
    assert {"cpu", "memory_gb", "nic:0"} <= {change.field for change in difference.changes}


def test_a_machine_that_runs_is_used_even_without_an_origin() -> None:
    desired = make_desired_machine()
    difference = differences(desired, with_everything_different(desired, {"kyotsu-key": desired.key}))
    risks = {change.field: change.risk for change in difference.changes}
    assert (risks["cpu"], risks["memory_gb"], risks["nic:0"]) == ("reboot", "reboot", "outage")


def test_the_origin_is_the_last_attribute_to_be_written() -> None:
    desired = make_desired_machine()
    difference = differences(desired, make_observed_machine(desired, attributes={}))
    assert [change.field for change in difference.changes][-1] == "attribute:kyotsu-origin"
    assert len(difference.changes) == len(desired.attributes)


@pytest.mark.parametrize("attributes", [{}, {"kyotsu-key": "s01-db-1"}])
def test_an_adopted_machine_is_used_from_the_first_day(attributes: dict[str, str]) -> None:
    desired = make_desired_machine(adopted=True)
    risks = {
        change.field: change.risk
        for change in differences(desired, with_everything_different(desired, attributes)).changes
    }
    assert (risks["cpu"], risks["memory_gb"], risks["nic:0"]) == ("reboot", "reboot", "outage")


def test_every_machine_counts_as_used_where_no_origin_is_described() -> None:
    desired = make_desired_machine(attributes={"kyotsu-key": "s01-db-1"})
    observed = with_everything_different(desired, {"kyotsu-key": "s01-db-1"})
    assert {change.risk for change in differences(desired, observed).changes} == {"reboot", "outage"}


@pytest.mark.parametrize(
    ("desired", "observed", "reason"),
    [
        ({"status": "retired"}, {}, "finish its decommissioning"),
        ({"status": "planned"}, {}, "in-service"),
        ({}, {"cluster": "spare"}, "migrate it by hand"),
        ({}, {"guest_id": "windowsGuest"}, "another image"),
    ],
)
def test_what_a_person_must_decide_is_refused(desired: dict[str, Any], observed: dict[str, Any], reason: str) -> None:
    machine = make_desired_machine(**desired)
    assert reason in only_refusal(differences(machine, make_observed_machine(machine, **observed)))


@pytest.mark.parametrize("machine", [{"status": "retired"}, {"status": "planned"}, {"cluster": "elsewhere"}])
def test_a_machine_that_is_refused_as_a_whole_is_not_changed_at_all(machine: dict[str, Any]) -> None:
    desired = make_desired_machine()
    observed = with_everything_different(desired, dict(desired.attributes))
    assert differences(dataclasses.replace(desired, **machine), observed).changes == []


# --- a machine that is not there ------------------------------------------------------------------------------------


def missing(
    desired: DesiredMachine, stranger: ObservedMachine | None = None, room: dict[str, float] = _ROOM
) -> MachineDifference:
    return missing_machine(VCENTER, desired, stranger, Placement({}, room))


def test_a_machine_that_is_missing_is_made_as_described() -> None:
    desired = make_desired_machine()
    change = only_change(missing(desired))
    assert (change.action, change.field, change.before, change.risk) == ("create", "", None, "none")
    assert change.after["instance_uuid"] == desired.instance_uuid
    # The emptiest datastore first (1000 against 900 GiB), still the emptiest for the second disk.
    assert [(disk["name"], disk["datastore"]) for disk in change.after["disks"]] == [
        ("system", "lgwan-fast-01"),
        ("data", "lgwan-fast-01"),
    ]


@pytest.mark.parametrize("status", ["planned", "retired"])
def test_a_machine_that_is_not_due_is_not_made(status: str) -> None:
    assert missing(make_desired_machine(status=status)) == MachineDifference()


@pytest.mark.parametrize(
    ("desired", "reason"),
    [({"status": "retiring"}, "not made anew"), ({"adopted": True}, "restore it or correct the UUID")],
)
def test_a_machine_that_cannot_be_made_anew_is_refused(desired: dict[str, Any], reason: str) -> None:
    assert reason in only_refusal(missing(make_desired_machine(**desired)))


def test_a_stranger_of_the_same_name_is_neither_taken_nor_doubled() -> None:
    stranger = make_observed_machine(instance_uuid=UUID.format(9))
    reason = only_refusal(missing(make_desired_machine(), stranger))
    assert UUID.format(9) in reason


def test_a_machine_whose_configuration_cannot_be_read_is_not_made_a_second_time() -> None:
    assert "cannot read" in only_refusal(missing(make_desired_machine(), make_observed_machine(instance_uuid="")))


def test_a_machine_for_which_no_datastore_has_room_is_refused() -> None:
    reason = only_refusal(missing(make_desired_machine(), room={"lgwan-fast-01": 100.0, "lgwan-fast-02": 90.0}))
    assert "disk data: no datastore of tier fast has 100 GiB free" in reason


def test_a_tier_that_the_cluster_does_not_have_is_named() -> None:
    desired = make_desired_machine(disks=(make_desired_disk(tier="slow", datastores=()),))
    assert "no datastore of tier slow" in only_refusal(missing(desired))
