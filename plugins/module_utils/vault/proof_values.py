"""What a read-back showed, of disks or of files, and how its job ended."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Manifest
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait


@dataclass(frozen=True, slots=True)
class Proof:
    """What a read-back showed. `job_id`: the job that read; `why`: what is wrong, "" if it is good.

    `differs`: the tape was read well, and a file on it is not what the list says, since it was written to meanwhile.
    """

    job_id: int
    why: str
    manifest: Manifest | None = None
    differs: bool = False

    @property
    def good(self) -> bool:
        """Every stream came back as the manifest says, and the manifest is the one of the records; so every file."""
        return not self.why


def failure_of(tape: TapeJobs, reading: int, *, seconds: float | None, media_seconds: float) -> Proof | None:
    """Wait for a job that reads; give why it proves nothing, None if it ended well. Raises TapeError."""
    try:
        result = wait(tape, reading, seconds=seconds, media_seconds=media_seconds)
    except JobFailed as error:
        return Proof(reading, str(error))
    return None if result.good else Proof(reading, f"status {result.status}, {result.errors} errors: {result.why()}")
