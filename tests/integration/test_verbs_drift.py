"""The verb drift against a real vCenter: what somebody did by hand is found, and nothing is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drift import DriftOutcome, run_drift
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.estate_lab import EstateLab, wait_for_task

NOW = datetime.now(UTC)


def drift(lab: EstateLab, report: Path | None = None, now: datetime = NOW) -> DriftOutcome:
    return run_drift(lab.target("reader"), report=report, now=now)


def found(outcome: DriftOutcome) -> list[tuple[str, str]]:
    return [(each.category, each.label) for each in outcome.report.deviations]


def test_what_was_just_provisioned_does_not_drift_and_nothing_is_written(few: EstateLab, tmp_path: Path) -> None:
    (few.repository / "roles").resolve(strict=True)
    few.reset_counters()
    outcome = drift(few, tmp_path / "reports" / "drift")
    assert found(outcome) == []
    assert few.writing_calls() == 0
    assert [file.name for file in outcome.files] == ["drift.html", "drift.json", "drift.txt"]
    assert json.loads(outcome.files[1].read_text(encoding="utf-8"))["machines"] == 4


def test_snapshots_grow_old_and_chains_long(few: EstateLab) -> None:
    with few.machine("vc-mynumber", "s02-db01") as machine:
        for number in range(4):
            wait_for_task(machine.CreateSnapshot_Task(f"step {number}", "", False, False))
    young = drift(few)
    assert found(young) == [("snapshot", "s02-db01")]
    assert young.report.deviations[0].rule == "K-03"
    assert "chain of 4" in young.report.deviations[0].text.en
    assert "hours old" not in young.report.deviations[0].text.en
    old = drift(few, now=NOW + timedelta(hours=80))
    assert "hours old" in old.report.deviations[0].text.en
    assert "80 時間" in old.report.deviations[0].text.ja or "79 時間" in old.report.deviations[0].text.ja


def test_a_machine_that_is_off_and_one_that_nobody_described(few: EstateLab) -> None:
    with few.machine("vc-mynumber", "s02-ap01") as machine:
        wait_for_task(machine.PowerOffVM_Task())
        wait_for_task(machine.CloneVM_Task(machine.parent, "by-hand", _clone_spec(machine)))
    assert found(drift(few))[0] == ("power", "s02-ap01")
    assert ("unmanaged", "by-hand") in found(drift(few))


def _clone_spec(machine: object) -> object:
    from pyVmomi import vim

    return vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)


def test_a_report_has_no_suffix_of_its_own(few: EstateLab, tmp_path: Path) -> None:
    with pytest.raises(VerbRefused, match="without its suffix"):
        drift(few, tmp_path / "drift.html")
