"""One source of files to tape and back to its list: the agent reads them where they lie, nothing passes a snapshot."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import AttemptFailed, RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.earlier_jobs import end_earlier_jobs
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.file_choice import SourceItem
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.proof import prove, record
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.rounds import side_by_side
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import Claim
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_jobs import (
    FileJob,
    FileJobs,
    announced,
    unlisted,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import JobResult, wait

# How the records call what a source writes, where a machine has its disks.
FILES = "files"


def row_of(run_id: str, item: SourceItem) -> MachineBackup:
    """The row of a source in a run; it has no vCenter and no identity there."""
    return MachineBackup(
        run_id=run_id,
        machine=item.source.key,
        name=item.source.key,
        system=item.system.id,
        vcenter="",
        instance_uuid="",
        backup_class=item.source.backup_class,
        pool=item.pool,
        client=item.source.client,
        key_id=item.key.key_id,
    )


def run_sources(
    run: RunContext,
    items: Sequence[SourceItem],
    rows: Mapping[str, MachineBackup],
    refill: Callable[[Sequence[SourceItem]], None],
) -> dict[str, MachineBackup]:
    """Copy the sources in at most `attempts` rounds and read each back; give the last row of each by its key.

    `refill` gives the pools tapes for a further round: one on which something could not be read is not written again.
    """
    done = {item.source.key: rows[item.source.key] for item in items}
    pending = sorted(items, key=lambda item: (item.pool, item.source.key))
    for attempt in range(1, run.policy.attempts + 1):
        if attempt > 1:
            refill(pending)
        work = [
            (item, replace(done[item.source.key], attempt=attempt, problem="", phase="waiting")) for item in pending
        ]
        done |= {row.machine: row for row in side_by_side(lambda each: _write(run, *each), work)}
        recorded = [row for row in done.values() if row.phase == "recorded" and not row.problem]
        done |= {row.machine: row for row in side_by_side(lambda row: prove(run, row), recorded)}
        pending = [item for item in pending if done[item.source.key].phase not in {"read-back", "recorded", "on-tape"}]
        if not pending:
            break
    return {key: _ended(run, row) for key, row in done.items()}


def _ended(run: RunContext, row: MachineBackup) -> MachineBackup:
    """Bring a row to its end; what is on tape and not read back yet is left to the next run."""
    if row.phase == "read-back":
        return run.advance(row, phase="cleaned")
    return row if row.phase in {"on-tape", "recorded"} else run.advance(row, phase="failed")


def _write(run: RunContext, item: SourceItem, row: MachineBackup) -> MachineBackup:
    with run.turnstile.turn(Claim(machine=row.name, pool=row.pool)):
        try:
            row = _attempt(run, item, row)
        except (AttemptFailed, TapeError) as error:
            row = run.advance(row, problem=str(error))
    if row.problem:
        run.say(f"FAILED {row.name}, attempt {row.attempt}: {row.problem}")
        return row
    return record(run, row)


def _attempt(run: RunContext, item: SourceItem, row: MachineBackup) -> MachineBackup:
    """List, read and write; give the row in phase on-tape. Raises AttemptFailed, TapeError."""
    end_earlier_jobs(run, row)
    run.tape.console.client_started(row.client)  # in a second, where a job would wait for it
    source, jobs = item.source, FileJobs(run.tape)
    job = FileJob(
        name=row.machine,
        client=row.client,
        pool=row.pool,
        source=source.id,
        paths=source.paths,
        excludes=source.excludes,
        compression=item.compression,
    )
    with run.defining:
        jobs.define(job)
    taken_at, began = run.clock(), time.monotonic()
    job_id = jobs.backup(row.machine)
    try:
        row = run.advance(row, phase="exporting", job_id=job_id, taken_at=taken_at)
        run.say(f"{row.name}: {item.where} lists and reads its files (job {job_id})")
        result = wait(
            run.tape,
            job_id,
            media_seconds=run.media_seconds,
            say=lambda text: run.say(f"{row.name}: {text}"),
        )
    except BaseException:
        with contextlib.suppress(TapeError):
            run.tape.console.cancel(job_id)
        raise
    return _on_tape(run, row, result, time.monotonic() - began)


def _on_tape(run: RunContext, row: MachineBackup, result: JobResult, seconds: float) -> MachineBackup:
    if not result.good:
        # What the agent could not list is the cause; that the job failed is the effect.
        raise AttemptFailed(unlisted(result.log) or _why(result))
    listed = announced(result.log)
    if not result.volumes:
        raise AttemptFailed(f"job {result.job_id} is on no tape")
    row = run.advance(
        row,
        phase="on-tape",
        tapes=result.volumes,
        streams=(StreamRecord(name=FILES, sha256=listed.sha256, bytes=listed.bytes),),
        manifest_digest=listed.sha256,
        size_bytes=listed.bytes,
        seconds=round(seconds, 2),
        problem="",
    )
    size = f"{listed.files} files, {listed.bytes / 1e6:.1f} MB"
    run.say(f"{row.name}: {size} on {', '.join(result.volumes)} in {seconds:.0f} s")
    return row


def _why(result: JobResult) -> str:
    return f"job {result.job_id}: status {result.status}, {result.errors} errors: {result.why()}"
