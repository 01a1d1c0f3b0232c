"""Patch runs: begun, taken over from the dead, and what became of each machine, saved before and after each step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    MachineOutcome,
    Result,
    RunOutcome,
    ordered,
    read_machine,
    write_machine,
    write_run,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import sha256_of_text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patch_tables import patch_machines, patch_runs
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import Process, is_gone
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

KIND = "patch-run"


class Phase(StrEnum):
    """How far a run has come with one machine. Only a closed machine is finished."""

    PLANNED = "planned"  # nothing was done
    ADMITTED = "admitted"  # it has its snapshot
    RESTARTING = "restarting"  # upgraded, and asked to restart where that is needed
    REVERTING = "reverting"  # its logs are exported, or are being exported
    REVERTED = "reverted"  # it is at its snapshot again, switched on or not
    CLOSED = "closed"

    @property
    def begun(self) -> bool:
        """Whether the machine is in the middle: it has to be brought to an end whatever the time is."""
        return self not in (Phase.PLANNED, Phase.CLOSED)

    @property
    def going_back(self) -> bool:
        """Whether nothing is done in the guest any more: it goes back to its snapshot, or is back."""
        return self in (Phase.REVERTING, Phase.REVERTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchMachine:
    """One machine of a run. `outcome` is what is known so far; its result counts once the phase is closed."""

    vcenter: str
    reference: str  # managed object id
    phase: Phase
    outcome: MachineOutcome
    only_by_a_person: tuple[str, str] | None = None  # (en, ja) why it must not be brought back by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchRun:
    """One run as it was begun."""

    run_id: str
    environment: str
    round: str
    change: str
    content: str
    emergency: str
    actor: str
    commit: str
    started_at: datetime
    touched_at: datetime
    process: Process
    finished_at: datetime | None = None
    stopped: str = ""
    resumed_from: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    @property
    def is_dead(self) -> bool:
        """Whether the process that ran it is certainly gone; False also where that cannot be known from here."""
        return is_gone(self.process)


class Patches:
    """The patch runs of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def start(self, run: PatchRun, machines: Iterable[PatchMachine], origin: Origin) -> None:
        """Record a run with its machines before anything is done."""
        rows = list(machines)
        with self._database.write() as connection:
            connection.execute(sa.insert(patch_runs), _run_row(run))
            self._upsert(connection, run.run_id, rows)
            payload = {
                "event": "started",
                "round": run.round,
                "change": run.change,
                "content": run.content,
                "emergency": run.emergency,
                "machines": sorted(each.outcome.name for each in rows if each.phase is not Phase.CLOSED),
            }
            self._chain.append_in(connection, KIND, run.run_id, payload, origin)

    def adopt(self, run: PatchRun, process: Process, machines: Iterable[PatchMachine], origin: Origin) -> PatchRun:
        """Go on with a run whose process died, with the machines as they are to be done now."""
        died = f"{run.actor} on {run.process.host}, last seen {run.touched_at:%Y-%m-%d %H:%M:%S} UTC"
        now = self._database.clock()
        taken = replace(
            run, process=process, actor=origin.actor, touched_at=now, resumed_from=(*run.resumed_from, died), stopped=""
        )
        with self._database.write() as connection:
            values = {name: value for name, value in _run_row(taken).items() if name != "run_id"}
            connection.execute(sa.update(patch_runs).where(patch_runs.c.run_id == run.run_id).values(values))
            self._upsert(connection, run.run_id, list(machines))
            self._chain.append_in(connection, KIND, run.run_id, {"event": "resumed", "died": died}, origin)
        return taken

    def save(self, run_id: str, machines: Iterable[PatchMachine]) -> None:
        """Write how far machines are, all or none."""
        rows = list(machines)
        now = clock.to_text(self._database.clock())
        with self._database.write() as connection:
            connection.execute(sa.update(patch_runs).where(patch_runs.c.run_id == run_id).values(touched_at=now))
            self._upsert(connection, run_id, rows)

    def close(self, run_id: str, machines: Iterable[PatchMachine], stopped: str, origin: Origin) -> None:
        """Write how machines came out, and why no further batch starts (empty: the next one may)."""
        rows = [replace(each, phase=Phase.CLOSED) for each in machines]
        if not rows and not stopped:
            return
        with self._database.write() as connection:
            values = {"touched_at": clock.to_text(self._database.clock()), "stopped": stopped}
            connection.execute(sa.update(patch_runs).where(patch_runs.c.run_id == run_id).values(values))
            self._upsert(connection, run_id, rows)
            results = {each.outcome.key: each.outcome.result.value for each in rows}
            payload = {"event": "closed", "results": results, "stopped": stopped}
            self._chain.append_in(connection, KIND, run_id, payload, origin)

    def finish(self, run_id: str, findings: Sequence[str], origin: Origin) -> RunOutcome:
        """Record the end with the hash of the outcome, and give it. Machines that are not closed stay as they are."""
        now = self._database.clock()
        with self._database.write() as connection:
            end = {"finished_at": clock.to_text(now), "touched_at": clock.to_text(now)}
            end["findings"] = json.dumps(list(findings), ensure_ascii=False)
            connection.execute(sa.update(patch_runs).where(patch_runs.c.run_id == run_id).values(end))
            outcome = _outcome(_require(connection, run_id), _machines(connection, run_id))
            counts = {result.value: number for result, number in outcome.counts().items()}
            payload = {"event": "finished", "counts": counts, "outcome_sha256": sha256_of_text(write_run(outcome))}
            self._chain.append_in(connection, KIND, run_id, payload, origin)
        return outcome

    def run(self, run_id: str) -> PatchRun:
        """One run; InvalidRecordError where there is none."""
        with self._database.read() as connection:
            return _require(connection, run_id)

    def machines(self, run_id: str) -> dict[str, PatchMachine]:
        """Machines of a run by their key."""
        with self._database.read() as connection:
            return {each.outcome.key: each for each in _machines(connection, run_id)}

    def outcome(self, run_id: str) -> RunOutcome:
        """What became of a run so far; InvalidRecordError where there is none."""
        with self._database.read() as connection:
            return _outcome(_require(connection, run_id), _machines(connection, run_id))

    def runs(self, environment: str, round_id: str) -> list[PatchRun]:
        """Runs of a round, oldest first."""
        return self._find(patch_runs.c.environment == environment, patch_runs.c.round == round_id)

    def started_between(self, since: datetime, until: datetime) -> list[PatchRun]:
        """Runs of every environment that began in [since, until), both aware, oldest first."""
        started = patch_runs.c.started_at
        return self._find(started >= clock.to_text(since), started < clock.to_text(until))

    def unfinished(self, environment: str) -> list[PatchRun]:
        """Runs that are at work or died, oldest first."""
        return self._find(patch_runs.c.environment == environment, patch_runs.c.finished_at.is_(None))

    def done(self, environment: str, round_id: str) -> dict[str, MachineOutcome]:
        """Machines that have what the round gives them, by key."""
        found: dict[str, MachineOutcome] = {}
        for run in self.runs(environment, round_id):
            for key, each in self.machines(run.run_id).items():
                if each.phase is Phase.CLOSED and each.outcome.has_the_round:
                    found[key] = each.outcome
        return found

    def _find(self, *conditions: sa.ColumnElement[bool]) -> list[PatchRun]:
        query = sa.select(patch_runs).where(*conditions).order_by(patch_runs.c.started_at, patch_runs.c.run_id)
        with self._database.read() as connection:
            return [_to_run(row) for row in connection.execute(query)]

    def _upsert(self, connection: sa.Connection, run_id: str, machines: Sequence[PatchMachine]) -> None:
        if not machines:
            return
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        statement = insert(patch_machines)
        names = ("vcenter", "reference", "phase", "only_by_a_person", "outcome")
        statement = statement.on_conflict_do_update(
            index_elements=["run_id", "machine"], set_={name: statement.excluded[name] for name in names}
        )
        connection.execute(statement, [_machine_row(run_id, each) for each in machines])


