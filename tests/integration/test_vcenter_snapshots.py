"""Snapshots of several machines through a real API: taken together, known as ours, reverted, removed, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_machines import (
    Limits,
    MachineWork,
    apply_machines,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import (
    create_snapshots,
    read_snapshots,
    remove_snapshots,
    revert_snapshots,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from tests.support.vcenter_lab import (
    DATACENTER,
    VCenterLab,
    creations,
    desired_machine,
    foundation,
    machine_creation,
    session_of,
    vcenter_lab,
)

LABEL = SnapshotLabel(purpose="patch", change="2026-11", run_id="a1b2", expires_on=date(2026, 11, 28))
KEYS = ("s01-db-1", "s01-ap-1", "s01-ap-2")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenterLab]:
    with vcenter_lab(tmp_path_factory.mktemp("labs"), "snapshots") as running:
        with session_of(running) as session:
            running.apply(session, creations(foundation()))
            work = [
                MachineWork(desired=each, observed=None, changes=(machine_creation(each),))
                for each in map(desired_machine, KEYS)
            ]
            apply_machines(
                session,
                running.read(session),
                work,
                datacenter=DATACENTER,
                limits=Limits(),
                progress=lambda _result: None,
            )
        yield running


@pytest.fixture
def session(lab: VCenterLab) -> Iterator[Session]:
    with session_of(lab) as opened:
        yield opened
        lab.control.clear_faults()
        for reference in references(lab, opened):
            for each in read_snapshots(opened, [reference])[reference]:
                remove_snapshots(opened, [each])


def references(lab: VCenterLab, session: Session) -> list[str]:
    """Managed object ids in the order of KEYS."""
    by_key = {each.attributes["kyotsu-key"]: each.reference for each in lab.read(session).machines}
    return [by_key[key] for key in KEYS]


def outside(session: Session, reference: str) -> list[str]:
    """Names of a machine's snapshots, asked without our reader."""
    tree = vim.VirtualMachine(reference, session.stub).snapshot
    return [each.name for each in tree.rootSnapshotList] if tree else []


def test_one_snapshot_of_each_machine_is_taken_and_known_as_ours(lab: VCenterLab, session: Session) -> None:
    machines = references(lab, session)
    told: list[str] = []
    done = create_snapshots(session, machines, LABEL, quiesce=False, progress=lambda each: told.append(each.machine))
    assert [(each.machine, each.error) for each in done] == [(each, "") for each in machines]
    assert sorted(told) == sorted(machines)
    for reference, snapshots in read_snapshots(session, machines).items():
        assert [each.label for each in snapshots] == [LABEL]
        assert outside(session, reference) == ["kyotsu patch 2026-11 until 2026-11-28"]


def test_reading_takes_one_call_whatever_the_number_of_machines(lab: VCenterLab, session: Session) -> None:
    machines = references(lab, session)
    before = session.calls
    read_snapshots(session, machines[:1])
    one = session.calls - before
    read_snapshots(session, machines)
    assert session.calls - before == 2 * one
    assert one == 1


def test_a_machine_that_refuses_does_not_stop_the_others(lab: VCenterLab, session: Session) -> None:
    machines = references(lab, session)
    lab.control.add_fault("CreateSnapshot_Task", "NoDiskSpace", name_pattern="*ap-1*", count=0)
    done = create_snapshots(session, machines, LABEL, quiesce=False)
    assert ["NoDiskSpace" in each.error for each in done] == [False, True, False]
    assert [len(found) for found in read_snapshots(session, machines).values()] == [1, 0, 1]


def test_a_tree_is_removed_from_its_leaves_and_the_persons_own_snapshot_stays(
    lab: VCenterLab, session: Session
) -> None:
    machine = references(lab, session)[0]
    with TaskWaiter(session) as waiter:
        virtual = vim.VirtualMachine(machine, session.stub)
        require(waiter.wait(virtual.CreateSnapshot_Task("by hand", "before the audit", False, False), 60), "by hand")
    create_snapshots(session, [machine], LABEL, quiesce=False)
    create_snapshots(session, [machine], LABEL, quiesce=False)
    found = read_snapshots(session, [machine])[machine]
    assert [(each.depth, each.label is None) for each in found] == [(1, True), (2, False), (3, False)]
    assert [each.error for each in remove_snapshots(session, [each for each in found if each.label])] == [""]
    assert outside(session, machine) == ["by hand"]


def test_a_snapshot_that_is_gone_counts_as_removed(lab: VCenterLab, session: Session) -> None:
    machine = references(lab, session)[0]
    create_snapshots(session, [machine], LABEL, quiesce=False)
    found = read_snapshots(session, [machine])[machine]
    remove_snapshots(session, found)
    assert [each.error for each in remove_snapshots(session, found)] == [""]


def test_a_removal_that_fails_leaves_the_snapshot_and_says_so(lab: VCenterLab, session: Session) -> None:
    machine = references(lab, session)[0]
    create_snapshots(session, [machine], LABEL, quiesce=False)
    found = read_snapshots(session, [machine])[machine]
    lab.control.add_fault("RemoveSnapshot_Task", "NoDiskSpace", count=0)
    assert "NoDiskSpace" in remove_snapshots(session, found)[0].error
    assert len(outside(session, machine)) == 1


# The simulator keeps a machine's settings through a revert; what its guest's disks hold is tested in test_guests_*.
def test_a_revert_makes_that_snapshot_the_one_that_the_machine_runs_from(lab: VCenterLab, session: Session) -> None:
    machine = references(lab, session)[0]
    virtual = vim.VirtualMachine(machine, session.stub)
    for _ in range(2):
        create_snapshots(session, [machine], LABEL, quiesce=False)
    first, second = read_snapshots(session, [machine])[machine]
    assert virtual.snapshot.currentSnapshot._moId == second.reference
    assert [each.error for each in revert_snapshots(session, [first])] == [""]
    assert virtual.snapshot.currentSnapshot._moId == first.reference
    # Now it runs from a root on which another hangs: that one stays when the root goes.
    assert [each.error for each in remove_snapshots(session, [first])] == [""]
    assert [each.reference for each in read_snapshots(session, [machine])[machine]] == [second.reference]


def test_a_machine_that_has_vanished_is_an_error_of_its_own(lab: VCenterLab, session: Session) -> None:
    machines = references(lab, session)
    done = create_snapshots(session, [machines[0], "vm-999999"], LABEL, quiesce=False)
    assert [bool(each.error) for each in done] == [False, True]
