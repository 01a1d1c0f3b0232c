"""Two runs at once: the second is refused and told who works."""

from __future__ import annotations

import re
import signal

from tests.support.estate_lab import EstateLab, descendants, statuses, wait_until

VCENTER = "vc-kyotsu"


def test_the_second_run_is_refused_with_who_holds_the_lock(many: EstateLab) -> None:
    many.reset_counters()
    # Long enough for three more runs to start on a slow machine.
    many.control(VCENTER).set_delays(tasks={"CloneVm": 40_000})
    with many.playbook_in_background("provision") as first:
        wait_until(lambda: many.methods(VCENTER).get("CloneVM_Task", 0) >= 1, "the first clone")
        workers = descendants(first.pid)
        second = many.playbook("provision")
        assert second.code != 0
        text = " ".join(second.output.split())
        holder = re.search(r"is locked by (\S+) on (\S+) \(process (\d+)\), run (\w+), since", text)
        assert holder is not None, second.output
        assert int(holder[3]) in workers
        assert "Traceback" not in second.output
        foundation = many.playbook("foundation")
        assert foundation.code != 0
        assert "is locked by" in foundation.output
        # Who only reads is let in.
        assert many.playbook("plan").code == 0
        many.control(VCENTER).set_delays()
        output, _ = first.communicate(timeout=180)
    assert first.returncode == 0, output
    assert many.differences() == []
    assert statuses(many.provision()) == {}


def test_a_run_that_is_interrupted_from_the_keyboard_leaves_no_worker_behind(many: EstateLab) -> None:
    many.reset_counters()
    many.control(VCENTER).set_delays(tasks={"CloneVm": 1500})
    with many.playbook_in_background("provision") as process:
        wait_until(lambda: many.methods(VCENTER).get("CloneVM_Task", 0) >= 2, "two clones")
        workers = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        many.control(VCENTER).set_delays()
        assert process.returncode != 0
    assert workers
    run = many.playbook("provision")
    assert run.code == 0, run.output
    assert many.differences() == []
