"""What a restore reads: the manifest from the tape itself, and which job holds which disk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    Manifest,
    ManifestUnreadable,
    manifest_digest,
    read_manifest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import Choice
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs, to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait

MANIFEST = "manifest"
# A tape that nobody brings must not hold a drive for ever.
MEDIA_SECONDS = 3600.0

Say = Callable[[str], None]


class RestoreFailed(Exception):
    """What was read is not what was written, or cannot be read; the message is one line and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSource:
    """A backup on tape. `jobs`: the job that holds each disk, by its name; `digest`: SHA-256 of the manifest."""

    job_id: int
    manifest: Manifest
    digest: str
    jobs: Mapping[str, int]
    copy_id: int | None = None


def silent(_text: str) -> None:
    """Say nothing."""


def source_of(
    tape: TapeJobs, store: Store, choice: Choice, *, say: Say = silent, media_seconds: float = MEDIA_SECONDS
) -> RestoreSource:
    """The backup that was chosen: its manifest is read from the tape and must be the one that the records know.

    Raises RestoreFailed: the manifest is another one, or a disk that it refers to is in none of the copies.
    """
    recorded = store.copies.jobs([choice.copy.id])[choice.copy.id]
    source = source_of_job(
        tape, job_number(recorded.job), digest=recorded.manifest_digest, say=say, media_seconds=media_seconds
    )
    jobs = dict(source.jobs)
    if not all(disk.stored for disk in source.manifest.disks):
        jobs |= _referred(tape, store, choice.needed, source.manifest, say=say, media_seconds=media_seconds)
    missing = sorted({disk.name for disk in source.manifest.disks} - set(jobs))
    if missing:
        raise RestoreFailed(f"{source.manifest.backup}: {', '.join(missing)} lies in no copy that is left")
    return RestoreSource(
        job_id=source.job_id, manifest=source.manifest, digest=source.digest, jobs=jobs, copy_id=choice.copy.id
    )


def source_of_job(
    tape: TapeJobs,
    job_id: int,
    *,
    digest: str | None = None,
    say: Say = silent,
    media_seconds: float = MEDIA_SECONDS,
) -> RestoreSource:
    """A backup by the number of its job alone: for tapes whose records are lost, then without a digest."""
    content = read_stream(tape, job_id, MANIFEST, say=say, media_seconds=media_seconds)
    try:
        manifest = read_manifest(content, digest=digest)
    except ManifestUnreadable as error:
        raise RestoreFailed(f"job {job_id}: {error}") from error
    jobs = {disk.name: job_id for disk in manifest.disks if disk.stored}
    return RestoreSource(job_id=job_id, manifest=manifest, digest=manifest_digest(content), jobs=jobs)


def read_stream(
    tape: TapeJobs, job_id: int, stream: str, *, say: Say = silent, media_seconds: float = MEDIA_SECONDS
) -> bytes:
    """One small stream of a job, read from its tape through decryption; the others are not read."""
    # In a folder of the backup server's own: its client writes there, with the rights that it has.
    root = Path(tape.settings.streams_folder)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=root) as folder:
        file = Path(folder) / stream
        run_restore_job(tape, job_id, {stream: to_file(file)}, only=stream, say=say, media_seconds=media_seconds)
        try:
            return file.read_bytes()
        except OSError as error:
            raise RestoreFailed(f"job {job_id}: {stream} was not on the tape ({error.strerror})") from error


