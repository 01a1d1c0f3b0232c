"""kill -9 in the middle of a provision: the next run goes on, makes nothing twice, and says what happened."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field

import pytest

from lab import verify
from tests.support.estate_lab import INSIDE_WINDOW, OUTSIDE_WINDOW, EstateLab, kill_tree, statuses, wait_until
from tests.support.small_estate import S13

VCENTER = "vc-kyotsu"
MACHINES = 16  # of both vCenters


@dataclass(frozen=True)
class Moment:
    """When to kill: a method's calls so far, reached under delays that keep the run there."""

    method: str
    calls: int
    methods: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    writes: bool = True


MOMENTS = {
    "while it reads": Moment("RetrievePropertiesEx", 1, methods={"RetrievePropertiesEx": 3000}, writes=False),
    "while the first machine is cloned": Moment("CloneVM_Task", 1, tasks={"CloneVm": 1500}),
    "while others are cloned": Moment("CloneVM_Task", 4, tasks={"CloneVm": 1500}),
    "when a clone was asked for and not answered": Moment("CloneVM_Task", 3, methods={"CloneVM_Task": 1500}),
    "while devices are given": Moment("ReconfigVM_Task", 3, tasks={"ReconfigVm": 1500}),
    "while labels are written": Moment("SetField", 12, methods={"SetField": 150}),
    "while machines are switched on": Moment("PowerOnVM_Task", 3, tasks={"PowerOnVm": 1500}),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_the_run_after_a_kill_converges(many: EstateLab, moment: Moment) -> None:
    kill_at(many, moment)
    cut_off = made(many)
    assert cut_off < MACHINES

    run = many.playbook("provision")
    assert run.code == 0, run.output
    # A run that has only read so far has nothing to report.
    assert ("died before its end; provision goes on from what vCenter shows" in run.output) == moment.writes
    assert many.differences() == []  # stops where an instance UUID is there twice
    assert made(many) == MACHINES
    many.reset_counters()
    assert statuses(many.provision()) == {}
    assert many.writing_calls() == 0
    assert many.records("verify").code == 0


def kill_at(lab: EstateLab, moment: Moment) -> None:
    lab.reset_counters()
    control = lab.control(VCENTER)
    control.set_delays(methods=moment.methods, tasks=moment.tasks)
    with lab.playbook_in_background("provision") as process:
        wait_until(
            lambda: lab.methods(VCENTER).get(moment.method, 0) >= moment.calls,
            f"{moment.calls} calls of {moment.method}",
        )
        assert process.poll() is None, "the run was over before it could be killed"
        kill_tree(process)
    control.set_delays()


def made(lab: EstateLab) -> int:
    """Machines that are no templates, in all vCenters."""
    return len(verify.actual(lab.laboratory.paths.root))


def test_a_kill_is_written_down_with_the_lock_that_was_taken_over(many: EstateLab) -> None:
    kill_at(many, MOMENTS["while devices are given"])
    assert many.provision().as_result()["summary"]["failed"] == 0
    takeover = many.records("list", "--kind", "lock-takeover")
    assert takeover.output.count("lock-takeover") >= 2, takeover.output  # one per vCenter
    applies = json.loads(many.records("list", "--kind", "apply", "--format", "json").output)
    assert "interrupted" in [entry["payload"].get("outcome") for entry in applies]


@pytest.mark.parametrize("method", ["ReconfigVM_Task", "PowerOnVM_Task"])
def test_a_machine_killed_in_its_power_cycle_is_on_again_after_the_next_run(ready: EstateLab, method: str) -> None:
    """Also outside its window: it is off now, and so nothing is left to interrupt."""
    ready.provision()
    ready.edit(S13, "    flavour: m8\n", "    cpu: 2\n    memory_gb: 12\n")
    ready.reset_counters()
    ready.control(VCENTER).set_delays(methods={method: 5000})
    # The window is open for whoever has an emergency.
    with ready.playbook_in_background("provision", "-e", "emergency=test") as process:
        wait_until(lambda: ready.methods(VCENTER).get(method, 0) >= 1, method)
        assert process.poll() is None
        kill_tree(process)
    ready.control(VCENTER).set_delays()
    assert "s13-db01: power is 'poweredOff', described 'poweredOn'" in ready.differences()
    ready.provision(now=OUTSIDE_WINDOW)
    assert ready.differences() == []
    assert statuses(ready.provision(now=INSIDE_WINDOW)) == {}


def test_when_only_the_parent_is_killed_the_worker_keeps_its_lock(many: EstateLab) -> None:
    """The worker goes on: a second run is refused while it works, and finds everything done afterwards."""
    control = many.control(VCENTER)
    many.reset_counters()
    # Long enough for the second run to start on a slow machine.
    control.set_delays(tasks={"CloneVm": 25_000})
    with many.playbook_in_background("provision") as process:
        wait_until(lambda: many.methods(VCENTER).get("CloneVM_Task", 0) >= 2, "two clones")
        os.kill(process.pid, signal.SIGKILL)
        second = many.playbook("provision")
        assert second.code != 0
        assert "is locked by" in second.output
        control.set_delays()
        wait_until(lambda: "no locks" in many.records("locks").output, "the worker's end", seconds=120)
    run = many.playbook("provision")
    assert run.code == 0, run.output
    assert many.differences() == []
