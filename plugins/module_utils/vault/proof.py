"""A job read back from its tapes, judged by the manifest that lies beside it and by nothing that was kept elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    Manifest,
    ManifestUnreadable,
    compare_disks,
    read_manifest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs, to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait

MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a read-back showed. `job_id`: the job that read; `why`: what is wrong, "" if it is good."""

    job_id: int
    why: str
    manifest: Manifest | None = None

    @property
    def good(self) -> bool:
        """Every stream came back as the manifest says, and the manifest is the one of the records."""
        return not self.why


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

    `scratch`: folder of the client's host for the manifest. Raises TapeError where the tape software does not answer.
    """
    streams = tape.catalogue.streams(job_id)
    if MANIFEST not in streams:
        return Proof(0, f"job {job_id} has no stream {MANIFEST} in the catalogue: nothing says what it must hold")
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = scratch / f"manifest-{job_id}.json"
    targets = {stream: {"target": {"discard": True}} for stream in streams}
    targets[MANIFEST] = to_file(file, expected_sha256=manifest_digest)
    reading = tape.restore(job_id, targets)
    try:
        result = wait(tape, reading, seconds=seconds, media_seconds=media_seconds)
        if not result.good:
            return Proof(reading, f"status {result.status}, {result.errors} errors: {result.why()}")
        manifest = read_manifest(file.read_bytes(), digest=manifest_digest)
    except (JobFailed, ManifestUnreadable, OSError) as error:
        return Proof(reading, str(error))
    finally:
        file.unlink(missing_ok=True)
    measured = {
        name: (status.bytes, status.sha256)
        for name, status in tape.streams(tape.job(job_id).name, restored=True).items()
        if name != MANIFEST
    }
    stored = msgspec.structs.replace(manifest, disks=tuple(disk for disk in manifest.disks if disk.stored))
    return Proof(reading, "; ".join(compare_disks(stored, measured)), manifest)
