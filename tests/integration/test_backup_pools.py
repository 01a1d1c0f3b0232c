"""Machines of three segments and four pools over two drives: no tape is shared, and who waits is told why.

The machines have no guests: their disks are as small as the simulator's descriptors, and it is the turns that count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from tests.support.backup_lab import bring_up_tapes
from tests.support.estate_lab import EstateLab, copy_whole, estate_lab

NAMES = ("s12-db01", "s12-ap01", "s13-db01", "s13-ap01", "s20-db01", "s20-ap01", "s31-db01", "s31-ap01")
POOLS = {"lgwan-c3-onsite", "lgwan-c2-onsite", "internet-c3-onsite", "mynumber-c3-onsite"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateLab]:
    with estate_lab(copy_whole(tmp_path_factory.mktemp("pools")), "backup-pools") as found:
        found.foundation()
        found.provision(*NAMES)
        bring_up_tapes(found)
        yield found


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("said") / "progress.jsonl"


@pytest.fixture(scope="module")
def outcome(lab: EstateLab, said: Path) -> BackupOutcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KYOTSU_PROGRESS_FILE", str(said))
        return run_backup(lab.target(), lab.laboratory.tape.paths.settings_file, names=NAMES)


def test_every_machine_is_copied_to_the_pool_of_its_segment(lab: EstateLab, outcome: BackupOutcome) -> None:
    assert not outcome.failed, [(each.name, each.message) for each in outcome.machines]
    pools = {each.name: each.copy.pool for each in outcome.machines if each.copy}
    assert set(pools) == set(NAMES)
    assert set(pools.values()) == POOLS
    assert pools["s31-db01"] == "mynumber-c3-onsite"


def test_no_tape_holds_two_pools_or_two_keys(lab: EstateLab, outcome: BackupOutcome) -> None:
    tape = TapeJobs(lab.laboratory.tape.settings())
    with open_store(lab.records_url, production=False) as store:
        copies = store.copies.existing()
    for volume in tape.catalogue.volumes():
        on_it = [copy for copy in copies if volume.name in copy.tapes]
        assert {copy.pool for copy in on_it} <= {volume.pool}
        assert len({copy.key_id for copy in on_it}) <= 1
        assert {tape.catalogue.client(job) for job in tape.catalogue.jobs_on(volume.name)} <= {
            f"{volume.pool.partition('-')[0]}-fd"
        }


def test_who_waits_for_a_drive_is_told_why(outcome: BackupOutcome, said: Path) -> None:
    lines = [json.loads(line)["text"] for line in said.read_text(encoding="utf-8").splitlines()]
    assert any("waits: every drive is taken by another pool" in line for line in lines), lines
    assert sum("snapshot taken" in line for line in lines) == len(NAMES)


def test_check_mode_on_all_machines_counts_those_whose_class_writes_no_tape(lab: EstateLab) -> None:
    found = run_backup(lab.target("reader"), lab.laboratory.tape.paths.settings_file, names=None, check=True)
    assert {each.name for each in found.machines if each.status == "changed"} == set(NAMES)
    # The rest of the estate is described and was never made here.
    refused = {each.name: each.message for each in found.machines if each.status == "refused"}
    assert all("is not in its vCenter" in message for message in refused.values())
    assert "infra-common-directory01 is not in its vCenter" in refused["files-staff-directory"]
    assert any(note.startswith("class disk-daily does not copy to tape:") for note in found.notes)
