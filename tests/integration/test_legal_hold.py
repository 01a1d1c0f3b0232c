"""Snapshots of patch runs on a machine that an order keeps: swept for nobody until the order is lifted."""

from __future__ import annotations

from datetime import date, datetime

import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.cleanup import run_cleanup
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import create_snapshots, read_snapshots
from tests.support.estate_lab import EstateLab
from tests.support.retiring import rewrite
from tests.support.small_estate import S02

VCENTER, HELD, OTHER = "vc-mynumber", "s02-db01", "s02-ap01"
HOLD = {"since": "2026-01-05", "reason": {"ja": "訴訟", "en": "Law suit"}, "ordered_by": "法務課"}
LATE = datetime.fromisoformat("2026-12-20T12:00+09:00")
LABEL = SnapshotLabel(purpose="patch", change="CHG-1", run_id="x", expires_on=date(2026, 12, 1))


def snapshots(lab: EstateLab, name: str) -> list[SnapshotLabel | None]:
    with lab.machine(VCENTER, name) as machine, lab.session(VCENTER) as session:
        return [each.label for each in read_snapshots(session, [machine._moId]).get(machine._moId, ())]


def test_a_hold_in_the_file_keeps_a_snapshot_past_its_day_and_the_next_sweep_after_it_removes_it(
    few: EstateLab,
) -> None:
    for name in (HELD, OTHER):
        with few.machine(VCENTER, name) as machine, few.session(VCENTER) as session:
            assert [each.error for each in create_snapshots(session, [machine._moId], LABEL)] == [""]
    plain = yaml.safe_load((few.repository / S02).read_text(encoding="utf-8"))["machines"]
    held = [each | ({"legal_hold": HOLD} if each["name"] == HELD else {}) for each in plain]
    rewrite(few, S02, {"machines": held})

    listed = {each.machine: each for each in run_cleanup(few.target(), None, check=True, at=LATE).snapshots}
    assert {name: each.state for name, each in listed.items()} == {HELD: "held", OTHER: "due"}
    assert listed[HELD].why == (
        "under legal hold (法務課, 2026-01-05): Law suit; the snapshot stays, past its last day"
    )
    swept = run_cleanup(few.target(), None, at=LATE)
    assert {each.machine: each.state for each in swept.snapshots} == {HELD: "held", OTHER: "removed"}
    assert (snapshots(few, HELD), snapshots(few, OTHER)) == ([LABEL], [])

    rewrite(few, S02, {"machines": plain})
    swept = run_cleanup(few.target(), None, at=LATE)
    assert {each.machine: each.state for each in swept.snapshots} == {HELD: "removed"}
    assert snapshots(few, HELD) == []
