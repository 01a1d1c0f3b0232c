"""The verb backup: finish what earlier runs left, choose, copy to tape, read back, and say what came of each machine.

```python
outcome = run_backup(target, Path(".lab/NAME/tape/settings.json"), names=["s13-db01"])
outcome.of("s13-db01").copy         # where its streams are, with their hashes; None unless it was read back
```
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.begin import (
    begin,
    close_full,
    equipped,
    take_tapes,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Choice, Item, NotCopied, choose
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import PURPOSE, RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.file_choice import (
    SourceChoice,
    choose_sources,
    require_known,
    sources_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.manifest import backup_name
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.one_source import row_of, run_sources
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome, MachineOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.preview import Preview, notes, preview, told
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.recover import finish_dead_runs
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.referring import foreseen
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.rounds import clean, run_rounds
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.schedule import DriveLimits, Turnstile
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.source_text import machine_text
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.sources import (
    pools_of_sources,
    source_foreseen,
    source_outcome,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import DiskDecision
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import OFF
from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import held_machines
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import FileSource
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import NoRecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.clients import keys_in_use
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.apply import clock_since
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare, scope_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.world import LiveVCenter, calls, live_vcenters

# The last copy of a machine that retires: to tape whatever its class.
FINAL = "final"


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What was asked for, and what all steps need of it."""

    target: Target
    prepared: Prepared
    names: frozenset[str] | None
    sources: tuple[FileSource, ...]
    tape: TapeJobs
    purpose: str
    started: float


def run_backup(
    target: Target,
    tape_settings: Path,
    *,
    names: Sequence[str] | None,
    sources: Sequence[str] | None = None,
    check: bool = False,
    purpose: str = "regular",
    now: datetime | None = None,
) -> BackupOutcome:
    """Copy machines (inventory names; None: all whose class writes tape) to their pool on site, proven by reading back.

    The files that the data names on these machines are copied with them, by their agents; `sources`: these sources of
    files (ids) alone, and no machine. `purpose` goes into the records: regular, final … Check mode shows the same
    choice and writes nothing. One machine that fails does not stop the others; the outcome says which and why.

    Raises:
        InvalidEstate, VCenterError, RecordsError, VerbRefused: nothing was begun, or the lock was lost; the next run
            finishes what this one left.
    """
    started = time.monotonic()
    prepared = prepare(target, now, writes=not check)
    scope = scope_of(prepared, names) if sources is None else ()
    if sources is not None:
        require_known(prepared.estate, sources)
    try:
        order = _Order(
            target=target,
            prepared=prepared,
            names=None if scope is None else frozenset(scope),
            # The last copy of a machine holds everything itself, and its agent may be off with it.
            sources=() if purpose == FINAL else sources_of(prepared.estate, scope, sources),
            tape=TapeJobs(TapeSettings.read(tape_settings)),
            purpose=purpose,
            started=started,
        )
        return _check(order) if check else _run(order)
    except (TapeError, CustodyRefused) as error:
        raise VerbRefused(str(error)) from error


def _check(order: _Order) -> BackupOutcome:
    """The choice and what it needs; nothing is written."""
    with _records_if_any(order.target) as store, live_vcenters(order.target, order.prepared.desired) as live:
        keys = _keys(order, store)
        choice, found = _decide(order, store, live, keys, foresee=True)
        lines = notes(found, choice.left_out)
        if store is not None:
            lines += [
                f"run {each.run_id} died or left something: the next backup finishes it first"
                for each in store.backups.left_over(order.target.environment)
            ]
        machines = [
            *(
                _machine(item, "failed", found.tapes[item.pool].problem)
                if found.tapes[item.pool].problem
                else _machine(item, "changed", told(item, found))
                for item in choice.items
            ),
            *_refused(choice.refused),
        ]
        chosen = _sources(order, live, keys)
        tapes = pools_of_sources(order.prepared.estate.platform, order.tape, store, chosen.items)
        machines += [source_foreseen(item, tapes[item.pool]) for item in chosen.items]
        machines += _refused(chosen.refused)
        return BackupOutcome(
            run_id="",
            machines=machines,
            notes=lines,
            calls=calls(live),
            seconds=time.monotonic() - order.started,
            predicted_minutes=round(found.minutes, 1),
        )


