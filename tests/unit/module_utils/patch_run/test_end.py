"""The end of a run: what a good result does not prove, and what is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.end import Ended, run_end
from tests.support.patch_sample import make_outcome
from tests.support.patch_steps import make_row, opened_step

DIGEST = "a" * 64


def end(folder: Path, *outcomes: MachineOutcome, **settings: Any) -> Ended:
    with opened_step(folder, [make_row(each) for each in outcomes], **settings) as opened:
        return run_end(opened, {}, None)


def test_a_proven_machine_that_came_out_well_needs_no_word(tmp_path: Path) -> None:
    found = end(tmp_path, make_outcome(manifest_sha256=DIGEST))
    assert found.as_result()["good"]
    assert found.run.machines[0].reason == ""


def test_a_good_result_whose_content_is_not_proven_says_so_in_both_languages(tmp_path: Path) -> None:
    found = end(tmp_path, make_outcome(result=Result.UNCHANGED))
    (machine,) = found.run.machines
    assert (machine.reason, machine.reason_ja) == ("its content is not proven", "配信内容は未検証")
    assert "content is not proven for 1 machines" in found.as_result()["text"]
    assert found.as_result()["good"]


def test_packages_that_are_kept_back_are_named_and_are_a_finding(tmp_path: Path) -> None:
    found = end(tmp_path, make_outcome(manifest_sha256=DIGEST, kept_back=("openssl", "sudo")))
    assert found.run.machines[0].reason == "kept back: openssl, sudo"
    assert "name-s01-db-1 has packages that are kept back: openssl, sudo" in found.run.findings[0]
    assert not found.as_result()["good"]


def test_a_run_that_could_not_patch_a_machine_for_a_fault_is_not_good(tmp_path: Path) -> None:
    full = make_outcome(result=Result.SKIPPED, reason="/ has 1 MiB free", blocked=True)
    well = make_outcome("s01-ap-1", manifest_sha256=DIGEST)
    found = end(tmp_path, full, well)
    assert found.run.findings == ("name-s01-db-1 could not be patched: / has 1 MiB free",)
    assert not found.as_result()["good"]


def test_a_calendar_and_an_owner_may_say_no(tmp_path: Path) -> None:
    found = end(tmp_path, make_outcome(result=Result.SKIPPED, reason="planned for 12-12 21:00", started_at=None))
    assert found.run.findings == ()
    assert found.as_result()["good"]


@pytest.mark.parametrize("content", [None, "<html>"])
def test_a_tracker_file_that_cannot_be_used_is_a_finding(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "tracker.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    found = end(tmp_path, make_outcome(manifest_sha256=DIGEST), tracker_file=file)
    assert found.run.findings[0].startswith(f"{file}: no vulnerabilities are told: ")
    assert not found.as_result()["good"]
