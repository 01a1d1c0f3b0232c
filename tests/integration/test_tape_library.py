"""The library itself: doors, slots, kills, the stand-alone drive, a tape given free, a catalogue that is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import from_file, to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.rebuild import rebuild_catalogue
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.standalone import StandaloneDrive
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from lab.tape.catalogue_server import DATABASE
from tests.support.tape_lab import MEGABYTE, OFFSITE, ONSITE, TapeLab, tape_lab


@pytest.fixture
def lab() -> Iterator[TapeLab]:
    with tape_lab("library") as lab:
        yield lab


def test_the_library_has_the_promised_size(lab: TapeLab) -> None:
    inventory = lab.library.inventory()
    assert len(inventory.drives) == 2
    assert sum(not slot.import_export for slot in inventory.slots) == 48
    assert sum(slot.import_export for slot in inventory.slots) == 4


def test_a_tape_goes_out_through_the_door_and_comes_back(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], OFFSITE)
    slot = lab.library.export("OSA001L8")
    assert slot == 49
    assert not lab.jobs.catalogue.volumes("OSA001L8")[0].in_changer
    assert lab.lab.library.remove(slot) == "OSA001L8"
    assert lab.library.inventory().place("OSA001L8") is None
    assert lab.lab.library.outside() == ["OSA001L8"]
    lab.lab.library.insert("OSA001L8")
    moved = lab.library.take_in()
    assert moved == {"OSA001L8": 1}
    (volume,) = lab.jobs.catalogue.volumes("OSA001L8")
    assert (volume.in_changer, volume.slot) == (True, 1)


def test_a_fifth_tape_finds_no_door(lab: TapeLab) -> None:
    for number in range(1, 5):
        lab.library.export(f"OSA00{number}L8")
    with pytest.raises(ChangerFailed, match="every import/export slot"):
        lab.library.export("OSA005L8")


def test_after_a_kill_of_everything_tapes_slots_and_catalogue_are_the_same(lab: TapeLab, tmp_path: Path) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    source = lab.content("source", MEGABYTE)
    result = lab.backup("kept", source).check()
    before, volumes = lab.library.inventory(), lab.jobs.catalogue.volumes()
    for status in lab.lab.status():
        lab.lab.kill(status.name)
    lab.lab.up(say=lambda _line: None)
    assert lab.library.inventory() == before
    assert lab.jobs.catalogue.volumes() == volumes
    assert lab.restore(result.job_id, tmp_path / "restored").good
    assert (tmp_path / "restored").read_bytes() == source.read_bytes()


def test_a_tape_that_is_given_free_is_labelled_anew_and_written(lab: TapeLab) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    old = lab.backup("old", lab.content("source", MEGABYTE)).check()
    lab.library.release_tape("OSA001L8")
    assert lab.jobs.catalogue.volumes("OSA001L8") == []
    assert lab.lab.library.cartridge("OSA001L8").stat().st_size == 0
    lab.library.label(["OSA001L8"], OFFSITE)
    assert lab.jobs.catalogue.jobs_on("OSA001L8") == []
    assert old.job_id not in [each.job_id for each in lab.jobs.catalogue.jobs(name="old")]


def test_a_stand_alone_drive_is_loaded_by_hand(lab: TapeLab, tmp_path: Path) -> None:
    drive = StandaloneDrive(lab.lab.settings(), "standalone")
    tape = lab.lab.standalone_cartridge("desk-1")
    lab.lab.insert_standalone(tape)
    drive.label("OSB001L8", ONSITE)
    source = lab.content("source", 2 * MEGABYTE)
    lab.define("by-hand", storage="standalone")
    result = wait(lab.jobs, lab.jobs.backup("by-hand", {"disk0": from_file(source)}), seconds=60).check()
    assert result.volumes == ("OSB001L8",)
    drive.unmount()
    lab.lab.insert_standalone(None)
    # The tape is on the desk: the job waits, says for what, and goes on when it is put in.
    job = lab.jobs.restore(result.job_id, {"disk0": to_file(tmp_path / "restored")})

    def put_in(reason: str) -> None:
        assert "wait" in reason
        lab.lab.insert_standalone(tape)
        drive.mount()

    assert wait(lab.jobs, job, seconds=90, say=put_in).good
    assert (tmp_path / "restored").read_bytes() == source.read_bytes()


def test_a_lost_catalogue_is_rebuilt_from_the_tapes(lab: TapeLab, tmp_path: Path) -> None:
    lab.library.label(["OSA001L8"], ONSITE)
    source = lab.content("source", 20 * MEGABYTE)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    lab.backup("lost", source).check()
    lab.library.unload("OSA001L8")
    lab.lab.process("bacula-dir").stop()
    lab.lab.catalogue.drop_database(DATABASE)
    lab.lab.catalogue.make_database(DATABASE)
    lab.lab.up(say=lambda _line: None)
    assert lab.jobs.catalogue.jobs() == []
    found = rebuild_catalogue(lab.lab.settings(), ["OSA001L8"], run=lab.lab.bscan)
    assert [job.name for job in found] == ["lost"]
    result = lab.restore(found[0].job_id, tmp_path / "restored")
    assert result.good
    assert hashlib.sha256((tmp_path / "restored").read_bytes()).hexdigest() == digest
