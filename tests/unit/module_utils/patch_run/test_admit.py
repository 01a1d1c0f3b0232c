"""Which machines of a batch are fit, by what a look at them gave; none of these needs vCenter."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.admit import run_admit
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import Phase
from tests.support.patch_sample import BEFORE, make_outcome
from tests.support.patch_steps import make_row, opened_step

GUEST = {**dataclasses.asdict(BEFORE), "services": list(BEFORE.services)}


def admitted(folder: Path, answer: dict[str, Any]) -> MachineOutcome:
    """How one machine with this answer is closed."""
    planned = make_outcome(result=Result.SKIPPED, started_at=None, finished_at=None, before=None, after=None)
    with opened_step(folder, [make_row(planned, Phase.PLANNED)]) as step:
        found = run_admit(step, {planned.name: answer}, date(2026, 12, 16), None)
        assert found.go == ()
        (closed,) = found.closed
        return closed.outcome


def test_nothing_new_is_unchanged_and_names_what_is_kept_back(tmp_path: Path) -> None:
    found = admitted(tmp_path, {"guest": GUEST, "upgrades": [], "kept_back": ["openssl"], "ready": True})
    assert (found.result, found.kept_back) == (Result.UNCHANGED, ("openssl",))
    assert not found.has_the_round


def test_a_guest_that_is_not_ready_is_skipped_and_needs_somebody(tmp_path: Path) -> None:
    found = admitted(tmp_path, {"guest": GUEST, "failed": True, "ready": False, "msg": "/ has 1 MiB free"})
    assert (found.result, found.blocked) == (Result.SKIPPED, True)
    assert found.finding == f"{found.name} could not be patched: / has 1 MiB free"


def test_a_guest_that_was_not_healthy_before_needs_somebody(tmp_path: Path) -> None:
    found = admitted(tmp_path, {"guest": GUEST, "upgrades": [], "health": {"code": 1, "text": "FAIL"}})
    assert (found.result, found.blocked) == (Result.SKIPPED, True)