def _run(order: _Order) -> BackupOutcome:
    target, prepared = order.target, order.prepared
    run_id = uuid.uuid4().hex[:12]
    with open_store(target.records_url, production=target.production) as store:
        origin = Origin.here(run_id=run_id, commit=prepared.commit)
        resources = [f"{target.environment}/backup"]
        with (
            store.locks.acquire(resources, owner=origin.actor, run_id=run_id, commit=prepared.commit) as lock,
            live_vcenters(target, prepared.desired) as live,
        ):
            run = _context(order, store, lock, origin, live)
            interrupted, told_of_dead = finish_dead_runs(
                run,
                target.environment,
                {each.desired.id: each.observed.machines for each in live},
                held_machines(prepared.estate),
            )
            for line in told_of_dead:
                run.say(line)
            keys = _keys(order, store)
            choice, found = _decide(order, store, live, keys)
            items = [item for item in choice.items if not found.tapes[item.pool].problem]
            (library, *_) = prepared.estate.platform.tape_libraries
            take_tapes(run, library.id, found.tapes.values())
            chosen = _sources(order, live, keys)
            source_tapes = pools_of_sources(prepared.estate.platform, order.tape, store, chosen.items)
            take_tapes(run, library.id, source_tapes.values())
            sources = [item for item in chosen.items if not source_tapes[item.pool].problem]
            rows = begin(
                run,
                items,
                environment=target.environment,
                purpose=order.purpose,
                sources=[row_of(run_id, item) for item in sources],
            )
            texts = {item.machine.key: machine_text(target.repository, item.system, item.machine) for item in items}
            run = equipped(run, items)
            done = run_rounds(
                run,
                items,
                rows,
                texts,
                lambda more: take_tapes(run, library.id, _need(order, store, more).tapes.values()),
            )
            done = clean(run, items, done)
            done |= run_sources(
                run,
                sources,
                rows,
                lambda more: take_tapes(
                    run, library.id, pools_of_sources(prepared.estate.platform, order.tape, store, more).values()
                ),
            )
            outcomes = [_outcome_of(run, item, done.get(item.machine.key), found) for item in choice.items]
            outcomes += [
                source_outcome(run, item, done.get(item.source.key), source_tapes[item.pool]) for item in chosen.items
            ]
            good = all(each.status == "changed" for each in outcomes)
            store.backups.finish(run_id, outcome="succeeded" if good else "failed", origin=origin)
            return BackupOutcome(
                run_id=run_id,
                machines=[*outcomes, *_refused(choice.refused), *_refused(chosen.refused)],
                notes=[store.lock_scope, *told_of_dead, *notes(found, choice.left_out), *close_full(run)],
                calls=calls(live),
                seconds=time.monotonic() - order.started,
                predicted_minutes=round(found.minutes, 1),
                interrupted=interrupted,
            )


def _context(order: _Order, store: Store, lock: Lease, origin: Origin, live: Sequence[LiveVCenter]) -> RunContext:
    policy = order.prepared.estate.platform.backup_run
    progress = Progress()
    limits = DriveLimits(
        drives=len(order.tape.settings.library.drives),
        streams_per_drive=policy.streams_per_drive,
        exports_per_datastore=policy.exports_per_datastore,
    )

    def say(text: str) -> None:
        progress.say(f"backup: {text}")

    clock = clock_since(order.prepared.now, order.started)
    return RunContext(
        run_id=origin.run_id,
        origin=origin,
        store=store,
        lock=lock,
        tape=order.tape,
        sessions={each.desired.id: each.session for each in live},
        policy=policy,
        turnstile=Turnstile(limits, say),
        label=SnapshotLabel(
            purpose=PURPOSE,
            change=order.purpose,
            run_id=origin.run_id,
            expires_on=order.prepared.now.date() + timedelta(days=policy.snapshot_days),
        ),
        clock=clock,
        say=say,
    )


def _decide(
    order: _Order,
    store: Store | None,
    live: Sequence[LiveVCenter],
    keys: Mapping[str, KeyInUse | Text],
    *,
    foresee: bool = False,
) -> tuple[Choice, Preview]:
    """`foresee`: also which disks need not be written, which a run decides beside each snapshot."""
    estate = order.prepared.estate
    seen = {each.desired.id: each.observed.machines for each in live}
    choice = choose(estate, order.names, seen, keys, final=order.purpose == FINAL)
    decisions = _foreseen(order, store, live, choice.items) if foresee and store else {}
    return choice, _need(order, store, choice.items, decisions)


