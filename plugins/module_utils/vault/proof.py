"""A job read back from its tapes, judged by the manifest that lies beside it and by nothing that was kept elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    ManifestUnreadable,
    compare_disks,
    read_manifest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs, to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.file_proof import is_of_files, read_back_files
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof_values import Proof, failure_of

MANIFEST = "manifest"


def read_back_job(
    tape: TapeJobs,
    job_id: int,
    manifest_digest: str,
    *,
    scratch: Path,
    seconds: float | None = None,
    media_seconds: float = 60,
) -> Proof:
    """Read a job (a backup or a copy) as a whole, through decryption; keep the manifest, discard the disks.

    `scratch`: folder of the client's host for the manifest. Files that an agent has written are compared one by one.
    Raises TapeError where the tape software does not answer.
    """
    if is_of_files(tape, job_id):
        return read_back_files(
            tape, job_id, manifest_digest, scratch=scratch, seconds=seconds, media_seconds=media_seconds
        )
    wanted = _Wanted(job_id, manifest_digest, scratch)
    if not wanted.lists_manifest(tape):
        return wanted.without_manifest()
    try:
        reading = tape.restore(job_id, wanted.targets(tape))
        failure = failure_of(tape, reading, seconds=seconds, media_seconds=media_seconds)
        return failure or wanted.judged(tape, reading)
    finally:
        wanted.file.unlink(missing_ok=True)


def read_back_jobs(
    tape: TapeJobs, digests: Mapping[int, str], *, scratch: Path, media_seconds: float = 60
) -> dict[int, Proof]:
    """The same of several jobs (id -> digest of its manifest) of as many machines, by one job that reads their tapes.

    A reader that meets something bad says nothing of the others, so each is then read by a job of its own.
    """
    wanted = [_Wanted(job_id, digest, scratch) for job_id, digest in digests.items() if not is_of_files(tape, job_id)]
    proofs = {each.job_id: each.without_manifest() for each in wanted if not each.lists_manifest(tape)}
    wanted = [each for each in wanted if each.job_id not in proofs]
    if len(wanted) > 1:
        try:
            reading = tape.restore_all({each.job_id: each.targets(tape) for each in wanted})
            with contextlib.suppress(JobFailed):
                if wait(tape, reading, media_seconds=media_seconds).good:
                    proofs |= {each.job_id: each.judged(tape, reading) for each in wanted}
        finally:
            for each in wanted:
                each.file.unlink(missing_ok=True)
    for job_id, digest in digests.items():
        if job_id not in proofs:
            proofs[job_id] = read_back_job(tape, job_id, digest, scratch=scratch, media_seconds=media_seconds)
    return {job_id: proofs[job_id] for job_id in digests}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A job that is read: `digest` of its manifest by the records, `scratch` for the manifest as it came from tape."""

    job_id: int
    digest: str
    scratch: Path

    @property
    def file(self) -> Path:
        """Where the manifest comes to."""
        return self.scratch / f"manifest-{self.job_id}.json"

    def lists_manifest(self, tape: TapeJobs) -> bool:
        """Whether the catalogue knows a manifest of the job."""
        return MANIFEST in tape.catalogue.streams(self.job_id)

    def without_manifest(self) -> Proof:
        """What a job without one proves."""
        why = f"job {self.job_id} has no stream {MANIFEST} in the catalogue: nothing says what it must hold"
        return Proof(0, why)

    def targets(self, tape: TapeJobs) -> dict[str, dict[str, Any]]:
        """Disks are hashed and discarded, the manifest is kept for a moment."""
        self.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        found: dict[str, dict[str, Any]] = {
            stream: {"target": {"discard": True}} for stream in tape.catalogue.streams(self.job_id)
        }
        found[MANIFEST] = to_file(self.file, expected_sha256=self.digest)
        return found

    def judged(self, tape: TapeJobs, reading: int) -> Proof:
        """What a job that ended well has read, against the manifest that it read."""
        try:
            manifest = read_manifest(self.file.read_bytes(), digest=self.digest)
        except (ManifestUnreadable, OSError) as error:
            return Proof(reading, str(error))
        measured = {
            name: (status.bytes, status.sha256)
            for name, status in tape.streams(tape.job(self.job_id).name, restored=True).items()
            if name != MANIFEST
        }
        stored = msgspec.structs.replace(manifest, disks=tuple(disk for disk in manifest.disks if disk.stored))
        return Proof(reading, "; ".join(compare_disks(stored, measured)), manifest)
