"""Machines made, changed field by field and read back; failures isolated; order kept; calls counted."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredDisk,
    DesiredMachine,
    ObservedMachine,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_machines import (
    Limits,
    MachineWork,
    apply_machines,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from tests.support.vcenter_lab import (
    CLUSTERS,
    DATACENTER,
    VCenterLab,
    creation,
    creations,
    desired_machine,
    foundation,
    machine_creation,
    session_of,
    update,
    vcenter_lab,
)

LIMITS = Limits(task_seconds=60, shutdown_seconds=3, hard_power_off=True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenterLab]:
    with vcenter_lab(tmp_path_factory.mktemp("labs"), "vcenter-machines") as running:
        with session_of(running) as session:
            assert all(result.status == "changed" for result in running.apply(session, creations(foundation())))
        yield running


@pytest.fixture(scope="module")
def session(lab: VCenterLab) -> Iterator[Session]:
    with session_of(lab) as opened:
        yield opened


def apply(
    lab: VCenterLab,
    session: Session,
    work: Sequence[MachineWork],
    progress: Callable[[Result], None] | None = None,
    limits: Limits = LIMITS,
) -> dict[str, Result]:
    results = apply_machines(
        session,
        lab.read(session),
        work,
        datacenter=DATACENTER,
        limits=limits,
        progress=progress or (lambda _result: None),
    )
    return {result.object: result for result in results}


def make(lab: VCenterLab, session: Session, *machines: DesiredMachine) -> dict[str, Result]:
    work = [MachineWork(desired=each, observed=None, changes=(machine_creation(each),)) for each in machines]
    return apply(lab, session, work)


def observed(lab: VCenterLab, session: Session, desired: DesiredMachine) -> ObservedMachine:
    (found,) = [each for each in lab.read(session).machines if each.instance_uuid == desired.instance_uuid]
    return found


def change(lab: VCenterLab, session: Session, desired: DesiredMachine, *changes: Change) -> Result:
    work = MachineWork(desired=desired, observed=observed(lab, session, desired), changes=changes)
    return apply(lab, session, [work])[desired.key]


def facts(found: ObservedMachine) -> dict[str, Any]:
    """What a description says of a machine, as it was read."""
    return {
        "name": found.name,
        "folder": found.folder,
        "cluster": found.cluster,
        "resource_pool": found.resource_pool,
        "guest_id": found.guest_id,
        "cpu": found.cpu,
        "memory_gb": found.memory_mb / 1024,
        "disks": [(disk.size_gb, disk.datastore) for disk in found.disks],
        "nics": [(nic.port_group, nic.mac, nic.connected) for nic in found.nics],
        "notes": found.notes,
        "tags": dict(found.tags),
        "attributes": dict(found.attributes),
        "power": found.power,
        "hot_add": (found.cpu_hot_add, found.memory_hot_add),
    }


def described(desired: DesiredMachine) -> dict[str, Any]:
    return {
        "name": desired.name,
        "folder": desired.folder,
        "cluster": desired.cluster,
        "resource_pool": desired.resource_pool,
        "guest_id": desired.guest_id,
        "cpu": desired.cpu,
        "memory_gb": desired.memory_gb,
        "disks": [(disk.size_gb, disk.datastores[0]) for disk in desired.disks],
        "nics": [(nic.port_group, nic.mac, True) for nic in desired.nics],
        "notes": desired.notes,
        "tags": dict(desired.tags),
        "attributes": dict(desired.attributes),
        "power": desired.power,
        "hot_add": (False, False),
    }


def test_machines_are_made_exactly_as_described(lab: VCenterLab, session: Session) -> None:
    other_cluster = desired_machine(
        "m-3",
        cluster=CLUSTERS[1],
        resource_pool="critical",
        power="off",
        disks=(DesiredDisk(name="system", size_gb=20, tier="fast", datastores=(f"{CLUSTERS[1]}-fast-01",)),),
    )
    machines = [desired_machine("m-1"), desired_machine("m-2", system="s02", order=1), other_cluster]
    results = make(lab, session, *machines)
    assert {key: (result.status, result.message) for key, result in results.items()} == dict.fromkeys(
        ("m-1", "m-2", "m-3"), ("changed", "made")
    )
    for machine in machines:
        assert facts(observed(lab, session, machine)) == described(machine)


CHANGES: list[tuple[list[Change], dict[str, Any]]] = [
    ([update("machine", "u", "cpu", 2, 4)], {"cpu": 4}),
    ([update("machine", "u", "memory_gb", 4.0, 8, "reboot")], {"memory_gb": 8}),
    (
        [update("machine", "u", "disk:data", 50, 80)],
        {"disks": [(30, "cluster-a-fast-01"), (80, "cluster-a-standard-01")]},
    ),
    (
        [
            update("machine", "u", "disk+:log", None, {"size_gb": 7, "datastore": "cluster-a-fast-01", "position": 2}),
            update("machine", "u", "disk+:tmp", None, {"size_gb": 9, "datastore": "cluster-a-fast-01", "position": 3}),
        ],
        {
            "disks": [
                (30, "cluster-a-fast-01"),
                (50, "cluster-a-standard-01"),
                (7, "cluster-a-fast-01"),
                (9, "cluster-a-fast-01"),
            ]
        },
    ),
    ([update("machine", "u", "notes", "u of the test", "another note")], {"notes": "another note"}),
    ([update("machine", "u", "name", "u", "renamed")], {"name": "renamed"}),
    ([update("machine", "u", "folder", "internet/s01", "internet/s02")], {"folder": "internet/s02"}),
    ([update("machine", "u", "resource_pool", "standard", "critical")], {"resource_pool": "critical"}),
    (
        [update("machine", "u", "tag:kyotsu-wave", "wave-1", "wave-2")],
        {"tags": {"kyotsu-segment": "internet", "kyotsu-wave": "wave-2"}},
    ),
    ([update("machine", "u", "power", "on", "off", "outage")], {"power": "off"}),
    (
        [update("machine", "u", "cpu", 2, 1, "reboot"), update("machine", "u", "power", "on", "off", "outage")],
        {"cpu": 1, "power": "off"},
    ),
]


@pytest.mark.parametrize(
    ("changes", "expected"), CHANGES, ids=[" and ".join(change.field for change in changes) for changes, _ in CHANGES]
)
def test_a_change_is_read_back_and_everything_else_stays(
    lab: VCenterLab, session: Session, request: pytest.FixtureRequest, changes: list[Change], expected: dict[str, Any]
) -> None:
    desired = desired_machine(f"u-{request.node.callspec.id.replace(' ', '-').replace(':', '-')}")
    assert make(lab, session, desired)[desired.key].status == "changed"
    before = facts(observed(lab, session, desired))
    own = [dataclasses.replace(each, object=desired.key) for each in changes]
    result = change(lab, session, desired, *own)
    assert (result.status, result.message) == ("changed", f"changed {', '.join(each.field for each in own)}")
    assert facts(observed(lab, session, desired)) == before | expected


def test_an_interface_is_moved_and_another_added(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("nics")
    make(lab, session, desired)
    mac = desired.nics[0].mac
    before = {"port_group": "pg-a", "mac": mac, "connected": True}
    result = change(
        lab,
        session,
        desired,
        update("machine", "nics", "nic:0", before, {**before, "port_group": "pg-b"}, "outage"),
        update("machine", "nics", "nic+:1", None, {"port_group": "pg-a", "mac": "00:50:56:01:02:03"}),
    )
    assert result.status == "changed", result.message
    found = observed(lab, session, desired)
    assert [(nic.port_group, nic.mac) for nic in found.nics] == [("pg-b", mac), ("pg-a", "00:50:56:01:02:03")]


def test_all_that_one_reconfiguration_can_change_goes_in_one_task(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("one-task")
    make(lab, session, desired)
    work = MachineWork(
        desired=desired,
        observed=observed(lab, session, desired),
        changes=(
            update("machine", "one-task", "cpu", 2, 4),
            update("machine", "one-task", "memory_gb", 4, 6),
            update("machine", "one-task", "notes", desired.notes, "new"),
            update("machine", "one-task", "disk:system", 30, 31),
            update("machine", "one-task", "name", "one-task", "one-task-renamed"),
        ),
    )
    lab.control.reset_counters()
    assert apply(lab, session, [work])["one-task"].status == "changed"
    methods = lab.control.counters()["methods"]
    assert methods["ReconfigVM_Task"] == 1
    assert "PowerOffVM_Task" not in methods


def test_a_change_that_needs_a_reboot_puts_the_machine_back_on(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("reboot")
    make(lab, session, desired)
    lab.control.reset_counters()
    assert change(lab, session, desired, update("machine", "reboot", "cpu", 2, 1, "reboot")).status == "changed"
    methods = lab.control.counters()["methods"]
    assert (methods["PowerOffVM_Task"], methods["PowerOnVM_Task"]) == (1, 1)
    assert observed(lab, session, desired).power == "on"


def test_what_comes_too_late_for_its_window_is_held_and_the_rest_is_done(lab: VCenterLab, session: Session) -> None:
    end = datetime(2026, 11, 29, 5, tzinfo=UTC)
    first, second = (desired_machine(f"window-{order}", order=order) for order in (0, 1))
    make(lab, session, first, second)
    moments = iter([end - timedelta(seconds=1), end])  # the second machine's turn comes when the first is done
    results = apply_machines(
        session,
        lab.read(session),
        [
            MachineWork(
                desired=each,
                observed=observed(lab, session, each),
                changes=(
                    update("machine", each.key, "cpu", 2, 1, "reboot"),
                    update("machine", each.key, "notes", each.notes, "new"),
                ),
                start_before=end,
            )
            for each in (first, second)
        ],
        datacenter=DATACENTER,
        limits=LIMITS,
        progress=lambda _result: None,
        clock=lambda: next(moments),
    )
    assert [(result.object, result.status, [each.field for each in result.changes]) for result in results] == [
        ("window-0", "changed", ["cpu", "notes"]),
        ("window-1", "held", ["cpu"]),
        ("window-1", "changed", ["notes"]),
    ]
    assert "its window closed at 2026-11-29 05:00 before its turn" in results[1].message
    found = [observed(lab, session, each) for each in (first, second)]
    assert [(each.cpu, each.notes) for each in found] == [(1, "new"), (2, "new")]


def test_a_machine_of_which_all_is_too_late_is_not_touched_and_stops_nobody(lab: VCenterLab, session: Session) -> None:
    end = datetime(2026, 11, 29, 5, tzinfo=UTC)
    late, after = desired_machine("late", order=0), desired_machine("after-late", order=1)
    make(lab, session, late)
    results = apply_machines(
        session,
        lab.read(session),
        [
            MachineWork(
                desired=late,
                observed=observed(lab, session, late),
                changes=(update("machine", "late", "power", "on", "off", "outage"),),
                start_before=end,
            ),
            MachineWork(desired=after, observed=None, changes=(machine_creation(after),)),
        ],
        datacenter=DATACENTER,
        limits=LIMITS,
        progress=lambda _result: None,
        clock=lambda: end,
    )
    assert [(result.object, result.status) for result in results] == [("late", "held"), ("after-late", "changed")]
    assert observed(lab, session, late).power == "on"


def set_guest(session: Session, found: ObservedMachine, **values: str) -> None:
    """Let the simulator say of the guest what a real one would."""
    settings = [vim.option.OptionValue(key=f"SET.guest.{name}", value=value) for name, value in values.items()]
    machine = vim.VirtualMachine(found.reference, session.stub)
    with TaskWaiter(session) as waiter:
        assert waiter.wait(machine.ReconfigVM_Task(spec=vim.vm.ConfigSpec(extraConfig=settings)), 60).succeeded


def test_a_guest_with_tools_is_asked_to_shut_down(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("with-tools")
    make(lab, session, desired)
    set_guest(session, observed(lab, session, desired), toolsRunningStatus="guestToolsRunning", toolsStatus="toolsOk")
    lab.control.reset_counters()
    assert change(lab, session, desired, update("machine", "with-tools", "cpu", 2, 1, "reboot")).status == "changed"
    methods = lab.control.counters()["methods"]
    assert methods["ShutdownGuest"] == 1
    assert "PowerOffVM_Task" not in methods
    assert observed(lab, session, desired).power == "on"


def test_a_guest_whose_tools_do_not_run_is_left_to_a_person(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("silent-tools")
    make(lab, session, desired)
    set_guest(session, observed(lab, session, desired), toolsStatus="toolsNotRunning")
    result = change(lab, session, desired, update("machine", "silent-tools", "cpu", 2, 1, "reboot"))
    assert result.status == "failed"
    assert "do not run" in result.message
    found = observed(lab, session, desired)
    assert (found.power, found.cpu) == ("on", 2)


@pytest.mark.parametrize(
    "update_of",
    [("cpu", 2, 1, "reboot"), ("power", "on", "off", "outage")],
    ids=["reboot", "power off"],
)
def test_in_production_the_power_of_a_machine_without_tools_is_not_cut(
    lab: VCenterLab, session: Session, update_of: tuple[str, Any, Any, str]
) -> None:
    desired = desired_machine(f"no-tools-{update_of[0]}")
    make(lab, session, desired)
    work = MachineWork(
        desired=desired,
        observed=observed(lab, session, desired),
        changes=(update("machine", desired.key, *update_of),),
    )
    result = apply(lab, session, [work], limits=dataclasses.replace(LIMITS, hard_power_off=False))[desired.key]
    assert result.status == "failed"
    assert "no guest tools" in result.message
    found = observed(lab, session, desired)
    assert (found.power, found.cpu) == ("on", 2)


def test_a_task_that_takes_too_long_is_given_up_and_named(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("too-long")
    lab.control.set_delays(tasks={"CloneVm": 4000})
    try:
        (result,) = apply_machines(
            session,
            lab.read(session),
            [MachineWork(desired=desired, observed=None, changes=(machine_creation(desired),))],
            datacenter=DATACENTER,
            limits=Limits(task_seconds=1),
            progress=lambda _result: None,
        )
    finally:
        lab.control.set_delays()
    assert result.status == "failed"
    assert "not done in time" in result.message


def test_a_reconfiguration_that_fails_in_a_reboot_leaves_the_machine_on(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("reboot-fails")
    make(lab, session, desired)
    lab.control.add_fault("ReconfigVM_Task", "NoDiskSpace", name_pattern="reboot-fails")
    result = change(lab, session, desired, update("machine", "reboot-fails", "cpu", 2, 1, "reboot"))
    assert result.status == "failed"
    assert "NoDiskSpace" in result.message
    assert "on again" in result.message
    found = observed(lab, session, desired)
    assert (found.power, found.cpu) == ("on", 2)


def test_a_machine_that_does_not_come_back_after_a_failed_reboot_names_both_faults(
    lab: VCenterLab, session: Session
) -> None:
    desired = desired_machine("stays-off")
    make(lab, session, desired)
    lab.control.add_fault("ReconfigVM_Task", "NoDiskSpace", name_pattern="stays-off")
    lab.control.add_fault("PowerOnVM_Task", "InsufficientResourcesFault", name_pattern="stays-off")
    result = change(lab, session, desired, update("machine", "stays-off", "cpu", 2, 1, "reboot"))
    assert result.status == "failed"
    for word in ("NoDiskSpace", "InsufficientResources", "STAYS OFF", "by hand"):
        assert word in result.message
    assert observed(lab, session, desired).power == "off"


def test_a_disk_is_never_shrunk(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("shrink")
    make(lab, session, desired)
    result = change(lab, session, desired, update("machine", "shrink", "disk:data", 50, 40))
    assert result.status == "failed"
    assert "never shrunk" in result.message
    assert observed(lab, session, desired).disks[1].size_gb == 50


def test_a_machine_whose_task_fails_does_not_stop_the_others(lab: VCenterLab, session: Session) -> None:
    lab.control.add_fault("CloneVM_Task", "NoDiskSpace", count=1)
    results = make(
        lab, session, *(desired_machine(f"isolated-{n}", system=f"s0{n}", folder="internet") for n in (1, 2, 3))
    )
    failed = [result for result in results.values() if result.status == "failed"]
    assert len(failed) == 1
    assert failed[0].message.startswith("fault NoDiskSpace")
    assert sorted(result.status for result in results.values()) == ["changed", "changed", "failed"]


def test_a_transient_fault_is_tried_again(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("transient")
    lab.control.add_fault("ReconfigVM_Task", "TaskInProgress", name_pattern="transient", count=2)
    assert make(lab, session, desired)["transient"].status == "changed"
    assert facts(observed(lab, session, desired)) == described(desired)


def test_devices_that_may_have_been_added_are_not_added_again(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("unsure")
    make(lab, session, desired)
    lab.control.add_fault("ReconfigVM_Task", "HostCommunication", name_pattern="unsure", count=1)
    nic = update("machine", "unsure", "nic+:1", None, {"port_group": "pg-a", "mac": "00:50:56:01:02:09"})
    result = change(lab, session, desired, nic)
    assert result.status == "failed"
    assert "HostCommunication" in result.message
    assert len(observed(lab, session, desired).nics) == 1


def test_a_machine_that_was_not_finished_says_so_and_has_no_origin(lab: VCenterLab, session: Session) -> None:
    desired = desired_machine("half")
    lab.control.add_fault("ReconfigVM_Task", "NoDiskSpace", name_pattern="half")
    result = make(lab, session, desired)["half"]
    assert result.status == "failed"
    assert result.message.startswith("made, but not finished (fault NoDiskSpace")
    found = observed(lab, session, desired)
    assert "kyotsu-origin" not in found.attributes
    assert found.power == "off"


def test_the_database_is_done_before_what_stands_on_it(lab: VCenterLab, session: Session) -> None:
    machines = [
        desired_machine(f"order-{role}", order=order, role=role) for role, order in (("web", 2), ("db", 0), ("ap", 1))
    ]
    done: list[str] = []
    work = [MachineWork(desired=each, observed=None, changes=(machine_creation(each),)) for each in machines]
    apply(lab, session, work, progress=lambda result: done.append(result.object))
    assert done == ["order-db", "order-ap", "order-web"]


def test_what_stands_on_a_failed_database_is_not_started(lab: VCenterLab, session: Session) -> None:
    lab.control.add_fault("CloneVM_Task", "NoDiskSpace", count=1)
    machines = [desired_machine("base-db", order=0), desired_machine("base-web", order=2, role="web")]
    results = make(lab, session, *machines)
    assert results["base-db"].message.startswith("fault NoDiskSpace")
    assert results["base-web"].status == "failed"
    assert results["base-web"].message == "not started: base-db (db), which it builds on, failed"
    again = make(lab, session, *machines)
    assert {result.status for result in again.values()} == {"changed"}


def test_a_rule_keeps_machines_apart_that_were_made_after_the_read(lab: VCenterLab, session: Session) -> None:
    pair = [desired_machine("apart-1"), desired_machine("apart-2")]
    make(lab, session, *pair)
    uuids = sorted(machine.instance_uuid for machine in pair)
    rule = creation("separation", f"{CLUSTERS[0]}/s01-db", {"machines": uuids})
    assert [result.status for result in lab.apply(session, [rule])] == ["changed"]
    (found,) = [item for item in lab.read(session).items if item.kind == "separation"]
    assert (found.name, dict(found.properties)) == (f"{CLUSTERS[0]}/s01-db", {"machines": uuids})


def test_a_session_that_is_lost_while_tasks_run_is_renewed(lab: VCenterLab) -> None:
    lab.control.set_delays(tasks={"CloneVm": 1500})
    try:
        with session_of(lab) as opened, session_of(lab) as administrator:
            manager = opened.content.sessionManager
            lost = manager.currentSession.key
            terminate = administrator.content.sessionManager.TerminateSession
            timer = threading.Timer(0.7, terminate, kwargs={"sessionId": [lost]})
            timer.start()
            results = make(
                lab, opened, *(desired_machine(f"lost-{n}", system=f"s0{n}", folder="internet") for n in (1, 2))
            )
            timer.join()
            assert manager.currentSession.key != lost
    finally:
        lab.control.set_delays()
    assert {result.status for result in results.values()} == {"changed"}, results


def test_calls_of_a_read_do_not_grow_with_machines_and_the_cache_saves_devices(
    lab: VCenterLab, session: Session, tmp_path: Path
) -> None:
    few = lab.read(session)
    make(lab, session, *(desired_machine(f"many-{n}", system=f"many-{n}", folder="internet") for n in range(30)))
    many = lab.read(session, tmp_path)
    assert len(many.machines) == len(few.machines) + 30
    assert many.calls == few.calls
    cached = lab.read(session, tmp_path)
    assert cached.calls == many.calls - 1
    assert cached.machines == many.machines
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("{damaged", encoding="utf-8")
    assert lab.read(session, tmp_path).machines == many.machines
