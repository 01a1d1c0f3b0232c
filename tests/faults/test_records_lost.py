"""The records or the lock are gone: a run that cannot write down what it does does not do it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.estate_lab import EstateLab, wait_until

VCENTER = "vc-kyotsu"


def records_file(lab: EstateLab) -> Path:
    return lab.laboratory.paths.root / "records.sqlite3"


def test_records_that_cannot_be_read_end_the_run_before_it_writes(ready: EstateLab) -> None:
    file = records_file(ready)
    content = file.read_bytes()
    file.write_bytes(b"this is no database" * 100)
    ready.reset_counters()
    run = ready.playbook("provision")
    assert run.code != 0
    assert "Traceback" not in run.output
    assert "records" in run.output
    assert ready.writing_calls() == 0
    file.write_bytes(content)
    assert ready.playbook("provision").code == 0


def test_records_that_cannot_be_made_end_the_run_before_it_writes(ready: EstateLab) -> None:
    file = records_file(ready)
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    ready.reset_counters()
    run = ready.playbook("provision")
    assert run.code != 0
    assert "Traceback" not in run.output
    assert ready.writing_calls() == 0


def test_a_run_whose_lock_was_removed_by_hand_stops_and_the_next_one_converges(many: EstateLab) -> None:
    many.reset_counters()
    many.control(VCENTER).set_delays(tasks={"CloneVm": 1000})
    with many.playbook_in_background("provision") as process:
        wait_until(lambda: many.methods(VCENTER).get("CloneVM_Task", 0) >= 2, "two clones")
        with open_store(many.records_url, production=False) as store:
            store.locks.unlock(f"lab/{VCENTER}", reason="test", origin=Origin.here(run_id="by-hand"))
        output, _ = process.communicate(timeout=90)
    assert process.returncode != 0
    assert "the lock of" in " ".join(output.split())
    assert "Traceback" not in output
    many.control(VCENTER).set_delays()
    run = many.playbook("provision")
    assert run.code == 0, run.output
    assert many.differences() == []
