"""kill -9 of a vCenter in the middle of a provision: told clearly, and finished when it is back."""

from __future__ import annotations

import pytest

from tests.support.estate_lab import EstateLab, statuses, wait_until

VCENTER = "vc-kyotsu"


@pytest.mark.parametrize(
    ("method", "tasks"),
    [("CloneVM_Task", {"CloneVm": 1000}), ("ReconfigVM_Task", {"ReconfigVm": 1000}), ("SetField", {})],
    ids=["while machines are cloned", "while devices are given", "while labels are written"],
)
def test_a_vcenter_that_dies_is_told_and_the_next_run_converges(
    many: EstateLab, method: str, tasks: dict[str, int]
) -> None:
    many.reset_counters()
    many.control(VCENTER).set_delays(tasks=tasks, methods={"SetField": 100})
    with many.playbook_in_background("provision") as process:
        wait_until(lambda: many.methods(VCENTER).get(method, 0) >= 3, f"3 calls of {method}")
        many.kill_simulator(VCENTER)
        output, _ = process.communicate(timeout=180)
    assert process.returncode != 0
    assert "Traceback" not in output
    assert VCENTER in output
    assert "Connection refused" in output or "no answer" in output or "is up" in output, output

    many.start_again()
    run = many.playbook("provision")
    assert run.code == 0, run.output
    assert many.differences() == []
    many.reset_counters()
    assert statuses(many.provision()) == {}
    assert many.writing_calls() == 0


def test_while_one_vcenter_is_down_nothing_is_done_in_the_other(many: EstateLab) -> None:
    many.kill_simulator(VCENTER)
    many.control("vc-mynumber").reset_counters()
    run = many.playbook("provision")
    assert run.code != 0
    assert VCENTER in run.output
    assert "Traceback" not in run.output
    assert many.control("vc-mynumber").counters()["writing"] == 0
