"""kill -9 at each step of a retirement: the next run ends in the same records, each step once, and undo still works."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.estate_lab import wait_until
from tests.support.retiring import (
    AFTER,
    GRACE_OVER,
    IN_GRACE,
    KEYS,
    NAMES,
    OTHER,
    OTHER_VCENTER,
    VCENTER,
    FolderTape,
    Retiring,
    lines,
    right,
    seen,
)

UNTIL_GRACE = ["announce", "quarantine", "back-up", "verify"]
ALL_STEPS = [*UNTIL_GRACE, "copy-off-site", "delete", "release", "complete"]


@dataclass(frozen=True)
class Moment:
    """When to kill: a method's calls so far, reached under delays that keep the run there.

    `carried_out`: what the request that was on its way does to the first machine; a call has no task to wait for.
    """

    method: str
    calls: int
    methods: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    carried_out: Callable[[dict[str, Any]], bool] = lambda _machine: True


LEAVING = {
    "while the first is switched off": Moment("PowerOffVM_Task", 1, tasks={"PowerOff": 2000}),
    "while the second is switched off": Moment("PowerOffVM_Task", 2, tasks={"PowerOff": 2000}),
    "while it is disconnected": Moment("ReconfigVM_Task", 1, tasks={"ReconfigVm": 2000}),
    "while it is marked": Moment(
        "SetField",
        1,
        methods={"SetField": 2000},
        carried_out=lambda machine: "kyotsu-quarantine" in machine["attributes"],
    ),
    "while it is moved aside": Moment(
        "MoveIntoFolder_Task",
        1,
        methods={"MoveIntoFolder_Task": 2000},
        carried_out=lambda machine: machine["folder"] == "quarantine",
    ),
}


def killed(work: Callable[[], object], reached: Callable[[], bool], what: str) -> None:
    """Run something in a process of its own and kill it there."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    try:
        wait_until(lambda: reached() or not process.is_alive(), what, seconds=60)
        assert process.is_alive(), f"the run was over before it could be killed: {what}"
    finally:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join(20)


def killed_at(going: Retiring, moment: Moment, work: Callable[[], object]) -> None:
    lab = going.lab
    lab.reset_counters()
    control = lab.control(VCENTER)
    control.set_delays(methods=moment.methods, tasks=moment.tasks)
    killed(work, lambda: lab.methods(VCENTER).get(moment.method, 0) >= moment.calls, moment.method)
    control.set_delays()


@pytest.mark.parametrize("moment", LEAVING.values(), ids=LEAVING.keys())
def test_a_quarantine_that_was_killed_is_finished_and_can_still_be_undone(going: Retiring, moment: Moment) -> None:
    before = {name: seen(going.lab, VCENTER, name) for name in NAMES}
    killed_at(going, moment, lambda: going.run(AFTER))
    wait_until(lambda: moment.carried_out(seen(going.lab, VCENTER, NAMES[0]) or {}), "the request on its way")
    going.run(AFTER)
    assert going.steps() == dict.fromkeys(KEYS, UNTIL_GRACE)
    for name in NAMES:
        machine = seen(going.lab, VCENTER, name)
        assert machine is not None
        assert (machine["power"], machine["folder"]) == ("poweredOff", "quarantine")
    # What counts is how they were before the first attempt.
    going.run(IN_GRACE, order="undo", reason="called off", names=NAMES)
    assert {name: seen(going.lab, VCENTER, name) for name in NAMES} == before


class DyingTape(FolderTape):
    """Ends the process after the first machine was copied."""

    def back_up(self, names: Collection[str]) -> Mapping[str, str]:
        super().back_up(sorted(names)[:1])
        os.kill(os.getpid(), signal.SIGKILL)
        return {}


def test_a_backup_that_was_killed_is_finished_and_what_is_on_tape_is_not_written_twice(going: Retiring) -> None:
    whole = going.tape
    going.tape = DyingTape(whole.lab, whole.folder)
    process = multiprocessing.get_context("fork").Process(target=lambda: going.run(AFTER))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    going.tape = whole
    going.run(AFTER)
    assert going.steps() == dict.fromkeys(KEYS, UNTIL_GRACE)
    with whole.store() as store:
        assert [len(store.copies.of_machine(key)) for key in KEYS] == [1, 1, 1]


DELETING = {
    "while the first is deleted": Moment("Destroy_Task", 1, tasks={"Destroy": 2000}),
    "when a deletion was asked for and not answered": Moment("Destroy_Task", 1, methods={"Destroy_Task": 2000}),
    "while the second is deleted": Moment("Destroy_Task", 2, tasks={"Destroy": 2000}),
    "while the traces are looked for": Moment("SearchDatastore_Task", 1, methods={"SearchDatastore_Task": 2000}),
}


@pytest.mark.parametrize("moment", DELETING.values(), ids=DELETING.keys())
def test_a_deletion_that_was_killed_ends_in_the_same_records_once(going: Retiring, moment: Moment) -> None:
    other = seen(going.lab, OTHER_VCENTER, OTHER)
    going.to_grace()
    approval = going.approve(going.run(GRACE_OVER).digest)
    killed_at(going, moment, lambda: going.run(GRACE_OVER, approval=approval, typing=right))
    going.run(GRACE_OVER, approval=approval, typing=right)
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS)
    assert [seen(going.lab, VCENTER, name) for name in NAMES] == [None, None, None]
    assert seen(going.lab, OTHER_VCENTER, OTHER) == other
    entries = going.lab.records("list", "--kind", "retirement", "--format", "json").output
    for step in ALL_STEPS:
        assert entries.count(f'"step": "{step}"') == len(KEYS), step
    assert going.lab.records("verify").code == 0


def test_a_release_that_was_killed_is_finished(going: Retiring) -> None:
    going.to_grace()
    approval = going.approve(going.run(GRACE_OVER).digest)
    moment = Moment("Destroy_Task", 4, methods={"Destroy_Task": 400})  # three machines, then their folder
    killed_at(going, moment, lambda: going.run(GRACE_OVER, approval=approval, typing=right))
    outcome = going.run(GRACE_OVER)
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS), lines(outcome)


def test_a_record_without_its_file_is_followed_by_the_file(going: Retiring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the completion record and the change of the description."""
    from ansible_collections.kyotsu.platform.plugins.module_utils.decommission import finishing

    going.to_grace()
    approval = going.approve(going.run(GRACE_OVER).digest)

    def die(*_arguments: object, **_more: object) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "mark_retired", die)
        process = multiprocessing.get_context("fork").Process(
            target=lambda: going.run(GRACE_OVER, approval=approval, typing=right)
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
    assert "status: retiring" in (going.lab.repository / "systems/s02-public-assistance.yml").read_text(
        encoding="utf-8"
    )
    outcome = going.run(GRACE_OVER)
    assert any("the file says retired now" in note for note in outcome.notes)
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS)
