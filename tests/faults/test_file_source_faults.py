"""A backup of files that goes wrong is told in one line, and never counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof import read_back_jobs
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.file_source import AGENT, KEY, MACHINE, PLACE, backed_up, write_files
from tests.support.guest_lab import needs_guests

pytestmark = needs_guests


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("faulty"), "file-fault", (MACHINE,), backed_up=False) as found:
        write_files(found)
        yield found


def _copies(lab: BackupLab) -> list[str]:
    """The standing of each copy."""
    with lab.store() as store:
        assert store.backups.left_over("lab") == []
        copies = store.copies.existing()
        found = standings(copies, (), utc_now())
    return [found[copy.id] for copy in copies]


def test_an_agent_that_is_dead_gives_no_copy_until_it_runs_again(lab: BackupLab) -> None:
    lab.tape_laboratory.agents.process(AGENT).kill()
    assert backed_up(lab) == f"{KEY} failed: client {AGENT} does not answer the director: start it"
    assert (lab.tape.catalogue.jobs(), _copies(lab)) == ([], [])
    lab.tape_laboratory.up(say=lambda _line: None)
    assert f"{KEY} changed" in backed_up(lab)


def test_an_agent_ends_and_begins_with_its_guest(lab: BackupLab) -> None:
    lab.services.power("vc-kyotsu", MACHINE, "PowerOffVM_Task")
    assert lab.tape_laboratory.agents.process(AGENT).pid() is None
    lab.services.power("vc-kyotsu", MACHINE, "PowerOnVM_Task")
    lab.services.wait_for_guests()
    assert AGENT in {status.name for status in lab.tape_laboratory.status() if status.pid}
    assert lab.tape.console.client_started(AGENT) > 0


def test_a_path_that_is_not_there_gives_no_copy(lab: BackupLab) -> None:
    before = _copies(lab)
    lab.services.estate_lab.edit("platform/backup.yml", f"paths: [{PLACE}]", f"paths: [{PLACE}, /srv/gone]")
    assert backed_up(lab) == f"{KEY} failed: the agent cannot read /srv/gone: No such file or directory"
    lab.services.estate_lab.edit("platform/backup.yml", f"paths: [{PLACE}, /srv/gone]", f"paths: [{PLACE}]")
    assert _copies(lab) == before


def test_a_file_that_changes_after_it_was_listed_does_not_count(lab: BackupLab) -> None:
    before = _copies(lab)
    # The list program of the guest is followed by a write, as of a database that goes on.
    program = "/usr/local/lib/kyotsu-backup/file_list.py"
    write = f"pathlib.Path('{PLACE}/with space').write_text(str(time.time_ns()))"
    append = f"import atexit, pathlib, time; atexit.register(lambda: {write})"
    assert lab.services.ssh(MACHINE, f'sudo sh -c "cp {program} {program}.kept"').returncode == 0
    spoil = f'sudo sed -i "s#^import base64#{append}\\nimport base64#" {program}'
    assert lab.services.ssh(MACHINE, spoil).returncode == 0
    said = backed_up(lab)
    lab.services.ssh(MACHINE, f"sudo mv {program}.kept {program}")
    assert said.startswith(f"{KEY} failed: it cannot be read back and does not count"), said
    assert f"{PLACE}/with space: SHA-256 differs" in said  # of the second attempt; both times are as long
    after = _copies(lab)
    assert [each for each in after if each == "good"] == before
    # Both attempts, and on the same tape: it is not the tape's fault.
    assert len(after) == len(before) + 2
    assert [volume.name for volume in lab.tape.catalogue.volumes()] == ["OSA001L8"]


def test_a_copy_off_site_is_read_back_like_the_copy_on_site(lab: BackupLab, tmp_path: Path) -> None:
    lab.services.ssh(MACHINE, f"sudo sh -c 'echo one > \"{PLACE}/with space\"'")
    assert f"{KEY} changed" in backed_up(lab)
    with lab.store() as store:
        newest = max(store.copies.existing(), key=lambda copy: copy.id)
        content = store.backups.content(newest.id)
    assert content is not None
    offsite = "internet-c3-offsite"
    blank = [slot.barcode for slot in lab.library.inventory().slots if slot.barcode]
    known = {volume.name for volume in lab.tape.catalogue.volumes()}
    lab.library.label([next(barcode for barcode in blank if barcode not in known)], offsite)
    wait(lab.tape, lab.tape.copy(content.job_id), media_seconds=60).check()
    (copy,) = lab.tape.catalogue.copies(content.job_id)
    digest = content.manifest_digest
    proofs = read_back_jobs(lab.tape, {content.job_id: digest, copy.job_id: digest}, scratch=tmp_path)
    assert [proof.why for proof in proofs.values()] == ["", ""]
    (wrong,) = read_back_jobs(lab.tape, {copy.job_id: "0" * 64}, scratch=tmp_path).values()
    assert wrong.why == "the list is not the one that the records know (SHA-256 differs): do not trust it"
    assert list(tmp_path.iterdir()) == []
