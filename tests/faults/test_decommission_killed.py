"""kill -9 at each step of a retirement: the next run ends in the same records, each step once, and undo still works."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Erasure
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case, RetirementEvent
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
    rewrite,
    right,
    seen,
)
from tests.support.small_estate import S02

UNTIL_GRACE = ["announce", "quarantine", "back-up", "verify"]
ALL_STEPS = [*UNTIL_GRACE, "copy-off-site", "delete", "release", "complete"]
WHEN = {**dict.fromkeys(UNTIL_GRACE, AFTER), "copy-off-site": AFTER + timedelta(days=1)}


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


UNDOING = {
    "while it is unlocked": Moment("RemoveEntityPermission", 1, methods={"RemoveEntityPermission": 2000}),
    "while it is connected again": Moment("ReconfigVM_Task", 1, tasks={"ReconfigVm": 2000}),
    "while it is moved back": Moment("MoveIntoFolder_Task", 1, methods={"MoveIntoFolder_Task": 2000}),
    "while its mark is taken away": Moment("SetField", 1, methods={"SetField": 2000}),
    "while the second is switched on": Moment("PowerOnVM_Task", 2, tasks={"PowerOn": 2000}),
}


@pytest.mark.parametrize("moment", UNDOING.values(), ids=UNDOING.keys())
def test_an_undo_that_was_killed_brings_everything_back_once(going: Retiring, moment: Moment) -> None:
    before = {name: seen(going.lab, VCENTER, name) for name in NAMES}
    going.to_grace()

    def undo() -> object:
        return going.run(IN_GRACE, order="undo", reason="called off", names=NAMES)

    killed_at(going, moment, undo)
    undo()
    wait_until(
        lambda: {name: seen(going.lab, VCENTER, name) for name in NAMES} == before, "the request on its way", seconds=20
    )
    assert going.steps() == {key: [] for key in KEYS}
    assert times(going, "undo") == len(KEYS)


def times(going: Retiring, step: str) -> int:
    """How often a step stands in the chain, of all machines."""
    entries = going.lab.records("list", "--kind", "retirement", "--format", "json").output
    return entries.count(f'"step": "{step}"')


def die_at(step: str, *, recorded: bool, work: Callable[[], object]) -> None:
    """Run something in a process of its own that kill -9 ends right before a step is recorded, or right after."""
    whole = Retirements.record

    def record(self: Retirements, events: Sequence[RetirementEvent], origin: Origin) -> list[Case]:
        if all(each.step != step for each in events):
            return whole(self, events, origin)
        if recorded:
            whole(self, events, origin)
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    def dying() -> None:
        Retirements.record = record  # type: ignore[method-assign]  # in a process that ends with it (2026-11-24)
        work()

    process = multiprocessing.get_context("fork").Process(target=dying)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"it did not come to {step}"


def test_a_run_that_is_killed_around_each_record_ends_in_the_same_records_once(going: Retiring, tmp_path: Path) -> None:
    """Every step of one way, each killed twice: after its work and before its record, and right after its record."""
    other = seen(going.lab, OTHER_VCENTER, OTHER)
    approval: Path | None = None
    for step in ALL_STEPS:
        now = WHEN.get(step, GRACE_OVER)
        if step == "copy-off-site":
            going.run(AFTER)
            going.tape.courier()
        if step == "delete":
            going.run(AFTER + timedelta(days=1))
            approval = going.approve(going.run(GRACE_OVER).digest)
        for recorded in (False, True):
            die_at(step, recorded=recorded, work=partial(going.run, now, approval=approval, typing=right))
    outcome = going.run(GRACE_OVER, approval=approval, typing=right)
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS), lines(outcome)

    assets, rows, paper = tmp_path / "assets.csv", tmp_path / "lines.csv", tmp_path / "certificate.pdf"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\n", encoding="utf-8")
    rows.write_text("serial,treatment,performed_on\nD1,destroyed,2027-01-05\n", encoding="utf-8")
    paper.write_bytes(b"%PDF-1.7")
    erasure = Erasure(assets=assets, certificate=paper, certificate_lines=rows, witness="鈴木")

    def certify() -> object:
        return going.run(GRACE_OVER, order="certify", names=list(NAMES), erasure=erasure)

    for recorded in (False, True):
        die_at("certify", recorded=recorded, work=certify)
    certify()
    assert {step: times(going, step) for step in [*ALL_STEPS, "certify"]} == dict.fromkeys(
        [*ALL_STEPS, "certify"], len(KEYS)
    )
    with going.tape.store() as store:
        assert [len([each for each in store.copies.of_machine(key) if not each.offsite]) for key in KEYS] == [1, 1, 1]
    assert [seen(going.lab, VCENTER, name) for name in NAMES] == [None, None, None]
    assert seen(going.lab, OTHER_VCENTER, OTHER) == other
    for document in ("completion-record.json", "erasure-certificate.json"):
        verified = going.command("decommission.py", "verify", str(going.reports / "s02" / document))
        assert verified.code == 0, verified.output
    begins_again_and_is_called_off(going)
    assert going.lab.records("verify").code == 0


def begins_again_and_is_called_off(going: Retiring) -> None:
    """Restored after its deletion, and killed around the records of its new case and of its end."""
    again = GRACE_OVER + timedelta(days=10)
    rewrite(going.lab, S02, {"status": "in-service", "retirement": None})
    going.lab.foundation(now=again)
    going.lab.provision(now=again)
    going.retire(date=again.date().isoformat())
    before = {name: seen(going.lab, VCENTER, name) for name in NAMES}
    assert None not in before.values()
    now = going.tape.taken_at = again + timedelta(days=1)
    for recorded in (False, True):
        die_at("reopen", recorded=recorded, work=partial(going.run, now))
    going.run(now)
    assert going.steps() == dict.fromkeys(KEYS, UNTIL_GRACE)
    undo = partial(going.run, now, order="undo", reason="called off", names=NAMES)
    for recorded in (False, True):
        die_at("undo", recorded=recorded, work=undo)
    undo()
    assert going.steps() == {key: [] for key in KEYS}
    assert {name: seen(going.lab, VCENTER, name) for name in NAMES} == before
    assert {step: times(going, step) for step in ("reopen", "undo")} == dict.fromkeys(("reopen", "undo"), len(KEYS))
    for stem in ("completion-record", "erasure-certificate"):
        kept = going.reports / "s02" / f"{stem}-{GRACE_OVER:%Y-%m-%d}.json"
        assert going.command("decommission.py", "verify", str(kept)).code == 0


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
    assert {step: times(going, step) for step in ALL_STEPS} == dict.fromkeys(ALL_STEPS, len(KEYS))
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