def _require(connection: sa.Connection, run_id: str) -> PatchRun:
    row = connection.execute(sa.select(patch_runs).where(patch_runs.c.run_id == run_id)).one_or_none()
    if row is None:
        raise InvalidRecordError(f"there is no patch run {run_id} in the records")
    return _to_run(row)


def _machines(connection: sa.Connection, run_id: str) -> list[PatchMachine]:
    return [
        PatchMachine(
            vcenter=row.vcenter,
            reference=row.reference,
            phase=Phase(row.phase),
            outcome=read_machine(row.outcome),
            only_by_a_person=_pair(json.loads(row.only_by_a_person)),
        )
        for row in connection.execute(sa.select(patch_machines).where(patch_machines.c.run_id == run_id))
    ]


def _pair(found: list[str]) -> tuple[str, str] | None:
    return (found[0], found[1]) if found else None


def _outcome(run: PatchRun, machines: Iterable[PatchMachine]) -> RunOutcome:
    return RunOutcome(
        run_id=run.run_id,
        round=run.round,
        change=run.change,
        content=run.content,
        environment=run.environment,
        actor=run.actor,
        commit=run.commit,
        started_at=run.started_at,
        finished_at=run.finished_at,
        machines=ordered(_so_far(each) for each in machines),
        emergency=run.emergency,
        stopped=run.stopped,
        resumed_from=run.resumed_from,
        findings=run.findings,
    )


