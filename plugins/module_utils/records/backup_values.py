"""What the records know of backup runs: small frozen values. Sizes are bytes, times are aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import MachineMark

# In this order; `failed` and `cleaned` are ends. On tape: the job ended well and every hash is known; recorded: the
# copy is in the records and does not count yet; read back: it counts; cleaned: no snapshot of the run is left.
Phase = Literal["waiting", "snapshot", "exporting", "on-tape", "recorded", "read-back", "cleaned", "failed"]
ENDED: frozenset[Phase] = frozenset({"cleaned", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord:
    """One stream of a copy, in their order: a disk by its device key in vCenter, or (None) the manifest.

    `held_by`: restore point that holds the bytes of an unchanged disk, which was not written again; None: this job.
    """

    name: str
    sha256: str
    bytes: int
    disk_key: int | None = None
    held_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineBackup:
    """One machine in one run. `job_id` and what follows it are of the last attempt.

    `mark`: how it stood right after it was copied, where that lets a later run prove that a disk is unchanged.
    """

    run_id: str
    machine: str  # permanent key
    name: str
    system: str
    vcenter: str
    instance_uuid: str
    backup_class: str
    pool: str
    client: str
    key_id: str | None
    phase: Phase = "waiting"
    attempt: int = 1
    job_id: int | None = None
    taken_at: datetime | None = None
    tapes: tuple[str, ...] = ()
    streams: tuple[StreamRecord, ...] = ()
    manifest_digest: str | None = None
    size_bytes: int = 0  # of all streams that were written, before compression
    seconds: float = 0.0  # from the snapshot until the job ended
    copy_id: int | None = None
    restore_point: int | None = None
    problem: str = ""
    mark: MachineMark | None = None

    @property
    def of_files(self) -> bool:
        """Whether it is a source of files, which no vCenter knows: its one stream is the list of their hashes."""
        return not self.vcenter

    @property
    def expected(self) -> dict[str, str]:
        """Stream -> SHA-256 of what the job holds: what a read-back compares with."""
        return {stream.name: stream.sha256 for stream in self.streams if stream.held_by is None}

    @property
    def needs(self) -> tuple[int, ...]:
        """Restore points that hold its unchanged disks."""
        return tuple(sorted({stream.held_by for stream in self.streams if stream.held_by is not None}))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRun:
    """One run; `finished_at` and `outcome` are None while it works or when it died."""

    run_id: str
    environment: str
    purpose: str
    actor: str
    host: str
    commit: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    machines: tuple[MachineBackup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCopy:
    """Where the content of one copy is: its tapes, its job in the tape software, its streams in their order."""

    copy_id: int
    restore_point: int
    machine: str  # permanent key
    machine_name: str
    system: str
    instance_uuid: str
    taken_at: datetime
    pool: str
    offsite: bool
    tapes: tuple[str, ...]
    job_id: int
    client: str
    streams: tuple[StreamRecord, ...]
    manifest_digest: str

    def expected(self) -> dict[str, str]:
        """Stream -> SHA-256 of what the job holds: what a read-back compares with."""
        return {stream.name: stream.sha256 for stream in self.streams if stream.held_by is None}
