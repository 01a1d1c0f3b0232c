"""Two real guests to tape and back to a hash: records, tapes and vCenter agree, and nothing is left behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import compare_disks, read_manifest
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import LockHeldError
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import create_snapshots
from tests.support.backup_lab import NAMES, BackupLab, backup_lab
from tests.support.guest_lab import needs_guests

pytestmark = needs_guests

VCENTER = "vc-kyotsu"
POOL = "lgwan-c2-onsite"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("backup"), "backup-run") as found:
        yield found


def test_a_copy_counts_and_records_tapes_and_custody_agree(lab: BackupLab) -> None:
    assert lab.first is not None
    assert {(each.name, each.status) for each in lab.first.machines} == {(name, "changed") for name in NAMES}
    with lab.store() as store:
        copies = store.copies.existing()
        assert {copy.machine for copy in copies} == {lab.machine_key(name) for name in NAMES}
        assert set(standings(copies, (), utc_now()).values()) == {"good"}
        for each in lab.first.machines:
            assert each.copy is not None
            job = lab.tape.job(each.copy.job_id)
            assert (job.ended_well, job.volumes) == (True, each.copy.tapes)
            assert {volume.pool for volume in lab.tape.catalogue.volumes() if volume.name in job.volumes} == {POOL}
            assert {store.custody.statuses()[tape].pool for tape in job.volumes} == {POOL}
            assert store.backups.content(each.copy.copy_id) == each.copy
        assert store.copies.verify() == []
        assert store.chain.verify().ok
        assert store.backups.left_over("lab") == []
        run = store.backups.run(lab.first.run_id)
    assert run is not None
    assert (run.outcome, {row.phase for row in run.machines}) == ("succeeded", {"cleaned"})


def test_what_is_on_tape_is_what_the_manifest_beside_it_says(lab: BackupLab, tmp_path: Path) -> None:
    assert lab.first is not None
    copy = lab.first.of(NAMES[0]).copy
    assert copy is not None
    assert [stream.name for stream in copy.streams] == ["disk0", "disk1", "manifest"]
    targets = {name: to_file(tmp_path / name, expected_sha256=sha256) for name, sha256 in copy.expected().items()}
    wait(lab.tape, lab.tape.restore(copy.job_id, targets), seconds=120).check()

    manifest = read_manifest((tmp_path / "manifest").read_bytes(), digest=copy.manifest_digest)
    measured = lab.tape.streams(copy.machine, restored=True)
    found = {name: (each.bytes, each.sha256) for name, each in measured.items() if name != "manifest"}
    assert compare_disks(manifest, found) == []
    assert [disk.capacity_bytes for disk in manifest.disks] == [
        int(disk["size_gb"] * 2**30) for disk in manifest.vcenter["disks"]
    ]
    assert (tmp_path / "disk1").read_bytes()[:4] == b"KDMV"  # a stream-optimized VMDK, as a lease gives it
    assert (manifest.machine_key, manifest.quiesced, manifest.key_id) == (copy.machine, True, "lgwan-g1")
    assert {tape.barcode for tape in manifest.tapes} == set(copy.tapes)
    assert f"key: {copy.machine}\n" in manifest.machine_yaml
    assert manifest.vcenter["instance_uuid"] == manifest.instance_uuid
    assert manifest.vcenter["hardware_version"].startswith("vmx-")
    assert "extraConfig" not in json.dumps(manifest.vcenter)
    assert {software.name for software in manifest.software} >= {"Bacula"}


def test_check_mode_shows_the_same_machines_and_writes_nothing(lab: BackupLab) -> None:
    with lab.store() as store:
        before = store.chain.head()
    jobs = len(lab.tape.catalogue.jobs())
    lab.services.estate_lab.reset_counters()
    outcome = lab.backup(check=True)
    assert {(each.name, each.status) for each in outcome.machines} == {(name, "changed") for name in NAMES}
    for each in outcome.machines:
        assert POOL in each.message
        assert "as last time" in each.message
        assert each.copy is None
    assert outcome.predicted_minutes is not None
    assert lab.services.estate_lab.writing_calls() == 0
    assert len(lab.tape.catalogue.jobs()) == jobs
    with lab.store() as store:
        assert store.chain.head() == before


def test_a_client_whose_key_changed_since_its_start_writes_nothing(lab: BackupLab) -> None:
    key = lab.tape_laboratory.paths.keys / "lgwan-fd.pem"
    key.chmod(0o600)  # a change, for whoever looks at its time
    refused = lab.backup()
    assert {each.status for each in refused.machines} == {"refused"}
    assert "start the client anew" in refused.machines[0].message
    assert [lab.snapshots(name) for name in NAMES] == [[], []]
    lab.tape_laboratory.process("lgwan-fd").stop()
    lab.tape_laboratory.start("lgwan-fd")
    assert {each.status for each in lab.backup(check=True).machines} == {"changed"}


def test_a_second_run_is_a_new_restore_point_and_leaves_the_snapshots_of_others(lab: BackupLab) -> None:
    first, second = NAMES
    key = lab.machine_key(first)
    label = SnapshotLabel(purpose="patch", change="CHG-1", run_id="patch-1", expires_on=date(2030, 1, 1))
    session = lab.services.estate_lab.session(VCENTER)
    with session, lab.services.estate_lab.machine(VCENTER, first) as machine:
        (made,) = create_snapshots(session, [machine._moId], label, quiesce=False)
        assert made.error == ""
    # Of a backup that died long ago, on a machine that an order keeps: it may be the only state of that day.
    left = SnapshotLabel(purpose="backup", change="regular", run_id="dead-1", expires_on=date(2026, 1, 1))
    session = lab.services.estate_lab.session(VCENTER)
    with session, lab.services.estate_lab.machine(VCENTER, second) as machine:
        (made,) = create_snapshots(session, [machine._moId], left, quiesce=False)
        assert made.error == ""
    (file,) = (lab.services.estate_lab.repository / "systems").glob("s13-*.yml")
    text = file.read_text(encoding="utf-8")
    hold = 'legal_hold: {since: "2026-01-05", ordered_by: 法務課, reason: {ja: 訴訟, en: Law suit}}'
    file.write_text(f"{text}{hold}\n", encoding="utf-8")
    try:
        outcome = lab.backup()
    finally:
        file.write_text(text, encoding="utf-8")
    assert not outcome.failed, [each.message for each in outcome.machines]
    assert any(f"{second}: {left.name}: under legal hold (法務課, 2026-01-05)" in note for note in outcome.notes)
    with lab.store() as store:
        points = [copy.restore_point for copy in store.copies.of_machine(key)]
    assert len(points) == len(set(points)) == 2
    assert [each.label for each in lab.snapshots(first)] == [label]
    assert [each.label for each in lab.snapshots(second)] == [left]


def test_the_command_prints_a_table_and_its_exit_code_tells(lab: BackupLab) -> None:
    commands = lab.services.estate_lab
    done = commands.playbook("backup", "--limit", NAMES[1])
    assert done.code == 0, done.output
    assert "read back" in done.output
    assert f"{NAMES[1]}: snapshot taken" in done.output  # progress while it ran
    assert "/nfc/" not in done.output  # whoever has the address of a lease can read the disks
    assert lab.snapshots(NAMES[1]) == []  # nothing holds any longer what a run had left there

    refused = commands.playbook("backup", "--limit", f"{NAMES[1]},s11-db01", "--check")
    assert refused.code == 2, refused.output
    assert "class disk-daily does not copy to tape" in refused.output

    never_made = commands.playbook("backup", "--limit", "s12-db01", "--check")
    assert never_made.code == 2, never_made.output
    assert "is not in its vCenter" in never_made.output


def test_a_second_backup_beside_one_that_runs_is_refused(lab: BackupLab) -> None:
    with (
        lab.store() as store,
        store.locks.acquire(["lab/backup"], owner="somebody", run_id="other"),
        pytest.raises(LockHeldError, match="lab/backup"),
    ):
        lab.backup()


def test_no_address_of_a_lease_is_kept(lab: BackupLab) -> None:
    file = lab.services.laboratory.paths.root / "records.sqlite3"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        assert "/nfc/" not in "\n".join(connection.iterdump())
    assert "/nfc/" not in "\n".join(
        line for job in lab.tape.catalogue.jobs() for line in lab.tape.catalogue.log(job.job_id)
    )
