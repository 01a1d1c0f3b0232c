"""One machine whose task fails: the rest completes, the table says why, and the second run finishes it."""

from __future__ import annotations

import re

import pytest

from tests.support.estate_lab import EstateLab, statuses
from tests.support.small_estate import S02

VCENTER = "vc-mynumber"
RULE = "separation kyotsu-mynumber/s02-ap"
# The failing task, and what else cannot be done: what builds on a database, and a rule over a machine that is missing.
CASES = [
    ("CloneVM_Task", "InvalidState", "s02-ap01", [RULE]),
    ("ReconfigVM_Task", "GenericVmConfigFault", "s02-ap01", []),
    ("PowerOnVM_Task", "InsufficientResourcesFault", "s02-ap01", []),
    ("CloneVM_Task", "NoDiskSpace", "s02-db01", ["s02-ap01", "s02-ap02", RULE]),
]


@pytest.mark.parametrize(("method", "fault", "machine", "waiting"), CASES, ids=[f"{c[0]} {c[2]}" for c in CASES])
def test_a_task_that_fails_is_told_and_finished_by_the_next_run(
    ready: EstateLab, method: str, fault: str, machine: str, waiting: list[str]
) -> None:
    ready.control(VCENTER).add_fault(method, fault, name_pattern=machine, message="the array is in repair")
    run = ready.playbook("provision")
    assert run.code != 0
    assert "Traceback" not in run.output
    row = re.search(rf"^\| failed +{machine} +{VCENTER} +(.*)$", run.output, re.MULTILINE)
    assert row is not None, run.output
    assert fault.removesuffix("Fault") in row[1]
    assert "the array is in repair" in row[1]
    for name in waiting:
        reason = "(not started|skipped): "
        assert re.search(rf"^\| failed +{name} +{VCENTER} +{reason}", run.output, re.MULTILINE), run.output
    failed = 1 + len(waiting)
    assert f", failed {failed} |" in run.output
    assert "s13-db01" not in " ".join(ready.differences())

    again = ready.playbook("provision")
    assert again.code == 0, again.output
    assert ready.differences() == []
    assert statuses(ready.provision()) == {}


def test_a_change_that_fails_is_told_and_finished_by_the_next_run(ready: EstateLab) -> None:
    ready.provision()
    ready.edit(S02, "size_gb: 200", "size_gb: 300")
    ready.edit(S02, "patch: {wave: wave-1", "patch: {wave: canary")
    ready.control(VCENTER).add_fault("ReconfigVM_Task", "NoDiskSpace", name_pattern="s02-db01")
    run = ready.provision()
    assert statuses(run)["s02-db01"][0] == "failed"
    assert "NoDiskSpace" in statuses(run)["s02-db01"][1]
    # What stands on it in the same run waits; the other vCenter does not.
    lines = ready.differences()
    labels = [line for line in lines if ": tags is " in line]
    others = [line for line in lines if line not in labels]
    assert others == ["s02-db01: disks_gb is [40.0, 200.0], described [40, 300]"]
    assert [line.partition(":")[0] for line in labels] == ["s02-ap01", "s02-ap02", "s02-db01"]
    assert {status for status, _ in statuses(ready.provision()).values()} == {"changed"}
    assert ready.differences() == []


def test_every_machine_of_one_vcenter_fails_and_the_other_is_complete(ready: EstateLab) -> None:
    ready.control(VCENTER).add_fault("CloneVM_Task", "InvalidState", count=0)
    run = ready.playbook("provision")
    assert run.code != 0
    assert ready.differences() == ["missing: s02-ap01", "missing: s02-ap02", "missing: s02-db01"]
    ready.control(VCENTER).clear_faults()
    assert ready.playbook("provision").code == 0
    assert ready.differences() == []


def test_a_foundation_whose_host_is_refused_goes_on_and_is_finished_by_the_next_run(empty: EstateLab) -> None:
    empty.control(VCENTER).add_fault("AddHost_Task", "InvalidLogin", count=1)
    run = empty.playbook("foundation")
    assert run.code != 0
    assert "Traceback" not in run.output
    assert re.search(rf"^\| failed +host esx1\d +{VCENTER} +.*InvalidLogin", run.output, re.MULTILINE)
    again = empty.playbook("foundation")
    assert again.code == 0, again.output
    assert statuses(empty.foundation()) == {}


def test_a_tag_that_is_refused_leaves_a_machine_unfinished_and_says_so(ready: EstateLab) -> None:
    ready.control("vc-kyotsu").add_fault("SetField", "InvalidArgument")
    run = ready.provision()
    status, message = statuses(run)["s13-db01"]
    assert status == "failed"
    assert "made, but not finished" in message
    assert statuses(ready.provision())["s13-db01"][0] == "changed"
    assert ready.differences() == []
    assert statuses(ready.provision()) == {}
