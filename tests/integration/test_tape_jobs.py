"""Backup, read-back, copy and restore on a real tape software, and what must never be called good."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import Console
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import CommandRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import from_file, to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Slot
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import JobResult, wait
from lab.tape.keys import ensure_key_pair
from tests.support.tape_lab import CLIENT, MEGABYTE, OFFSITE, ONSITE, TapeLab, tape_lab


def sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@pytest.fixture(scope="module")
def lab() -> Iterator[TapeLab]:
    with tape_lab("jobs") as lab:
        assert lab.library.label(["OSA001L8", "OSA002L8"], ONSITE) == ["OSA001L8", "OSA002L8"]
        lab.library.label(["OSA003L8"], OFFSITE, drive=1)
        yield lab


@pytest.fixture(scope="module")
def source(lab: TapeLab) -> Path:
    return lab.content("source", 50 * MEGABYTE)


@pytest.fixture(scope="module")
def backup(lab: TapeLab, source: Path) -> JobResult:
    return lab.backup("web-1", source).check()


@pytest.fixture(scope="module")
def copy(lab: TapeLab, backup: JobResult) -> int:
    wait(lab.jobs, lab.jobs.copy(backup.job_id), seconds=60).check()
    (copied,) = lab.jobs.catalogue.copies(backup.job_id)
    assert copied.ended_well
    return copied.job_id


def test_a_backup_tells_hash_size_and_tape(lab: TapeLab, source: Path, backup: JobResult) -> None:
    status = lab.jobs.streams("web-1")["disk0"]
    assert (status.ok, status.bytes, status.sha256) == (True, 50 * MEGABYTE, sha256(source))
    (volume,) = backup.volumes
    assert lab.jobs.catalogue.jobs_on(volume) == [backup.job_id]
    assert {piece.volume for piece in lab.jobs.catalogue.pieces(backup.job_id)} == {volume}


def test_a_backup_is_read_back(lab: TapeLab, backup: JobResult) -> None:
    assert lab.verify(backup.job_id).good


def test_a_restore_equals_what_was_backed_up(lab: TapeLab, source: Path, backup: JobResult, tmp_path: Path) -> None:
    assert lab.restore(backup.job_id, tmp_path / "restored").good
    assert sha256(tmp_path / "restored") == sha256(source)
    assert lab.jobs.streams("web-1", restored=True)["disk0"].sha256 == sha256(source)


def test_a_copy_in_the_other_pool_is_restored_too(lab: TapeLab, source: Path, copy: int, tmp_path: Path) -> None:
    (volume,) = lab.jobs.job(copy).volumes
    assert lab.jobs.catalogue.volumes(volume)[0].pool == OFFSITE
    assert lab.verify(copy).good
    assert lab.restore(copy, tmp_path / "restored").good
    assert sha256(tmp_path / "restored") == sha256(source)


@pytest.mark.parametrize("first", ["source", None], ids=["beside its source", "alone"])
def test_a_copy_is_made_though_its_tape_lies_in_the_drive_that_its_reader_takes(
    lab: TapeLab, backup: JobResult, copy: int, first: str | None
) -> None:
    """The tape software reserves drive 0 for writing first: without our help both halves wait for ever."""
    (original,), (copied,) = backup.volumes, lab.jobs.job(copy).volumes
    for barcode in (original, copied):
        lab.library.unload(barcode)
    wanted = [original if first else None, copied]
    for drive, barcode in enumerate(wanted):
        if barcode is not None:
            place = lab.library.inventory().place(barcode)
            assert isinstance(place, Slot)
            storage = lab.jobs.settings.library.storage
            lab.library.console.run(f"mount storage={storage} drive={drive} slot={place.number}")
    assert [each.barcode for each in lab.library.inventory().drives] == wanted
    before = len(lab.jobs.catalogue.copies(backup.job_id))
    wait(lab.jobs, lab.jobs.copy(backup.job_id), seconds=60, media_seconds=20).check()
    assert len(lab.jobs.catalogue.copies(backup.job_id)) == before + 1


def test_nothing_of_the_content_is_readable_on_the_tape(lab: TapeLab) -> None:
    text = lab.folder / "text"
    text.write_bytes(b"the secret of room 12 " * 50_000)
    volume = lab.backup("secret-1", text).check().volumes[0]
    assert b"the secret of room 12" not in lab.lab.library.cartridge(volume).read_bytes()


def test_the_wrong_key_restores_nothing(lab: TapeLab, backup: JobResult, tmp_path: Path) -> None:
    job = lab.jobs.restore(backup.job_id, {"disk0": to_file(tmp_path / "restored")}, client="lgwan-fd")
    assert not wait(lab.jobs, job, seconds=60).good
    assert not (tmp_path / "restored").exists() or (tmp_path / "restored").stat().st_size == 0


def test_the_master_key_restores_what_another_client_wrote(
    lab: TapeLab, source: Path, backup: JobResult, tmp_path: Path
) -> None:
    keys = lab.lab.paths.keys
    pair, master = keys / f"{CLIENT}.pem", ensure_key_pair(keys, "master")
    kept = pair.read_bytes()
    pair.write_bytes(master.read_bytes())
    try:
        lab.lab.process(CLIENT).stop()
        lab.lab.start(CLIENT)
        assert lab.restore(backup.job_id, tmp_path / "restored").good
    finally:
        pair.write_bytes(kept)
        lab.lab.process(CLIENT).stop()
        lab.lab.start(CLIENT)
    assert sha256(tmp_path / "restored") == sha256(source)


def test_a_source_that_is_shorter_than_expected_fails_the_job(lab: TapeLab, source: Path) -> None:
    lab.define("short-1")
    job = lab.jobs.backup("short-1", {"disk0": from_file(source, expected_bytes=50 * MEGABYTE + 1)})
    result = wait(lab.jobs, job, seconds=60)
    assert (result.status, result.good) == ("E", False)
    assert "50000001 were expected" in " ".join(result.log)


def test_a_reader_that_dies_fails_the_job(lab: TapeLab) -> None:
    lab.define("dies-1")
    result = wait(lab.jobs, lab.jobs.backup("dies-1", {"disk0": from_file(lab.folder / "absent")}), seconds=60)
    assert (result.status, result.good) == ("E", False)
    assert "No such file" in " ".join(result.log)


def test_a_restore_of_other_bytes_than_expected_fails(lab: TapeLab, backup: JobResult, tmp_path: Path) -> None:
    target = to_file(tmp_path / "restored", expected_sha256="0" * 64)
    assert not wait(lab.jobs, lab.jobs.restore(backup.job_id, {"disk0": target}), seconds=60).good


def test_a_tape_with_a_label_is_not_labelled_again(lab: TapeLab, backup: JobResult) -> None:
    with pytest.raises(CommandRefused, match="OSA001L8"):
        lab.library.label(["OSA001L8"], OFFSITE)
    assert lab.jobs.catalogue.volumes("OSA001L8")[0].pool == ONSITE


@pytest.mark.parametrize("console", ["automation", "operator"])
@pytest.mark.parametrize(
    "command",
    [
        "purge volume=OSA001L8",
        "prune files",
        "delete volume=OSA001L8 yes",
        "update volume=OSA001L8 recycle=yes",
        "relabel",
        "truncate",
        "sqlquery",
    ],
)
def test_only_the_release_console_may_free_a_tape(lab: TapeLab, console: str, command: str) -> None:
    with pytest.raises(CommandRefused, match="may not run"):
        Console(lab.lab.settings(), console).run(command)


def test_no_secret_stands_in_a_process_list_or_a_readable_file(lab: TapeLab) -> None:
    passwords = [path.read_text() for path in lab.lab.paths.secrets.iterdir()]
    for status in lab.lab.status():
        line = Path(f"/proc/{status.pid}/cmdline").read_text()
        assert not [each for each in passwords if each in line]
    for path in (*lab.lab.paths.secrets.iterdir(), *lab.lab.paths.jobs.iterdir(), *lab.lab.paths.config.glob("*.conf")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert json.loads(lab.lab.paths.settings_file.read_text())["consoles"]
