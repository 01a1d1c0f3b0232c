"""What happens when tapes, drives, daemons and the database fail: no false "good", and the next run works."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed, StorageUnreachable
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import from_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from lab.background_process import wait_for
from tests.support.tape_lab import MEGABYTE, OFFSITE, ONSITE, TapeLab, tape_lab


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@pytest.fixture
def lab() -> Iterator[TapeLab]:
    with tape_lab("faults", capacity_bytes=40 * MEGABYTE) as lab:
        yield lab


def start(lab: TapeLab, name: str, source: Path) -> int:
    lab.define(name)
    return lab.jobs.backup(name, {"disk0": from_file(source)})


def test_a_stream_spans_small_tapes_and_is_restored_whole(lab: TapeLab, tmp_path: Path) -> None:
    lab.library.label(["OSA001L8", "OSA002L8", "OSA003L8"], ONSITE)
    source = lab.content("source", 90 * MEGABYTE)
    result = lab.backup("spans", source).check()
    assert len(result.volumes) == 3
    assert [lab.jobs.catalogue.volumes(name)[0].status for name in result.volumes[:2]] == ["Full", "Full"]
    assert lab.verify(result.job_id).good
    assert lab.restore(result.job_id, tmp_path / "restored").good
    assert sha256(tmp_path / "restored") == sha256(source)


def test_a_job_on_a_tape_that_ends_early_is_not_called_good_and_its_retry_is(lab: TapeLab, tmp_path: Path) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.backup("first", lab.content("small", MEGABYTE)).check()
    lab.library.unload("OSA001L8")
    lab.lab.library.shorten("OSA001L8", 10 * MEGABYTE)
    lab.library.label(["OSA002L8", "OSA003L8"], ONSITE, drive=1)
    lab.library.unload("OSA003L8")
    source = lab.content("source", 25 * MEGABYTE)
    result = lab.backup("early-end", source)
    # It went on with the next tape; the last block before the end could not be read again, and that is told.
    assert result.volumes == ("OSA001L8", "OSA002L8"), result.log
    assert not result.good
    assert "End of medium" in " ".join(result.log)
    again = lab.backup("early-end", source).check()
    assert "OSA001L8" not in again.volumes
    assert lab.restore(again.job_id, tmp_path / "restored").good
    assert sha256(tmp_path / "restored") == sha256(source)


def test_a_write_protected_tape_is_left_alone_and_the_job_says_what_it_waits_for(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.library.unload("OSA001L8")
    tape = lab.lab.library.cartridge("OSA001L8")
    before = tape.read_bytes()
    lab.lab.library.protect("OSA001L8")
    job, said = start(lab, "protected", lab.content("source", MEGABYTE)), list[str]()
    with pytest.raises(JobFailed, match="it has waited"):
        wait(lab.jobs, job, media_seconds=4, seconds=90, say=said.append)
    assert said
    assert tape.read_bytes() == before
    assert not lab.jobs.job(job).ended_well


# A block's head tells its length: without it the tape seems to end there.
@pytest.mark.parametrize("offset", [10 * MEGABYTE, 10 * MEGABYTE + 20_000], ids=["between blocks", "inside a block"])
def test_a_bad_block_is_found_by_reading_back(lab: TapeLab, offset: int) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    source = lab.content("source", 20 * MEGABYTE)
    result = lab.backup("bad-block", source).check()
    assert lab.read_back(result.job_id, sha256(source)).good
    lab.library.unload("OSA001L8")
    lab.lab.library.damage("OSA001L8", offset)
    try:
        assert not lab.read_back(result.job_id, sha256(source)).good
    except JobFailed as error:
        assert "cancelled" in str(error)  # noqa: PT017


def test_a_stuck_drive_is_told_and_the_job_goes_on_when_it_is_freed(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.library.unload("OSA001L8")
    lab.lab.library.jam(0)
    lab.lab.library.jam(1)
    source = lab.content("source", MEGABYTE)
    job = start(lab, "stuck", source)
    with pytest.raises(JobFailed):
        wait(lab.jobs, job, media_seconds=4, seconds=90).check()
    assert "MOVE MEDIUM" in " ".join(lab.jobs.catalogue.log(job))
    lab.lab.library.jam(0, on=False)
    lab.lab.library.jam(1, on=False)
    assert lab.backup("stuck", source).good


def test_a_tape_with_another_label_than_its_sticker_is_not_written(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.library.label(["OSA002L8"], OFFSITE, drive=1)
    for barcode in ("OSA001L8", "OSA002L8"):
        lab.library.unload(barcode)
    lab.lab.library.relabel_sticker("OSA001L8", "OSA009L8")
    lab.lab.library.relabel_sticker("OSA002L8", "OSA001L8")
    lab.library.update_slots()
    swapped = lab.lab.library.cartridge("OSA001L8")
    before = swapped.read_bytes()
    job = start(lab, "swapped", lab.content("source", MEGABYTE))
    with pytest.raises(JobFailed):
        wait(lab.jobs, job, media_seconds=4, seconds=30)
    assert not lab.jobs.job(job).ended_well
    assert swapped.read_bytes() == before


def test_a_storage_daemon_that_dies_ends_the_job_at_once(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8", "OSA002L8", "OSA003L8", "OSA004L8"], ONSITE)
    job = start(lab, "killed", lab.content("source", 120 * MEGABYTE))
    assert wait_for(lambda: bool(lab.jobs.job(job).volumes) or lab.jobs.job(job).status == "R", 30)
    lab.lab.kill("bacula-sd")
    with pytest.raises((StorageUnreachable, JobFailed)):
        wait(lab.jobs, job, seconds=60).check()
    lab.lab.up(say=lambda _line: None)
    assert not lab.jobs.job(job).ended_well
    assert lab.backup("killed", lab.content("small", MEGABYTE)).good


def test_a_director_that_dies_leaves_no_good_job_and_the_next_run_works(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8", "OSA002L8", "OSA003L8", "OSA004L8"], ONSITE)
    job = start(lab, "orphan", lab.content("source", 120 * MEGABYTE))
    assert wait_for(lambda: lab.jobs.job(job).status == "R", 30)
    lab.lab.kill("bacula-dir")
    lab.lab.up(say=lambda _line: None)
    result = wait(lab.jobs, job, seconds=60)
    assert not result.good
    assert lab.backup("orphan", lab.content("small", MEGABYTE)).good


def test_a_database_that_is_restarted_does_not_stop_the_next_job(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.backup("restarted", lab.content("source", MEGABYTE)).check()
    lab.lab.kill("postgresql")
    lab.lab.up(say=lambda _line: None)
    assert len(lab.jobs.catalogue.jobs(name="restarted")) == 1
    assert lab.backup("restarted", lab.folder / "source").good
