"""One attempt to bring one machine to tape: snapshot, lease, streams and manifest in one job, snapshot removed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.begin import job_of
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import AttemptFailed, RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.earlier_jobs import end_earlier_jobs
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.last_stream import LastStream
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.referring import Referring
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import Claim
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.snapshots import remove_of_run
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import DiskDecision, Reference
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import StreamStatus, from_file, from_url
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import JobResult, wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.clients import keys_in_use
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.export import ExportLease, open_export
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import create_snapshots

# The manifest is written as soon as the last disk has ended; whoever should write it is dead after so long.
_MANIFEST_SECONDS = 300.0


def bring_to_tape(run: RunContext, item: Item, row: MachineBackup, machine_yaml: str) -> MachineBackup:
    """Wait for a turn and make one attempt; give the row in phase on-tape, or where it stopped with its `problem`.

    The snapshot is removed whatever happened; one that cannot be removed is found by its label later. Raises
    RecordsError alone: the lock or the records are lost, and the run must end.
    """
    claim = Claim(machine=item.machine.name, pool=item.pool, datastores=item.datastores)
    with run.turnstile.turn(claim):
        attempt = _Attempt(run, item, row, machine_yaml)
        try:
            attempt.make()
        except (AttemptFailed, TapeError) as error:
            attempt.row = run.advance(attempt.row, problem=str(error))
        except VCenterError as error:
            attempt.row = run.advance(attempt.row, problem=message_of(error))
        finally:
            with contextlib.suppress(VCenterError):  # the sweep at the end of the run tries again and tells
                remove_of_run(run.sessions[item.vcenter], [item.observed.reference], run.run_id)
        if attempt.row.phase == "on-tape":
            attempt.keep_mark()
    if attempt.row.problem:
        run.say(f"FAILED {item.machine.name}, attempt {attempt.row.attempt}: {attempt.row.problem}")
    return attempt.row


class _Attempt:
    """The steps, and the row after the last of them."""

    def __init__(self, run: RunContext, item: Item, row: MachineBackup, machine_yaml: str) -> None:
        self.row = row
        self._run = run
        self._item = item
        self._yaml = machine_yaml
        self._references: dict[str, Reference] = {}
        self._referring = (
            Referring(run.sessions[item.vcenter], run.store, item, run.policy.reference_days)
            if item.may_refer
            else None
        )

    def make(self) -> None:
        run, item = self._run, self._item
        end_earlier_jobs(run, self.row)
        self.row = run.advance(self.row, phase="snapshot")
        session = run.sessions[item.vcenter]
        self._look_before()
        # What is off has nothing to write out; what is on is never copied without.
        quiesce = item.observed.power == "on"
        (done,) = create_snapshots(session, [item.observed.reference], run.label, quiesce=quiesce)
        if done.error or done.snapshot is None:
            raise AttemptFailed(f"snapshot: {done.error or 'vCenter gives none'}")
        taken_at, began = run.clock(), time.monotonic()
        run.say(f"{item.machine.name}: snapshot taken")
        with open_export(session, done.snapshot) as lease:
            lease.keep_alive(run.policy.lease_seconds)
            if len(lease.disks) != len(item.observed.disks):
                raise AttemptFailed(
                    f"it has {len(lease.disks)} disks now and had {len(item.observed.disks)}: run the backup again"
                )
            self._refer(done.snapshot, lease)
            manifest = self._run_job(lease, taken_at, quiesce)
        self._hold_against(manifest, lease, time.monotonic() - began)

    def keep_mark(self) -> None:
        """Keep how the machine stands without our snapshot; what vCenter does not tell, the next run writes anew."""
        if self._referring is not None:
            with contextlib.suppress(VCenterError):
                self.row = self._run.advance(self.row, mark=self._referring.look_after())

    def _look_before(self) -> None:
        try:
            if self._referring is not None:
                self._referring.look_before()
        except VCenterError as error:
            self._write_whole(error)

    def _write_whole(self, error: VCenterError) -> None:
        """Where vCenter does not tell what is needed for a proof nothing is lost but time."""
        self._run.say(
            f"{self._item.machine.name}: is written whole, nothing is known of its disks: {message_of(error)}"
        )
        self._referring = None

    def _refer(self, snapshot: str, lease: ExportLease) -> None:
        """Decide which disks are not written again, and let the job have the others alone."""
        run, item = self._run, self._item
        decisions: tuple[DiskDecision, ...] = ()
        try:
            if self._referring is not None:
                keys = [disk.device_key for disk in lease.disks]
                decisions = self._referring.decide(snapshot, keys, run.clock())
        except VCenterError as error:
            self._write_whole(error)
        self._references = {each.stream: each.reference for each in decisions if each.reference is not None}
        for each in decisions:
            if each.reference is not None:
                run.say(f"{item.machine.name}: {each.stream} is not written, {each.why}: as in {each.reference.backup}")
        run.define([job_of(item, self.row, self._written)])

    @property
    def _written(self) -> tuple[str, ...]:
        """Streams of the job: the disks that are written, and the manifest."""
        return tuple(name for name in self._item.streams if name not in self._references)

    def _run_job(self, lease: ExportLease, taken_at: datetime, quiesced: bool) -> tuple[JobResult, str]:
        """Queue the job and see it through; give its result and the digest of the manifest that it holds."""
        run, item, tape = self._run, self._item, self._run.tape
        file = run.manifest_file(self.row)
        ca_file = run.sessions[item.vcenter].endpoint.ca_file
        if ca_file is None:
            raise AttemptFailed(f"{item.vcenter}: an export is read with the file of its authority (ca_file) alone")
        sources = {
            name: from_url(disk.url, ca_file=Path(ca_file))
            for name, disk in zip(item.streams, lease.disks, strict=False)
            if name in self._written
        }
        job_id = tape.backup(item.machine.key, {**sources, "manifest": from_file(file, wait_seconds=_MANIFEST_SECONDS)})
        try:
            self.row = run.advance(self.row, phase="exporting", job_id=job_id, taken_at=taken_at)
            last = LastStream(
                run,
                item,
                lease,
                job_id=job_id,
                file=file,
                taken_at=taken_at,
                quiesced=quiesced,
                machine_yaml=self._yaml,
                references=self._references,
            )
            return self._see_through(job_id, last), last.digest
        except BaseException:
            with contextlib.suppress(TapeError):
                tape.console.cancel(job_id)
            file.touch(mode=0o600)  # a client that still waits for it lets go
            raise
        finally:
            file.unlink(missing_ok=True)

    def _see_through(self, job_id: int, last: LastStream) -> JobResult:
        """Wait until the job has ended; raise the cause if it did not end well."""
        run, failure, result = self._run, None, None
        with last:
            try:
                result = wait(
                    run.tape,
                    job_id,
                    media_seconds=run.media_seconds,
                    say=lambda text: run.say(f"{self._item.machine.name}: {text}"),
                )
            except TapeError as error:
                failure = error
        if last.problem:  # the cause; that the job was cancelled is the effect
            raise AttemptFailed(last.problem)
        if result is None:
            raise failure or AttemptFailed(f"job {job_id} did not end")
        return result.check()

    def _require(self, key: KeyInUse) -> None:
        """A client that was started anew meanwhile may have read another key: the records must name the right one."""
        run, segment = self._run, self._item.system.segment
        if run.tape.console.client_started(key.client) == key.started:
            return
        now = keys_in_use(run.tape, run.store.tape_keys.statuses(), [segment])[segment]
        if isinstance(now, Text) or now.key_id != key.key_id:
            raise AttemptFailed(
                f"client {key.client} was started anew since this run began with {key.key_id}, and it is not sure that "
                "it still has this key: run the backup again"
            )

    def _hold_against(self, written: tuple[JobResult, str], lease: ExportLease, seconds: float) -> None:
        """Nothing is believed: what the streams measured must be there, whole, and the manifest the one we wrote."""
        (result, digest), run, item = written, self._run, self._item
        if item.key is not None:
            self._require(item.key)
        measured = run.tape.streams(item.machine.key)
        missing = [name for name in self._written if name not in measured or not measured[name].ok]
        if missing or not digest or measured["manifest"].sha256 != digest:
            raise AttemptFailed(
                f"job {result.job_id} ended well, but not its streams: {', '.join(missing) or 'manifest'}"
            )
        if not result.volumes:
            raise AttemptFailed(f"job {result.job_id} is on no tape")
        keys = [*(disk.device_key for disk in lease.disks), None]
        streams = tuple(self._record(name, measured, key) for name, key in zip(item.streams, keys, strict=True))
        size = sum(stream.bytes for stream in streams if stream.held_by is None)
        self.row = run.advance(
            self.row,
            phase="on-tape",
            tapes=result.volumes,
            streams=streams,
            manifest_digest=digest,
            size_bytes=size,
            seconds=round(seconds, 2),
            problem="",
        )
        run.say(f"{item.machine.name}: {size / 1e6:.1f} MB on {', '.join(result.volumes)} in {seconds:.0f} s")

    def _record(self, name: str, measured: Mapping[str, StreamStatus], key: int | None) -> StreamRecord:
        reference = self._references.get(name)
        if reference is None:
            return StreamRecord(name=name, sha256=measured[name].sha256, bytes=measured[name].bytes, disk_key=key)
        return StreamRecord(
            name=name,
            sha256=reference.sha256,
            bytes=reference.bytes,
            disk_key=key,
            held_by=reference.restore_point,
        )
