"""The first step of a run: what is patched now, in which batches, why not the rest, and how a run that died goes on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import round_of
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.gates import not_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import PatchRound, read_round, round_file
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.scope import (
    Scope,
    World,
    decide,
    last_copies,
    read_world,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.settings import Settings
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, PatchRun, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import Process
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody asks for. `process` is the one whose death ends the run."""

    names: Sequence[str]
    change: str
    process: Process
    emergency: str = ""
    now: datetime | None = None
    check: bool = False
    windows_ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the playbook works on. `run_id` is empty where nothing was recorded (check mode, or nothing to do)."""

    run_id: str
    round: str
    content: str
    batches: tuple[tuple[str, ...], ...]  # names
    machines: Mapping[str, Mapping[str, Any]]  # name -> what its tasks need to know
    neighbours: tuple[str, ...]  # in-service machines of the systems in question, by name
    skipped: tuple[tuple[str, Text], ...]
    snapshot_until: str
    findings: tuple[str, ...] = ()  # why somebody has to look, of a run that has nothing to do and so records nothing
    notes: tuple[str, ...] = ()
    check: bool = False

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        return {
            "changed": any(self.batches),
            "run_id": self.run_id,
            "round": self.round,
            "content": self.content,
            "batches": [list(batch) for batch in self.batches],
            "order": [
                {"name": name, "batch": number} for number, batch in enumerate(self.batches, 1) for name in batch
            ],
            "machines": {name: dict(facts) for name, facts in self.machines.items()},
            "snapshot_until": self.snapshot_until,
            "findings": list(self.findings),
            "neighbours": list(self.neighbours),
            "skipped": [{"name": name, "reason": text.en, "reason_ja": text.ja} for name, text in self.skipped],
            "text": "\n".join(self.lines()),
        }

    def lines(self) -> list[str]:
        """The plan for a person."""
        verb = "would be patched" if self.check else "to patch"
        number = sum(len(batch) for batch in self.batches)
        found = [f"round {self.round}, content {self.content}: {number} machines {verb}, {len(self.skipped)} not"]
        found += self.notes
        for position, batch in enumerate(self.batches, 1):
            found.append(f"batch {position}: {', '.join(batch)} (snapshot until {self.snapshot_until})")
        found += [f"not {name}: {text.en}" for name, text in self.skipped]
        return found


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a run is decided from. `dead` is the run that is gone on with, `kept` its machines by key."""

    target: Target
    settings: Settings
    prepared: Prepared
    approved: PatchRound
    order: Order
    dead: PatchRun | None
    kept: Mapping[str, PatchMachine]


def run_begin(target: Target, settings: Settings, order: Order) -> Begun:
    """Judge every machine and record the run; check mode only says what it would be.

    Raises:
        InvalidEstate, RecordsError, VCenterError: as in every verb.
        VerbRefused: nobody has approved a content, or it is not proven; another run is at work, or one that died has to
            be gone on with.
    """
    prepared = prepare(target, order.now, writes=not order.check)
    if not order.change.strip():
        raise VerbRefused("give the number of the change: -e change=NUMBER; snapshots and evidence carry it")
    timezone = prepared.estate.platform.estate.timezone
    today = prepared.now.astimezone(ZoneInfo(timezone)).date()
    start, _ = round_of(prepared.estate.platform.patch_cycle, today, timezone)
    approved = _read_round(target.repository, round_file(target.repository, start.date()), prepared.estate)
    with open_store(target.records_url, production=target.production, create=not order.check) as store:
        dead = _unfinished(store, target, order)
        kept = store.patches.machines(dead.run_id) if dead else {}
        _require_all_begun(kept, order)
        basis = _Basis(target, settings, prepared, approved, order, dead, kept)
        scope, world = _scope(basis, store)
        _require_content(basis, scope)
        run, machines = _rows(basis, scope, world)
        # A run without a machine to patch is none: a timer that asks every hour would fill the records with them.
        recorded = not order.check and (dead is not None or bool(scope.batches))
        if recorded:
            origin = Origin.here(run_id=run.run_id, commit=prepared.commit)
            if dead is not None:
                run = store.patches.adopt(dead, order.process, machines, origin)
            else:
                store.patches.start(run, machines, origin)
    begun = _begun(basis, scope, machines, run.run_id if recorded else "")
    Progress().say(f"patch: {begun.lines()[0]}")
    return begun


