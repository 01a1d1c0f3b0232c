"""A backup of files read back from its tapes into a folder, and each file held against the list that lies beside them.

The tape software decrypts what an agent has written only while it restores it, so that the files are there for a
moment: in a folder that nobody but root may enter, removed at once. The client of the segment reads, with the key of
the segment: what comes back proves that this key, which is in escrow, opens it.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_compare import (
    ListUnreadable,
    differences,
    place,
    read_list,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_jobs import FileJobs, list_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof_values import Proof, failure_of


def is_of_files(tape: TapeJobs, job_id: int) -> bool:
    """Whether a job was written by an agent, and holds files instead of streams."""
    with suppress(KeyError):  # of a job that the catalogue does not know nothing is said here
        return tape.catalogue.client(job_id) in tape.settings.agents
    return False


def read_back_files(
    tape: TapeJobs,
    job_id: int,
    list_digest: str,
    *,
    scratch: Path,
    seconds: float | None = None,
    media_seconds: float = 60,
) -> Proof:
    """Read a job (a backup or a copy) as a whole, compare every file, and keep nothing.

    Raises TapeError where the tape software does not answer, or the files have no room below `scratch`.
    """
    folder = scratch / f"files-{job_id}"
    shutil.rmtree(folder, ignore_errors=True)
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)
    try:
        _require_room(tape, job_id, folder)
        reading = FileJobs(tape).restore(job_id, folder)
        failure = failure_of(tape, reading, seconds=seconds, media_seconds=media_seconds)
        if failure is not None:
            return failure
        try:
            written = place(folder, list_file(source_of(tape, job_id)))
            wrong = differences(folder, read_list(written, sha256=list_digest))
            return Proof(reading, "; ".join(wrong), differs=bool(wrong))
        except ListUnreadable as error:
            return Proof(reading, str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def source_of(tape: TapeJobs, job_id: int) -> str:
    """The id of the source that a job of an agent has backed up."""
    return tape.job(job_id).name.removeprefix("files-")


def _require_room(tape: TapeJobs, job_id: int, folder: Path) -> None:
    # Of a job the catalogue knows the bytes after compression; twice as many is what text shrinks to, usually.
    needed, free = 2 * tape.job(job_id).bytes, shutil.disk_usage(folder).free
    if free < needed:
        raise TapeError(
            f"job {job_id} is read back into {folder.parent}, which has {free / 1e9:.1f} GB free and needs about "
            f"{needed / 1e9:.1f}"
        )
