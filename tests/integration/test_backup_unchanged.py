"""A machine that is off is not written to tape again: its copy refers to the one that holds its disks, and follows it.

The machine has no guest: its disks are as small as the simulator's descriptors, and it is the proof that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Manifest
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import StoredCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import source_of_job
from tests.support.backup_lab import bring_up_tapes
from tests.support.estate_lab import EstateLab, copy_whole, estate_lab, wait_for_task

NAME, KEY, VCENTER = "s13-db01", "s13-db-1", "vc-kyotsu"
DISKS = ["disk0", "disk1"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateLab]:
    with estate_lab(copy_whole(tmp_path_factory.mktemp("unchanged")), "backup-unchanged") as found:
        found.foundation()
        found.provision(NAME)
        bring_up_tapes(found)
        yield found


def power(lab: EstateLab, operation: str) -> None:
    with lab.machine(VCENTER, NAME) as machine:
        wait_for_task(getattr(machine, operation)())


def copy(lab: EstateLab, **options: object) -> StoredCopy:
    outcome = run_backup(lab.target(), lab.laboratory.tape.paths.settings_file, names=[NAME], **options)  # type: ignore[arg-type]
    assert not outcome.failed, [each.message for each in outcome.machines]
    found = outcome.of(NAME).copy
    assert found is not None
    return found


def manifest(lab: EstateLab, stored: StoredCopy) -> Manifest:
    tape = TapeJobs(lab.laboratory.tape.settings())
    return source_of_job(tape, stored.job_id, digest=stored.manifest_digest).manifest


def on_tape(lab: EstateLab, stored: StoredCopy) -> list[str]:
    return sorted(TapeJobs(lab.laboratory.tape.settings()).catalogue.streams(stored.job_id))


def test_unchanged_disks(lab: EstateLab) -> None:
    running, again = copy(lab), copy(lab)
    assert on_tape(lab, running) == on_tape(lab, again) == [*DISKS, "manifest"]
    power(lab, "PowerOffVM_Task")
    whole = copy(lab)
    assert on_tape(lab, whole) == [*DISKS, "manifest"]
    refers = copy(lab)
    assert on_tape(lab, refers) == ["manifest"]