def _read_round(repository: Path, path: Path, estate: Estate) -> PatchRound:
    if not path.is_file():
        raise VerbRefused(
            f"patches/{path.name} is not there: nobody has approved the content of this round; see patches/README.md"
        )
    try:
        return read_round(repository, path, estate)
    except DataFileError as error:
        raise VerbRefused(str(error)) from error


def _unfinished(store: Store, target: Target, order: Order) -> PatchRun | None:
    """The run that died and is gone on with, or None. Another one at work is refused."""
    for run in store.patches.unfinished(target.environment):
        if not run.is_dead:
            raise VerbRefused(
                f"patch run {run.run_id} (change {run.change}) of {run.actor} is at work on {run.process.host}, last "
                f"seen {run.touched_at:%Y-%m-%d %H:%M:%S} UTC. Wait for its end; where it has died and this is another "
                "machine, run the command again on that one"
            )
        if run.change != order.change:
            raise VerbRefused(
                f"patch run {run.run_id} of change {run.change} died before its end: go on with it first, "
                f"-e change={run.change}"
            )
        return run
    return None


def _require_all_begun(kept: Mapping[str, PatchMachine], order: Order) -> None:
    left_out = sorted(
        each.outcome.name for each in kept.values() if each.phase.begun and each.outcome.name not in order.names
    )
    if left_out:
        raise VerbRefused(
            f"the run that died had begun with {', '.join(left_out)}: nobody knows their state; widen --limit to them"
        )


def _require_content(basis: _Basis, scope: Scope) -> None:
    """Without its digest a mirror may serve anything, and "unchanged" would only mean that it had nothing new."""
    if not basis.settings.require_content:
        return
    going = {key for batch in scope.batches for key in batch}
    missing = not_proven(basis.prepared.estate, going, basis.approved.content.manifests)
    if missing:
        raise VerbRefused(
            f"patches/{basis.approved.round}.yml: content.manifests has no digest for {', '.join(missing)}, so nobody "
            "can prove what their mirrors serve: write the one that promoting the channel has printed. An environment "
            "that does without says kyotsu_patch.require_content: false, and its results say so"
        )


def _scope(basis: _Basis, store: Store) -> tuple[Scope, World]:
    target, settings, prepared, order, kept = basis.target, basis.settings, basis.prepared, basis.order, basis.kept
    approved = basis.approved
    closed = {each.outcome.name for each in kept.values() if each.phase is Phase.CLOSED}
    names = [name for name in order.names if name not in closed]
    known = prepared.estate.machine_by_name
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise VerbRefused(f"not in systems/: {', '.join(unknown)}; run with the inventory of the same commit")
    world = read_world(target, prepared, {known[name][0].id for name in names})
    scope = decide(
        prepared,
        world,
        names,
        approved.answer_by_system(),
        done=store.patches.done(target.environment, approved.round),
        copied_at=last_copies(store, prepared.now) if settings.require_backup else None,
        begun=sorted(key for key, each in kept.items() if each.phase.begun),
        emergency=bool(order.emergency.strip()),
        windows_ready=order.windows_ready,
        at_once=settings.at_once,
        canary=settings.canary,
    )
    return scope, world


def _rows(basis: _Basis, scope: Scope, world: World) -> tuple[PatchRun, list[PatchMachine]]:
    prepared, approved, order, dead, kept = basis.prepared, basis.approved, basis.order, basis.dead, basis.kept
    run_id = dead.run_id if dead else uuid.uuid4().hex[:12]
    origin = Origin.here(run_id=run_id, commit=prepared.commit)
    run = dead or PatchRun(
        run_id=run_id,
        environment=basis.target.environment,
        round=approved.round,
        change=order.change,
        content=approved.content.snapshot,
        emergency=order.emergency.strip(),
        actor=origin.actor,
        commit=prepared.commit,
        started_at=datetime.now(UTC),
        touched_at=datetime.now(UTC),
        process=order.process,
    )
    numbers = {key: number for number, batch in enumerate(scope.batches, 1) for key in batch}
    # Batches that an earlier attempt has finished keep their numbers; those of this one follow.
    offset = max((each.outcome.batch for each in kept.values() if each.phase is Phase.CLOSED), default=0)
    rows = []
    for system, machine in prepared.estate.machines():
        number, reason = numbers.get(machine.key, 0), scope.refused.get(machine.key)
        debian = prepared.estate.image_by_id[machine.image].os_family == "debian"
        if not number and reason is None:
            continue
        place = world.places.get(machine.key)
        base = kept.get(machine.key) or PatchMachine(
            vcenter=place.vcenter if place else prepared.estate.cluster_by_name[system.cluster].vcenter,
            reference=place.reference if place else "",
            phase=Phase.PLANNED,
            outcome=MachineOutcome(
                key=machine.key,
                name=machine.name,
                system=system.id,
                owner=system.owner,
                role=machine.role,
                segment=system.segment,
                wave=patching_of(system, machine).wave,
                batch=0,
                result=Result.SKIPPED,
                actor=origin.actor,
            ),
        )
        text = reason.text if reason else Text(en="", ja="")
        if base.phase.begun:  # why its upgrade failed, or why it goes back: nobody else knows it any more
            text = Text(en=base.outcome.reason, ja=base.outcome.reason_ja)
        person = scope.only_by_a_person.get(machine.key)
        if base.phase.begun and base.only_by_a_person:  # of its disks when its snapshot was taken
            person = Text(en=base.only_by_a_person[0], ja=base.only_by_a_person[1])
        rows.append(
            replace(
                base,
                vcenter=place.vcenter if place else base.vcenter,
                reference=place.reference if place else base.reference,
                phase=base.phase if number else Phase.CLOSED,
                only_by_a_person=(person.en, person.ja) if person else None,
                outcome=replace(
                    base.outcome,
                    batch=number + offset if number else 0,
                    reason=text.en,
                    reason_ja=text.ja,
                    blocked=machine.key in scope.blocked,
                    manifest_sha256=approved.content.manifests.get(system.segment, "") if number and debian else "",
                ),
            )
        )
    return run, rows