def _keys(order: _Order, store: Store | None) -> dict[str, KeyInUse | Text]:
    return keys_in_use(order.tape, store.tape_keys.statuses() if store else {}, _segments(order))


def _sources(order: _Order, live: Sequence[LiveVCenter], keys: Mapping[str, KeyInUse | Text]) -> SourceChoice:
    estate, agents = order.prepared.estate, order.tape.settings.agents
    machines = {machine.instance_uuid: machine for each in live for machine in each.observed.machines}
    everything = order.names is None
    return choose_sources(estate, order.sources, keys, agents, machines, everything=everything)


def _foreseen(
    order: _Order, store: Store, live: Sequence[LiveVCenter], items: Sequence[Item]
) -> dict[str, tuple[DiskDecision, ...]]:
    sessions = {each.desired.id: each.session for each in live}
    days = order.prepared.estate.platform.backup_run.reference_days
    found = {}
    for item in items:
        if item.may_refer and item.observed.power == OFF:
            with suppress(VCenterError):  # the account of check mode may not be allowed to look at datastores
                found[item.machine.key] = foreseen(sessions[item.vcenter], store, item, order.prepared.now, days)
    return found


def _segments(order: _Order) -> set[str]:
    """Segments that the run may write tapes of."""
    estate = order.prepared.estate
    sources = {estate.system_by_id[each.system].segment for each in order.sources}
    return sources | {
        system.segment for system, machine in estate.machines() if order.names is None or machine.name in order.names
    }


def _need(
    order: _Order,
    store: Store | None,
    items: Sequence[Item],
    decisions: Mapping[str, tuple[DiskDecision, ...]] | None = None,
) -> Preview:
    return preview(
        order.prepared.estate.platform,
        items,
        copies=store.copies.existing() if store else (),
        volumes=order.tape.catalogue.volumes(),
        inventory=Library(order.tape.settings).inventory(),
        ledger=store.custody.statuses() if store else {},
        last_rate=store.backups.last_rate(order.target.environment) if store else None,
        decisions=decisions or {},
    )


def _outcome_of(run: RunContext, item: Item, row: MachineBackup | None, found: Preview) -> MachineOutcome:
    if row is None:
        return _machine(item, "failed", found.tapes[item.pool].problem)
    if row.phase != "cleaned" or row.copy_id is None:
        return _machine(item, "failed", row.problem or f"stopped in phase {row.phase}")
    again = f" at attempt {row.attempt}" if row.attempt > 1 else ""
    text = f"{row.size_bytes / 1e6:.1f} MB on {', '.join(row.tapes)} (job {row.job_id}), read back{again}"
    text += _referred(run.store, row)
    return replace(_machine(item, "changed", text), copy=run.store.backups.content(row.copy_id))


def _referred(store: Store, row: MachineBackup) -> str:
    """The disks that were not written, and the backup that holds each."""
    holders = store.backups.of_points(row.needs)
    return "".join(
        f"; {stream.name} unchanged, as in {backup_name(holder.machine, holder.taken_at)}"
        for stream in row.streams
        if stream.held_by is not None and (holder := holders[stream.held_by]).taken_at is not None
    )


def _machine(item: Item, status: str, message: str) -> MachineOutcome:
    return MachineOutcome(
        name=item.machine.name,
        key=item.machine.key,
        system=item.system.id,
        vcenter=item.vcenter,
        status=status,
        message=message,
    )


def _refused(refused: Sequence[NotCopied]) -> list[MachineOutcome]:
    return [
        MachineOutcome(
            name=each.name,
            key=each.key,
            system=each.system,
            vcenter=each.vcenter,
            status="refused",
            message=each.reason.en,
            message_ja=each.reason.ja,
        )
        for each in refused
    ]


@contextmanager
def _records_if_any(target: Target) -> Iterator[Store | None]:
    """The records for reading; None where there are none yet, which check mode does not make."""
    try:
        store = open_store(target.records_url, production=target.production, create=False)
    except NoRecordsError:
        yield None
        return
    with store:
        yield store
