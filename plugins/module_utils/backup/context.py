"""What every step of one backup run works with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import Turnstile
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Software
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import BackupRun
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import JobDefinition, TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

PURPOSE = "backup"


class AttemptFailed(Exception):
    """One attempt to copy a machine failed; the message is one line and says at what."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One run under its lock. `clock` gives aware times; `say` shows a line to whoever waits."""

    run_id: str
    origin: Origin
    store: Store
    lock: Lease
    tape: TapeJobs
    sessions: Mapping[str, Session]
    policy: BackupRun
    turnstile: Turnstile
    label: SnapshotLabel
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    software: Sequence[Software] = ()
    hardware: Mapping[tuple[str, str], Mapping[str, Any]] | None = None  # by vCenter and managed object id
    # The director reads its jobs anew for one machine at a time.
    defining: threading.Lock = field(default_factory=threading.Lock)

    @property
    def media_seconds(self) -> float:
        """How long a job may wait for a tape or a drive."""
        return self.policy.media_wait_minutes * 60.0

    def manifest_file(self, row: MachineBackup) -> Path:
        """Where the client looks for the manifest of an attempt; the file appears when it is whole."""
        folder = Path(self.tape.settings.streams_folder) / row.machine
        return folder / f"manifest-{row.run_id}-{row.attempt}.content"

    def define(self, jobs: Iterable[JobDefinition]) -> None:
        """Make the director know these jobs; one that it knows already costs nothing."""
        with self.defining:
            self.tape.define(jobs)

    def advance(self, row: MachineBackup, **values: Any) -> MachineBackup:
        """Write where a machine is now, as long as the lock is ours; give its row."""
        self.lock.check()
        after = replace(row, **values)
        self.store.backups.advance(after)
        return after
