"""What a run that died has recorded of its machines is kept where it is gone on with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import Content, PatchRound
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.begin import (
    Order,
    _Basis,
    _not_exercised,
    _rows,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.scope import Place, Scope, World
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import describe_process
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.guest_power import DiskModes
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from tests.support.patch_sample import make_patch_run
from tests.unit.module_utils.patch_run.test_scope import ESTATE, START, UPDATE_DAY

KEY = "s01-ap-1"
STORED = ("a disk of it is shared with others", "共有ディスク")
WHY = ("not healthy: FAIL kyotsu-sample-service 1.2", "適用後の正常性確認で異常")
ALONE = Place(vcenter="vc", reference="vm-1", on=True, disks=(), modes=DiskModes(shared=False, independent=False))


def row(phase: Phase, places: dict[str, Place], person: Text | None = None) -> PatchMachine:
    """The machine as a resumed run takes it, of one that the run which died had stored with a reason."""
    outcome = MachineOutcome(
        key=KEY,
        name="s01-ap01",
        system="s01",
        owner="o",
        role="ap",
        segment="lgwan",
        wave="w",
        batch=1,
        result=Result.FAILED,
        reason=WHY[0] if phase.begun else "",
        reason_ja=WHY[1] if phase.begun else "",
    )
    kept = PatchMachine(vcenter="vc", reference="vm-1", phase=phase, outcome=outcome, only_by_a_person=STORED)
    process = describe_process()
    dead = make_patch_run(START, process=process)
    content = Content(snapshot="patch-2026-11", approved_by="A", approved_on=UPDATE_DAY)
    basis = _Basis(
        target=cast(Any, None),
        settings=cast(Any, None),
        prepared=Prepared(estate=ESTATE, desired=desired_state(ESTATE, {}), commit="c", now=START),
        approved=PatchRound(round="2026-11", content=content, answers=()),
        order=Order(names=("s01-ap01",), change="CHG-1", process=process),
        dead=dead,
        kept={KEY: kept},
    )
    scope = Scope(batches=((KEY,),), refused={}, only_by_a_person={KEY: person} if person else {})
    _, (found,) = _rows(basis, scope, World(places=places, overdue={}, free_gb={}))
    return found


@pytest.mark.parametrize("phase", [Phase.ADMITTED, Phase.RESTARTING, Phase.REVERTING])
@pytest.mark.parametrize("places", [{}, {KEY: ALONE}], ids=["vCenter does not show it", "its disk is its own by now"])
def test_what_only_a_person_may_bring_back_stays_so_once_it_was_begun(phase: Phase, places: dict[str, Place]) -> None:
    found = row(phase, places)
    assert found.only_by_a_person == STORED
    assert (found.reference, found.phase) == ("vm-1", phase)
    assert (found.outcome.reason, found.outcome.reason_ja) == WHY


def test_why_one_that_is_back_at_its_snapshot_went_back_is_kept() -> None:
    outcome = row(Phase.REVERTED, {KEY: ALONE}).outcome
    assert (outcome.reason, outcome.reason_ja) == WHY


def test_one_that_was_not_begun_is_judged_by_what_is_seen_now() -> None:
    assert row(Phase.PLANNED, {KEY: ALONE}).only_by_a_person is None
    assert row(Phase.PLANNED, {KEY: ALONE}).outcome.reason == ""
    assert row(Phase.PLANNED, {}, Text(en="new", ja="新")).only_by_a_person == ("new", "新")


def test_whoever_patches_windows_is_told_that_no_lab_has_done_it() -> None:
    images = tuple(replace(each, os_family="windows") for each in ESTATE.platform.images)
    windows = replace(ESTATE, platform=replace(ESTATE.platform, images=images))
    (note,) = _not_exercised(windows, ["s01-ap01", "s02-ap01"])
    assert note == "2 Windows machines go by a way that the lab does not exercise: see docs/runbooks/patch.md"
    assert _not_exercised(ESTATE, ["s01-ap01"]) == []
