"""The last copy of a machine: made by the backup verb, proven by reading it back from its tapes once more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


class LastCopies(Protocol):
    """Writes copies to tape and reads them back. What it wrote stands in the records."""

    def back_up(self, names: Collection[str]) -> Mapping[str, str]:
        """Copy machines (by name) to tape and compare; give why not by name, "" where it went well."""

    def read_back(self, job: str, manifest_digest: str) -> str:
        """Read a copy from its tapes and compare every stream with its manifest; "" if it is equal, else why not.

        Raises VerbRefused where nothing could be read, which says nothing about the copy.
        """


@dataclass(frozen=True, slots=True)
class TapeCopies:
    """The real one. `now` is the moment that the run was given, None for the present."""

    target: Target
    tape_settings: Path | None
    scratch: Path
    now: datetime | None

    def back_up(self, names: Collection[str]) -> Mapping[str, str]:
        """By the backup verb, which also reads back what it wrote."""
        from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import FINAL, run_backup

        outcome = run_backup(self.target, self._settings(), names=sorted(names), purpose=FINAL, now=self.now)
        found = {each.name: each for each in outcome.machines}
        return {
            name: "" if name in found and found[name].status == "changed" else _why(found.get(name)) for name in names
        }

    def read_back(self, job: str, manifest_digest: str) -> str:
        """From the tapes alone: the manifest that lies beside the disks must be that of the records."""
        from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
        from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
        from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
        from ansible_collections.kyotsu.platform.plugins.module_utils.vault.proof import read_back_job

        try:
            tape = TapeJobs(TapeSettings.read(self._settings()))
            return read_back_job(tape, int(job), manifest_digest, scratch=self.scratch).why
        except TapeError as error:
            raise VerbRefused(f"the last copy could not be read: {error}; run the same command again") from error

    def _settings(self) -> Path:
        if self.tape_settings is None or not self.tape_settings.is_file():
            raise VerbRefused(
                f"the last copy goes to tape, and no tape software is there ({self.tape_settings or 'kyotsu_tape'}): "
                "in a lab start it with `make lab-up TAPE=yes`, then run the same command again"
            )
        return self.tape_settings


def _why(machine: object) -> str:
    return str(getattr(machine, "message", "the backup says nothing of it"))


def newest_copy(store: Store, machine: str, since: datetime) -> Copy | None:
    """The newest copy on site that was taken of a machine since its quarantine and read back well.

    It holds every disk itself: what only refers to an older copy is no last copy.
    """
    found = [
        copy
        for copy in store.copies.of_machine(machine)
        if not copy.offsite
        and copy.released_at is None
        and copy.read_back_ok
        and not copy.needs
        and copy.taken_at >= since
    ]
    return max(found, key=lambda copy: copy.id, default=None)


def is_good(store: Store, copy_id: int, machine: str, as_of: datetime) -> bool:
    """Whether a copy was read back well, its tapes can be read, and everything that it needs is there."""
    family = store.copies.of_machine(machine)
    unreadable = unreadable_tapes(store.custody.statuses({tape for copy in family for tape in copy.tapes}).values())
    return standings(family, unreadable, as_of).get(copy_id) == "good"


def offsite_copy(store: Store, copy_id: int, machine: str, as_of: datetime) -> Copy | None:
    """The good copy off site of the same restore point, which the vault makes with its next order."""
    family = store.copies.of_machine(machine)
    original = next((copy for copy in family if copy.id == copy_id), None)
    for copy in family:
        same = original is not None and copy.offsite and copy.restore_point == original.restore_point
        if same and is_good(store, copy.id, machine, as_of):
            return copy
    return None
