"""Wait for a job, say why it stands still, and end it when what it needs has died."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import UNFINISHED, JobRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import (
    CatalogueUnreachable,
    ConsoleTimeout,
    DirectorUnreachable,
    JobFailed,
    StorageUnreachable,
    TapeError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs

_FIRST_POLL, _LAST_POLL = 0.1, 0.5
_LOOK_SECONDS = 3.0  # how often the director and the storage daemon are asked
_STILL_SECONDS = 10.0  # a job that moves no byte for so long waits, whatever the director calls it
_PATIENCE_SECONDS = 30.0  # a daemon or database that is being restarted
_FAULTS = re.compile(r"Error|Fatal|Cannot|Please mount|Warning|failed", re.IGNORECASE)


@dataclass(frozen=True)
class JobResult:
    """How a job ended. `good`: only this counts; status T with errors is a failure."""

    job_id: int
    name: str
    status: str
    errors: int
    bytes: int
    files: int
    volumes: tuple[str, ...]
    seconds: float
    log: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Ended, and without a single error."""
        return self.status == "T" and self.errors == 0

    def why(self) -> str:
        """The lines of the log that tell what went wrong."""
        lines = [line.strip() for line in self.log if _FAULTS.search(line)]
        return " | ".join(lines[-4:]) or "the log says nothing"

    def check(self) -> JobResult:
        """Give the result if it is good, else raise JobFailed."""
        if not self.good:
            raise JobFailed(
                f"job {self.job_id} ({self.name}): status {self.status}, {self.errors} errors: {self.why()}"
            )
        return self


def wait(
    tape: TapeJobs,
    job_id: int,
    *,
    seconds: float | None = None,
    media_seconds: float | None = None,
    say: Callable[[str], None] | None = None,
) -> JobResult:
    """Wait until a job has ended and give how.

    `seconds`: cancel it after so long. `media_seconds`: cancel it when it has waited so long for a tape or drive.
    `say` is told why it stands still, once per reason. Raises StorageUnreachable after cancelling when the storage
    daemon has died, DirectorUnreachable and CatalogueUnreachable when they stay away.
    """
    began = looked = time.monotonic()
    pause, away_since = _FIRST_POLL, None
    motion = _Motion(tape, job_id, began)
    while True:
        try:
            record = tape.job(job_id)
            if record.status not in UNFINISHED:
                return _result(tape, record)
            now = time.monotonic()
            if seconds is not None and now - began > seconds:
                return _cancelled(tape, job_id, f"it had not ended after {seconds:.0f} s")
            if now - looked > _LOOK_SECONDS:
                looked = now
                _check_storage(tape, job_id)
                if motion.look(now) and say is not None:
                    say(f"job {job_id} ({record.name}) waits: {motion.reason}")
                if media_seconds is not None and motion.waited(now) > media_seconds:
                    return _cancelled(tape, job_id, f"it has waited {motion.waited(now):.0f} s: {motion.reason}")
            away_since = None
        except (DirectorUnreachable, CatalogueUnreachable):
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > _PATIENCE_SECONDS:
                raise
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_POLL)


class _Motion:
    """Whether a job moves, and what it waits for if it does not. Times are those of the monotonic clock, in seconds."""

    def __init__(self, tape: TapeJobs, job_id: int, now: float) -> None:
        self._tape, self._job_id = tape, job_id
        self._bytes, self._moved_at = -1, now
        self.reason = ""

    def look(self, now: float) -> bool:
        """Ask director and storage daemon; give whether there is a new reason."""
        jobs, devices = self._tape.console.moved()
        size = jobs.get(self._job_id, -1)
        if size != self._bytes:
            self._bytes, self._moved_at = size, now
        found = waits(self._tape.console.running().get(self._job_id, ""))
        if not found and now - self._moved_at > _STILL_SECONDS:
            found = f"no byte has moved for a while ({devices or 'the storage daemon does not say why'})"
        known, self.reason = self.reason, found
        return bool(found) and found != known

    def waited(self, now: float) -> float:
        """How long it has moved nothing; 0 if it moves."""
        return now - self._moved_at if self.reason else 0.0


def waits(text: str) -> str:
    """What a job waits for, from the director's own words ("is waiting for a mount request"); "" if it works."""
    return text if re.search(r"waiting|needs", text) else ""


def storage_answers(tape: TapeJobs) -> bool:
    """Whether the storage daemon accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection(("localhost", tape.settings.ports.storage), timeout=5):
        return True
    return False


def _check_storage(tape: TapeJobs, job_id: int) -> None:
    if not storage_answers(tape):
        with contextlib.suppress(TapeError):
            tape.console.cancel(job_id)
        raise StorageUnreachable(
            f"job {job_id}: the storage daemon has died; the job is cancelled and counts for nothing"
        )


def _cancelled(tape: TapeJobs, job_id: int, why: str) -> JobResult:
    # The director hands the order on and may then wait long for a daemon that is busy with a drive. Whether the job has
    # ended stands in the catalogue.
    with contextlib.suppress(ConsoleTimeout):
        tape.console.cancel(job_id)
    deadline = time.monotonic() + 60
    while (record := tape.job(job_id)).status in UNFINISHED:
        if time.monotonic() > deadline:
            raise JobFailed(f"job {job_id}: {why}; it does not end although it was cancelled")
        time.sleep(_FIRST_POLL)
    result = _result(tape, record)
    raise JobFailed(f"job {job_id} ({record.name}) is cancelled: {why}: {result.why()}")


def _result(tape: TapeJobs, record: JobRecord) -> JobResult:
    ended = (record.ended - record.started).total_seconds() if record.ended and record.started else 0.0
    return JobResult(
        job_id=record.job_id,
        name=record.name,
        status=record.status,
        errors=record.errors,
        bytes=record.bytes,
        files=record.files,
        volumes=record.volumes,
        seconds=ended,
        log=tuple(tape.catalogue.log(record.job_id)),
    )
