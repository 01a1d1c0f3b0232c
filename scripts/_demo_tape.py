"""The tape part of the demo: what has to be there before one system's backup can leave the house."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import pools_of
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Catalogue
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from lab.paths import LabPaths
from lab.tape.escrow import PEOPLE, ensure_escrow
from lab.tape.paths import TapePaths

__all__ = ["PEOPLE", "SYSTEM", "DemoTape"]

SYSTEM = "s38"  # its owner's backups go to the remote store by the report, and its database is a guest of the demo
_TAPES = 2  # per off-site pool; the system needs one
_FRESH = timedelta(hours=24)


class DemoTape:
    """The tapes, key and copies of the system that the demo backs up."""

    def __init__(self, lab: LabPaths) -> None:
        self._lab = lab
        self._estate = load_estate(REPOSITORY).estate
        self._system = next(each for each in self._estate.systems if each.id == SYSTEM)
        self.pattern = f"system_{SYSTEM}_*"

    def prepare(self) -> None:
        """A key whose escrow is proven: without it nothing is written, and no tape leaves."""
        file = TapePaths(self._lab.root / "tape").keys / f"{self._system.segment}-fd.pem"
        with self._store() as store:
            name = ensure_escrow(store, self._estate.platform, self._system.segment, file, Origin.here(run_id=_run()))
        if name is not None:
            print(f"{name}: split into sheets and read back in memory (the lab has no printer and no safe)")

    def is_fresh(self) -> bool:
        """Whether each machine of the system has a copy of the last day that was read back."""
        since = datetime.now(UTC) - _FRESH
        with self._store() as store:
            covered = {copy.machine for copy in store.copies.existing() if copy.taken_at > since and copy.read_back_ok}
        return {machine.key for machine in self._system.machines} <= covered

    def told(self) -> str:
        """How much of the system is on tape."""
        with self._store() as store:
            copies = [copy for copy in store.copies.existing() if copy.system == SYSTEM and copy.read_back_ok]
        size = sum(copy.size_bytes for copy in copies) / 1_000_000
        tapes = sorted({tape for copy in copies for tape in copy.tapes})
        return f"{len(copies)} copies read back, {size:.1f} MB on {', '.join(tapes)}"

    def new_offsite_tapes(self) -> Iterator[tuple[str, list[str]]]:
        """For each off-site pool of the system that has no tape: the pool and blank tapes that lie in slots."""
        settings = TapeSettings.read(TapePaths(self._lab.root / "tape").settings_file)
        with self._store() as store:
            owned = {status.pool for status in store.custody.statuses().values()}
        labelled = {volume.name for volume in Catalogue(settings).volumes()}
        slots = (slot for slot in Library(settings).inventory().slots if slot.barcode and not slot.import_export)
        blank = [slot.barcode for slot in slots if slot.barcode not in labelled]
        for pool in pools_of(self._estate, self._system, offsite=True):
            if pool.id not in owned:
                # From the end: backups take theirs from the beginning.
                yield pool.id, [str(blank.pop()) for _ in range(_TAPES)]

    def _store(self) -> Store:
        return open_store(f"sqlite:///{self._lab.root / 'records.sqlite3'}", production=False)


def _run() -> str:
    return uuid.uuid4().hex[:12]
