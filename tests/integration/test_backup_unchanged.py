"""A machine that is off is not written to tape again: its copy refers to the one that holds its disks, and follows it.

The machine has no guest: its disks are as small as the simulator's descriptors, and it is the proof that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import retained
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import StoredCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import choose_copy
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import (
    source_of,
    source_of_job,
    with_references,
)
from tests.support.backup_lab import bring_up_tapes
from tests.support.estate_lab import EstateLab, copy_whole, estate_lab, wait_for_task
from tests.support.tapes import USUAL

NAME, KEY, VCENTER = "s13-db01", "s13-db-1", "vc-kyotsu"
DISKS = ["disk0", "disk1"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateLab]:
    with estate_lab(copy_whole(tmp_path_factory.mktemp("unchanged")), "unchanged") as found:
        found.foundation()
        found.provision(NAME)
        bring_up_tapes(found)
        yield found


@pytest.fixture(scope="module")
def whole(lab: EstateLab) -> StoredCopy:
    """The copy of the machine that was switched off just before."""
    power(lab, "PowerOffVM_Task")
    return copied(lab)


@pytest.fixture(scope="module")
def refers(lab: EstateLab, whole: StoredCopy) -> StoredCopy:
    """The copy after it, with nothing written in between."""
    return copied(lab)


def power(lab: EstateLab, operation: str) -> None:
    with lab.machine(VCENTER, NAME) as machine:
        wait_for_task(getattr(machine, operation)())


def backup(lab: EstateLab, *, check: bool = False) -> BackupOutcome:
    return run_backup(lab.target(), lab.laboratory.tape.paths.settings_file, names=[NAME], check=check)


def copied(lab: EstateLab) -> StoredCopy:
    outcome = backup(lab)
    assert not outcome.failed, [each.message for each in outcome.machines]
    found = outcome.of(NAME).copy
    assert found is not None
    return found


def tape_of(lab: EstateLab) -> TapeJobs:
    return TapeJobs(lab.laboratory.tape.settings())


def on_tape(lab: EstateLab, copy: StoredCopy) -> list[str]:
    return sorted(tape_of(lab).catalogue.streams(copy.job_id))


def test_what_holds_a_disk_is_named_on_the_tape_and_in_the_records(
    lab: EstateLab, whole: StoredCopy, refers: StoredCopy
) -> None:
    assert (on_tape(lab, whole), on_tape(lab, refers)) == ([*DISKS, "manifest"], ["manifest"])
    source = source_of_job(tape_of(lab), refers.job_id, digest=refers.manifest_digest)
    first = source_of_job(tape_of(lab), whole.job_id, digest=whole.manifest_digest)
    assert [(disk.stored, disk.same_as) for disk in source.manifest.disks] == [(False, first.manifest.backup)] * 2
    assert [disk.sha256 for disk in source.manifest.disks] == [disk.sha256 for disk in first.manifest.disks]
    with open_store(lab.records_url, production=False) as store:
        copies = {copy.id: copy for copy in store.copies.of_machine(KEY)}
        assert copies[refers.copy_id].needs == (whole.restore_point,)
        assert standings(copies.values(), (), utc_now())[refers.copy_id] == "good"
        assert (store.copies.verify(), store.chain.verify().ok) == ([], True)


def test_check_mode_tells_what_would_not_be_written(lab: EstateLab, refers: StoredCopy) -> None:
    lab.reset_counters()
    (machine,) = backup(lab, check=True).machines
    assert "disk0, disk1 unchanged, as in " in machine.message
    assert lab.writing_calls() == 0


def test_a_restore_reads_the_disks_from_the_copy_that_holds_them(
    lab: EstateLab, whole: StoredCopy, refers: StoredCopy
) -> None:
    tape = tape_of(lab)
    with open_store(lab.records_url, production=False) as store:
        choice = choose_copy(
            store.copies.existing(), store.custody.statuses(), KEY, at=refers.taken_at, as_of=utc_now()
        )
        assert (choice.copy.id, [copy.id for copy in choice.needed]) == (refers.copy_id, [whole.copy_id])
        source = source_of(tape, store, choice)
    assert dict(source.jobs) == dict.fromkeys(DISKS, whole.job_id)
    # The same without any records, as after the loss of everything but tapes and key.
    alone = with_references(tape, source_of_job(tape, refers.job_id))
    assert dict(alone.jobs) == dict(source.jobs)


def test_the_copy_that_holds_the_disks_is_kept_and_a_lost_tape_takes_both(
    lab: EstateLab, whole: StoredCopy, refers: StoredCopy
) -> None:
    with open_store(lab.records_url, production=False) as store:
        copies = store.copies.of_machine(KEY)
        # Whatever the rule keeps, the last copy needs the one before.
        kept = retained(copies, {"tape-daily": USUAL}, utc_now())
        reasons = {each.copy.id: each.reasons for each in kept}
        assert any("needed by the copy of" in reason for reason in reasons[whole.copy_id])
        radius = store.copies.blast_radius(set(whole.tapes), utc_now())
    points = [point for system in radius.systems for point in system.points]
    assert {point.taken_at for point in points} >= {whole.taken_at, refers.taken_at}
    assert radius.points_lost == len(points)


def test_a_file_that_was_written_past_the_machine_is_copied_again_and_alone(
    lab: EstateLab, whole: StoredCopy, refers: StoredCopy
) -> None:
    (file,) = Path(lab.laboratory.paths.root).rglob(f"kyotsu-lgwan-fast-01/{NAME}/{NAME}-flat.vmdk")
    file.touch()
    copy = copied(lab)
    assert on_tape(lab, copy) == ["disk1", "manifest"]
    # Never by way of the copy in between, which holds nothing itself.
    held = {stream.name: stream.held_by for stream in copy.streams}
    assert held == {"disk0": whole.restore_point, "disk1": None, "manifest": None}


def test_a_machine_that_was_switched_on_meanwhile_is_written_whole(lab: EstateLab, refers: StoredCopy) -> None:
    power(lab, "PowerOnVM_Task")
    power(lab, "PowerOffVM_Task")
    assert on_tape(lab, copied(lab)) == [*DISKS, "manifest"]
