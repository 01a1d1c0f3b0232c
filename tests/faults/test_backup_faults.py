"""A backup while something breaks: no snapshot is left, nothing counts that cannot be read, the next run finishes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import UNFINISHED
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.estate_lab import kill_tree, wait_until
from tests.support.guest_lab import needs_guests

pytestmark = needs_guests

VCENTER = "vc-kyotsu"
NAME = "s13-db01"
KEY = "s13-db-1"
MEGABYTES = 130  # of noise on its data disk: long enough to be in the middle of
TAPE_BYTES = 8_000_000_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    folder = tmp_path_factory.mktemp("breaking")
    with backup_lab(folder, "breaking", (NAME,), backed_up=False, capacity_bytes=TAPE_BYTES) as found:
        edit = found.services.estate_lab.edit
        edit("platform/backup.yml", "lease_seconds: 20", "lease_seconds: 1")
        edit("platform/backup.yml", "media_wait_minutes: 30", "media_wait_minutes: 1")
        noise = f"head -c {MEGABYTES}000000 /dev/urandom | sudo tee {data_mount(found)}/noise > /dev/null && sync"
        assert found.services.ssh(NAME, noise).returncode == 0
        assert not found.backup().failed  # labels a tape, and shows that all is well before anything breaks
        yield found


@pytest.fixture(autouse=True)
def mended(lab: BackupLab) -> Iterator[None]:
    """Each test begins and ends with a lab in which everything works."""
    yield
    lab.services.estate_lab.control(VCENTER).clear_faults()
    lab.services.estate_lab.control(VCENTER).set_delays()
    lab.tape_laboratory.up(say=lambda _line: None)


def data_mount(lab: BackupLab) -> str:
    estate = load_estate(lab.services.estate_lab.repository).estate
    mount = estate.machine_by_name[NAME][1].disks[1].mount
    assert mount is not None
    return mount


# --- looking ----------------------------------------------------------------------------------------------------------


def phases(lab: BackupLab) -> list[tuple[str, str]]:
    """Run and phase of the machine in every run, oldest first, read past our own code."""
    file = lab.services.laboratory.paths.root / "records.sqlite3"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        query = "SELECT m.run_id, phase FROM backup_machines m JOIN backup_runs r USING (run_id) ORDER BY r.started_at"
        return list(connection.execute(query))


def points(lab: BackupLab) -> list[str]:
    """Standing of each copy of the machine, oldest first."""
    with lab.store() as store:
        copies = store.copies.of_machine(KEY)
        standing = standings(copies, (), utc_now())
        return [standing[copy.id] for copy in copies]


def running_jobs(lab: BackupLab) -> list[int]:
    return [job.job_id for job in lab.tape.catalogue.jobs() if job.status in UNFINISHED]


def readers(lab: BackupLab) -> list[int]:
    """Processes that read a disk of this lab for the tape software."""
    found, streams = [], lab.tape.settings.streams_folder
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "read" in command and f"{streams}/{KEY}/disk1.json" in command:
            found.append(int(process.name))
    return found


def nothing_is_left(lab: BackupLab) -> None:
    assert lab.snapshots(NAME) == []
    assert running_jobs(lab) == []
    with lab.store() as store:
        assert store.backups.left_over("lab") == []
        assert store.copies.verify() == []
        assert store.chain.verify().ok


@contextmanager
def backup_beside(lab: BackupLab) -> Iterator[Future[BackupOutcome]]:
    """A backup that runs while the test breaks something."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lab.backup)


def while_it_reads(lab: BackupLab, future: Future[BackupOutcome]) -> None:
    def reads() -> bool:
        # A reader of a job that was broken before may still be ending while this run only logs in.
        return bool(readers(lab)) and bool(phases(lab)) and phases(lab)[-1][1] == "exporting"

    wait_until(lambda: reads() or future.done(), "the data disk is being read")
    assert not future.done(), "the run was over before anything could be broken"


# --- what breaks while it runs ----------------------------------------------------------------------------------------


def kill_reader(lab: BackupLab) -> None:
    os.kill(readers(lab)[0], signal.SIGKILL)


def local_ports(pid: int) -> list[str]:
    """The near ends of the connections of a process."""
    shown = subprocess.run(["ss", "-tnpH"], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split()[3].rpartition(":")[2] for line in shown if f"pid={pid}," in line]


def cut_stream(lab: BackupLab) -> None:
    """The host breaks the connection off in the middle: its end of the reader's connection is closed."""
    pid = readers(lab)[0]
    wait_until(lambda: bool(local_ports(pid)), "the reader has its connection")
    (port,) = local_ports(pid)
    closed = subprocess.run(
        ["ss", "-K", "-tnH", "dport", "=", f":{port}"], check=True, capture_output=True, text=True
    ).stdout
    assert port in closed


def lose_lease(lab: BackupLab) -> None:
    lab.services.estate_lab.control(VCENTER).add_fault("HttpNfcLeaseProgress", "InvalidState", as_="call")


@pytest.mark.parametrize("break_it", [kill_reader, cut_stream, lose_lease])
def test_a_stream_that_breaks_is_tried_again_on_a_new_snapshot(
    lab: BackupLab, break_it: Callable[[BackupLab], None]
) -> None:
    before = points(lab)
    with backup_beside(lab) as future:
        while_it_reads(lab, future)
        break_it(lab)
        outcome = future.result(400)
    assert outcome.of(NAME).status == "changed", outcome.of(NAME).message
    assert "at attempt 2" in outcome.of(NAME).message
    # The first attempt counts for nothing: one copy more, and it is good.
    assert points(lab) == [*before, "good"]
    nothing_is_left(lab)


