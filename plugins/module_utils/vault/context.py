"""What every step of the vault works with: estate, records, tape software, and whom it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import next_courier_day
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import Action, Evidence
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import MediaPool, TapeLibrary
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import Vault as VaultSite
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import Knowledge, know
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import Done
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress


@dataclass(frozen=True)
class Vault:
    """One step under way. `lease` is None in check mode, which writes nothing."""

    request: VaultRequest
    estate: Estate
    store: Store
    origin: Origin
    lease: Lease | None
    done: Done = field(default_factory=Done)

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the days of the plan are days."""
        return ZoneInfo(self.estate.platform.estate.timezone)

    @cached_property
    def now(self) -> datetime:
        """The moment by which the policy decides."""
        return self.request.now or datetime.now(UTC)

    def moment(self) -> datetime:
        """When what is recorded happened: as given, else at this moment."""
        return self.request.at or self.request.now or datetime.now(UTC)

    @cached_property
    def site(self) -> VaultSite:
        """The vault. VerbRefused if the data has none."""
        if not self.estate.platform.vaults:
            raise VerbRefused("platform/backup.yml names no vault: add it under vaults")
        return self.estate.platform.vaults[0]

    @cached_property
    def library_data(self) -> TapeLibrary:
        """The library as the data describes it."""
        if not self.estate.platform.tape_libraries:
            raise VerbRefused("platform/backup.yml names no library: add it under tape_libraries")
        return self.estate.platform.tape_libraries[0]

    @cached_property
    def day(self) -> date:
        """The courier day that the plan is for."""
        today = self.now.astimezone(self.zone).date()
        return self.request.day or next_courier_day(self.site, today)

    @cached_property
    def settings(self) -> TapeSettings:
        """How to reach the tape software; read by the steps that move or read tapes only."""
        return TapeSettings.read(self.request.tape_settings)

    @cached_property
    def tape(self) -> TapeJobs:
        """Jobs of the tape software."""
        return TapeJobs(self.settings)

    @cached_property
    def library(self) -> Library:
        """The library."""
        return Library(self.settings)

    @cached_property
    def machines(self) -> frozenset[str] | None:
        """Keys of the machines that a limit left; None: all."""
        if self.request.names is None:
            return None
        names, by_name = set(self.request.names), self.estate.machine_by_name
        pools = {pool.name for _, pool in self.estate.desktop_pools()}
        unknown = sorted(names - set(by_name) - pools)
        if unknown:
            raise VerbRefused(f"not in systems/: {', '.join(unknown)}; run with the inventory of the same commit")
        everything = {name for name, (system, machine) in by_name.items() if status_of(system, machine) != "retired"}
        if everything <= names:
            return None
        sources = {each.key for each in self.estate.platform.file_sources if each.machine in names}
        return frozenset(by_name[name][1].key for name in names if name in by_name) | sources

    @cached_property
    def pools(self) -> tuple[MediaPool, ...]:
        """The media pools of the segments that a limit left."""
        pools = self.estate.platform.media_pools
        if self.machines is None:
            return pools
        segments = {system.segment for system, machine in self.estate.machines() if machine.key in self.machines}
        return tuple(pool for pool in pools if pool.segment in segments)

    def know(self) -> Knowledge:
        """What the policy knows now; read anew, for each event changes it."""
        return know(self.store, self.estate, self.now)

    def event(self, tape: str, action: Action, people: Sequence[str] = (), **evidence: str) -> CustodyEvent:
        """An event of this step."""
        given: dict[Evidence, str] = {name: value for name, value in evidence.items() if value}  # type: ignore[misc]  # names of evidence are checked by the ledger (2026-11-24)
        return CustodyEvent(tape, action, self.moment(), tuple(people), given)

    def record(self, events: Sequence[CustodyEvent]) -> list[TapeStatus]:
        """Write events into the ledger, all or none. Raises CustodyRefused, LockLostError."""
        if not events:
            return []
        if self.lease is None:
            raise VerbRefused("check mode writes nothing")  # a step that comes here has a bug
        self.lease.check()
        statuses = self.store.custody.record(events, self.know().facts, self.origin)
        self.done.recorded += len(events)
        self.done.changed = True
        return statuses

    def progress(self, text: str) -> None:
        """A line for a person who waits."""
        Progress().say(f"vault: {text}")