def _begun(basis: _Basis, scope: Scope, machines: Sequence[PatchMachine], run_id: str) -> Begun:
    prepared, approved, order, dead = basis.prepared, basis.approved, basis.order, basis.dead
    by_key = {each.outcome.key: each for each in machines}
    answers = approved.answer_by_system()
    names = tuple(tuple(sorted(by_key[key].outcome.name for key in batch)) for batch in scope.batches)
    going = {name for batch in names for name in batch}
    systems = {each.outcome.system for each in machines if each.outcome.name in going}
    notes = []
    if order.emergency.strip():
        notes.append(f"emergency: windows and freezes do not hold, reason: {order.emergency.strip()}")
    unproven = sum(not each.outcome.manifest_sha256 for each in machines if each.outcome.name in going)
    if unproven:
        notes.append(
            f"content is not proven for {unproven} machines: patches/ has no digest of what their mirrors serve"
        )
    notes += _not_exercised(prepared.estate, going)
    if dead is not None:
        notes.append(f"run {dead.run_id} of {dead.started_at:%Y-%m-%d %H:%M} UTC died; it is gone on with")
    return Begun(
        run_id=run_id,
        round=approved.round,
        content=approved.content.snapshot,
        batches=names,
        machines={each.outcome.name: _facts(each, answers) for each in machines if each.outcome.name in going},
        neighbours=tuple(
            machine.name
            for system, machine in prepared.estate.machines()
            if system.id in systems and status_of(system, machine) == "in-service" and machine.name in order.names
        ),
        skipped=tuple(
            (each.outcome.name, Text(en=each.outcome.reason, ja=each.outcome.reason_ja))
            for each in machines
            if each.outcome.name not in going
        ),
        snapshot_until=str(_last_day(prepared)),
        findings=tuple(each.outcome.finding for each in machines if each.outcome.finding),
        notes=tuple(notes),
        check=order.check,
    )


def _not_exercised(estate: Estate, names: Iterable[str]) -> list[str]:
    """What a person has to know of machines whose way was written and never run."""
    families = [estate.image_by_id[estate.machine_by_name[name][1].image].os_family for name in names]
    number = families.count("windows")
    way = "go by a way that the lab does not exercise: see docs/runbooks/patch.md"
    return [f"{number} Windows machines {way}"] if number else []


def _last_day(prepared: Prepared) -> date:
    """The last day of a snapshot that is made now, at the data centre."""
    zone = ZoneInfo(prepared.estate.platform.estate.timezone)
    return prepared.now.astimezone(zone).date() + timedelta(days=prepared.estate.platform.patch_cycle.snapshot_days)


def _facts(machine: PatchMachine, answers: Mapping[str, Answer]) -> dict[str, Any]:
    answer = answers.get(machine.outcome.system)
    return {
        "batch": machine.outcome.batch,
        "begun": machine.phase.begun,
        "manifest_sha256": machine.outcome.manifest_sha256,
        "reverting": machine.phase is Phase.REVERTING,
        "everything": answer.everything if answer else False,
        "hold": list(answer.hold) if answer else [],
        "reverted": machine.phase is Phase.REVERTED,
    }