def test_a_storage_daemon_that_is_killed_fails_the_machine_and_the_next_run_copies_it(lab: BackupLab) -> None:
    before = points(lab)
    with backup_beside(lab) as future:
        while_it_reads(lab, future)
        lab.tape_laboratory.kill("bacula-sd")
        outcome = future.result(400)
    assert outcome.of(NAME).status == "failed"
    assert outcome.of(NAME).copy is None
    assert points(lab) == before
    assert lab.snapshots(NAME) == []
    lab.tape_laboratory.up(say=lambda _line: None)
    again = lab.backup()
    assert again.of(NAME).status == "changed", again.of(NAME).message
    assert points(lab) == [*before, "good"]
    nothing_is_left(lab)


def test_a_vcenter_that_dies_under_the_export_leaves_a_snapshot_that_the_next_run_removes(lab: BackupLab) -> None:
    before = points(lab)
    with backup_beside(lab) as future:
        while_it_reads(lab, future)
        lab.services.estate_lab.kill_simulator(VCENTER)
        outcome = future.result(400)
    assert outcome.of(NAME).status == "failed"
    assert points(lab) == before
    lab.services.up()
    assert len(lab.snapshots(NAME)) >= 1, "nothing had to be cleaned"
    again = lab.backup()
    assert again.of(NAME).status == "changed", again.of(NAME).message
    assert points(lab) == [*before, "good"]
    nothing_is_left(lab)


def test_a_tape_that_goes_bad_before_it_is_read_back_gives_no_good_copy(lab: BackupLab) -> None:
    before = points(lab)
    with backup_beside(lab) as future:
        known = len(phases(lab))
        wait_until(lambda: len(phases(lab)) > known and phases(lab)[-1][1] == "recorded", "the copy is recorded", 120)
        with lab.store() as store:
            (tape,) = store.copies.of_machine(KEY)[-1].tapes
        file = lab.tape_laboratory.library.cartridge(tape)
        lab.tape_laboratory.library.damage(tape, file.stat().st_size - 60_000_000)
        outcome = future.result(400)
    # The first copy of this run cannot be read and does not count; the second attempt lies behind it on the tape.
    assert points(lab)[len(before)] == "failed"
    assert outcome.of(NAME).status == "changed", outcome.of(NAME).message
    assert points(lab) == [*before, "failed", "good"]
    nothing_is_left(lab)


# --- kill -9 of the controller ----------------------------------------------------------------------------------------


def in_phase(lab: BackupLab, *wanted: str) -> Callable[[], bool]:
    known = len(phases(lab))
    return lambda: len(phases(lab)) > known and phases(lab)[-1][1] in wanted


def kill_when(lab: BackupLab, reached: Callable[[], bool], what: str) -> None:
    with lab.services.estate_lab.playbook_in_background("backup", "--limit", NAME) as process:
        wait_until(lambda: reached() or process.poll() is not None, what, 120)
        assert process.poll() is None, "the run was over before it could be killed"
        kill_tree(process)


def next_run_finishes(lab: BackupLab, dead: str, good: int) -> BackupOutcome:
    """The next run says that the other died, cleans, and copies; so many copies more are good afterwards."""
    before = points(lab)
    outcome = lab.backup()
    assert outcome.interrupted == [dead]
    assert any(f"run {dead}" in note and "died before its end" in note for note in outcome.notes)
    assert outcome.of(NAME).status == "changed", outcome.of(NAME).message
    assert "awaiting" not in points(lab)
    assert points(lab).count("good") == before.count("good") + good
    nothing_is_left(lab)
    return outcome


def test_killed_while_the_snapshot_is_taken(lab: BackupLab) -> None:
    control = lab.services.estate_lab.control(VCENTER)
    control.set_delays(tasks={"CreateSnapshot": 1500})
    lab.services.estate_lab.reset_counters()
    asked = "CreateSnapshot_Task"
    kill_when(lab, lambda: lab.services.estate_lab.methods(VCENTER).get(asked, 0) >= 1, "a snapshot is asked for")
    control.set_delays()
    wait_until(lambda: len(lab.snapshots(NAME)) == 1, "vCenter has taken the snapshot all the same")
    (dead, phase) = phases(lab)[-1]
    assert phase == "snapshot"
    next_run_finishes(lab, dead, 1)


def test_killed_while_it_exports(lab: BackupLab) -> None:
    kill_when(lab, lambda: bool(readers(lab)), "the data disk is being read")
    (dead, phase) = phases(lab)[-1]
    assert phase == "exporting"
    assert len(lab.snapshots(NAME)) == 1
    next_run_finishes(lab, dead, 1)


def test_killed_when_it_is_on_tape_and_not_read_back(lab: BackupLab) -> None:
    before = points(lab).count("good")
    kill_when(lab, in_phase(lab, "on-tape", "recorded"), "the machine is on tape")
    (dead, phase) = phases(lab)[-1]
    assert phase in {"on-tape", "recorded"}
    assert points(lab).count("good") == before  # what is on tape only, does not count
    # What was on tape is read back by the next run and counts, beside the copy that this run makes.
    next_run_finishes(lab, dead, 2)


def test_killed_between_its_read_back_and_the_end(lab: BackupLab) -> None:
    control = lab.services.estate_lab.control(VCENTER)
    reached = in_phase(lab, "recorded")

    def then_slow() -> bool:
        # From here on every look at vCenter is slow: the run stands between the proof and its end.
        if reached():
            control.set_delays(all_ms=3000)
        return bool(phases(lab)) and phases(lab)[-1][1] == "read-back"

    kill_when(lab, then_slow, "the copy is read back")
    control.set_delays()
    (dead, phase) = phases(lab)[-1]
    assert phase == "read-back"
    next_run_finishes(lab, dead, 1)