def run_restore_job(
    tape: TapeJobs,
    job_id: int,
    targets: Mapping[str, dict[str, object]],
    *,
    only: str = "",
    say: Say = silent,
    media_seconds: float = MEDIA_SECONDS,
) -> None:
    """Restore streams of a job and wait; RestoreFailed with what the tape software and the streams say."""
    name = tape.job(job_id).name
    try:
        result = wait(tape, tape.restore(job_id, targets, only=only), media_seconds=media_seconds, say=say)
    except TapeError as error:
        raise RestoreFailed(str(error)) from error
    told = tape.streams(name, restored=True)
    wrong = [f"{stream}: {told[stream].error}" for stream in targets if stream in told and not told[stream].ok]
    silent_ones = [stream for stream in targets if stream not in told]
    if wrong or silent_ones or not result.good:
        reason = "; ".join([*wrong, *(f"{stream}: nothing came" for stream in silent_ones)]) or result.why()
        raise RestoreFailed(
            f"job {job_id} ({name}) cannot be read from {', '.join(tape.job(job_id).volumes) or 'its tapes'}: {reason}"
            f"{'' if result.good else f' [{result.why()}]'}"
        )


def verify_copy(
    tape: TapeJobs, source: RestoreSource, *, say: Say = silent, media_seconds: float = MEDIA_SECONDS
) -> None:
    """Read every disk of a backup from its tapes to a hash; RestoreFailed if it is not that of the manifest.

    Nothing is kept of what is read. Disks that the backup only refers to are read from the copies that hold them.
    """
    for job_id in dict.fromkeys(source.jobs.values()):
        targets: dict[str, dict[str, object]] = {}
        for disk in source.manifest.disks:
            if source.jobs[disk.name] == job_id:
                targets[disk.name] = {"target": {"discard": True}, "expected_sha256": disk.sha256}
        for stream, target in targets.items():
            run_restore_job(tape, job_id, {stream: target}, only=stream, say=say, media_seconds=media_seconds)


def job_number(job: str) -> int:
    """The number of a job as a copy names it. RestoreFailed if it is none."""
    if not job.isdigit():
        raise RestoreFailed(f"the records name the job {job!r}, which is no number of the tape software's catalogue")
    return int(job)


def with_references(
    tape: TapeJobs, source: RestoreSource, *, say: Say = silent, media_seconds: float = MEDIA_SECONDS
) -> RestoreSource:
    """The same with the jobs of its unchanged disks, by the catalogue and the manifests on the tapes alone.

    Earlier jobs of the machine are asked which backup they are, newest first, until every disk is found. RestoreFailed
    names the backup that is on no tape which the catalogue knows.
    """
    jobs = dict(source.jobs)
    missing = {disk.name: disk for disk in source.manifest.disks if not disk.stored}
    others = [job.job_id for job in tape.catalogue.jobs(name=source.manifest.machine_key) if job.kind in {"B", "C"}]
    for job_id in sorted(others, reverse=True):
        if not missing:
            break
        if job_id == source.job_id:
            continue
        try:
            other = source_of_job(tape, job_id, say=say, media_seconds=media_seconds)
        except RestoreFailed as error:
            say(f"job {job_id} is passed over: {error}")
            continue
        for name in [name for name, disk in missing.items() if disk.same_as == other.manifest.backup]:
            if name in other.jobs:
                jobs[name] = job_id
                del missing[name]
    if missing:
        wanted = ", ".join(sorted({str(disk.same_as) for disk in missing.values()}))
        raise RestoreFailed(
            f"{', '.join(missing)} of {source.manifest.backup} was unchanged and lies in {wanted}, of which the "
            "catalogue has no job: rebuild it from the tapes of that backup as well"
        )
    return replace(source, jobs=jobs)


def _referred(
    tape: TapeJobs, store: Store, needed: tuple[Copy, ...], manifest: Manifest, *, say: Say, media_seconds: float
) -> dict[str, int]:
    """The jobs of disks that were unchanged: each needed copy is asked which backup it is."""
    found: dict[str, int] = {}
    for job in store.copies.jobs([copy.id for copy in needed]).values():
        other = source_of_job(
            tape, job_number(job.job), digest=job.manifest_digest, say=say, media_seconds=media_seconds
        )
        held = {disk.name for disk in other.manifest.disks if disk.stored}
        for disk in manifest.disks:
            if disk.same_as == other.manifest.backup and disk.name in held:
                found[disk.name] = other.job_id
    return found
