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
from tests.support.tape_lab import MEGABYTE, ONSITE, TapeLab, tape_lab


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


def test_a_tape_that_ends_early_is_followed_by_the_next(lab: TapeLab, tmp_path: Path) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.library.unload("OSA001L8")
    lab.lab.library.shorten("OSA001L8", 10 * MEGABYTE)
    lab.library.label(["OSA002L8"], ONSITE, drive=1)
    source = lab.content("source", 30 * MEGABYTE)
    result = lab.backup("early-end", source)
    assert set(result.volumes) == {"OSA001L8", "OSA002L8"}
    assert lab.restore(result.job_id, tmp_path / "restored").good
    assert sha256(tmp_path / "restored") == sha256(source)


def test_a_write_protected_tape_is_left_alone_and_the_job_says_what_it_waits_for(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.library.unload("OSA001L8")
    tape = lab.lab.library.cartridge("OSA001L8")
    before = tape.read_bytes()
    lab.lab.library.protect("OSA001L8")
    job, said = start(lab, "protected", lab.content("source", MEGABYTE)), list[str]()
    with pytest.raises(JobFailed, match="is cancelled"):
        wait(lab.jobs, job, media_seconds=4, seconds=60, say=said.append)
    assert tape.read_bytes() == before
    assert not lab.jobs.job(job).ended_well


def test_a_bad_block_is_found_by_reading_back(lab: TapeLab, tmp_path: Path) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    result = lab.backup("bad-block", lab.content("source", 20 * MEGABYTE)).check()
    assert lab.verify(result.job_id).good
    lab.library.unload("OSA001L8")
    lab.lab.library.damage("OSA001L8", 10 * MEGABYTE)
    assert not lab.verify(result.job_id).good
    assert not lab.restore(result.job_id, tmp_path / "restored").good
    assert not (tmp_path / "restored").exists()


def test_a_stuck_drive_does_not_stop_the_other(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    lab.library.unload("OSA001L8")
    lab.lab.library.jam(0)
    job = start(lab, "stuck", lab.content("source", MEGABYTE))
    try:
        assert wait(lab.jobs, job, media_seconds=6, seconds=90).good
        assert lab.library.inventory().drives[1].barcode == "OSA001L8"
    except JobFailed as error:  # the software took the stuck drive: it must say so and free the job
        assert "MOVE MEDIUM" in " ".join(lab.jobs.catalogue.log(job)), error  # noqa: PT017
    lab.lab.library.jam(0, on=False)
    assert lab.backup("stuck", lab.folder / "source").good


def test_a_tape_with_another_label_than_its_sticker_is_not_written(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8", "OSA002L8"], ONSITE)
    for barcode in ("OSA001L8", "OSA002L8"):
        lab.library.unload(barcode)
    lab.lab.library.relabel_sticker("OSA001L8", "OSA009L8")
    lab.lab.library.relabel_sticker("OSA002L8", "OSA001L8")
    lab.library.update_slots()
    swapped = lab.lab.library.cartridge("OSA001L8")
    before = swapped.stat().st_size
    job = start(lab, "swapped", lab.content("source", MEGABYTE))
    with pytest.raises(JobFailed):
        wait(lab.jobs, job, media_seconds=4, seconds=60)
    assert not lab.jobs.job(job).ended_well
    assert swapped.stat().st_size == before


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