def _so_far(machine: PatchMachine) -> MachineOutcome:
    """A machine as it stands: one that the run has begun with and not ended is in no known state."""
    if machine.phase is Phase.CLOSED:
        return machine.outcome
    if machine.phase is Phase.PLANNED:
        return replace(machine.outcome, result=Result.SKIPPED, reason="the run has not come to it", reason_ja="未着手")
    return replace(
        machine.outcome,
        result=Result.FAILED,
        reason=f"the run has not come to its end with it ({machine.phase.value}): nobody knows its state",
        reason_ja="適用の途中（状態未確認）",
    )


def _run_row(run: PatchRun) -> dict[str, Any]:
    names = ("run_id", "environment", "round", "change", "content", "emergency", "actor", "commit", "stopped")
    return {name: getattr(run, name) for name in names} | {
        "host": run.process.host,
        "host_instance": run.process.instance,
        "pid": run.process.pid,
        "process_started": run.process.started,
        "started_at": clock.to_text(run.started_at),
        "touched_at": clock.to_text(run.touched_at),
        "finished_at": clock.to_text(run.finished_at) if run.finished_at else None,
        "resumed_from": json.dumps(list(run.resumed_from), ensure_ascii=False),
        "findings": json.dumps(list(run.findings), ensure_ascii=False),
    }


def _to_run(row: sa.Row[Any]) -> PatchRun:
    return PatchRun(
        run_id=row.run_id,
        environment=row.environment,
        round=row.round,
        change=row.change,
        content=row.content,
        emergency=row.emergency,
        actor=row.actor,
        commit=row.commit,
        started_at=clock.from_text(row.started_at),
        touched_at=clock.from_text(row.touched_at),
        process=Process(row.host, row.host_instance, row.pid, row.process_started),
        finished_at=clock.from_text(row.finished_at) if row.finished_at else None,
        stopped=row.stopped,
        resumed_from=tuple(json.loads(row.resumed_from)),
        findings=tuple(json.loads(row.findings)),
    )


def _machine_row(run_id: str, machine: PatchMachine) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "machine": machine.outcome.key,
        "vcenter": machine.vcenter,
        "reference": machine.reference,
        "phase": machine.phase.value,
        "only_by_a_person": json.dumps(list(machine.only_by_a_person or ()), ensure_ascii=False),
        "outcome": write_machine(machine.outcome),
    }
