"""Backup runs: one row per run and machine with its phase, and the way from a copy to its streams."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import MachineMark
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.applies import one_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_tables import (
    backup_machines,
    backup_runs,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import (
    ENDED,
    BackupRun,
    MachineBackup,
    Phase,
    StoredCopy,
    StreamRecord,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import checked_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copy_tables import copies, copy_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin, Outcome

KIND = "backup"


class Backups:
    """The backup runs of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def start(
        self, run_id: str, *, environment: str, purpose: str, machines: Sequence[MachineBackup], origin: Origin
    ) -> None:
        """Record that a run begins with these machines; from here on a run that dies is found by the next one."""
        now = clock.to_text(self._database.clock())
        run = {
            "run_id": checked_line("run_id", run_id),
            "environment": checked_line("environment", environment),
            "purpose": checked_line("purpose", purpose),
            "actor": origin.actor,
            "host": origin.host,
            "commit": origin.commit,
            "started_at": now,
        }
        with self._database.write() as connection:
            connection.execute(sa.insert(backup_runs), run)
            if machines:
                connection.execute(sa.insert(backup_machines), [_row(each) | {"changed_at": now} for each in machines])

    def advance(self, machine: MachineBackup) -> None:
        """Write where a machine is now. InvalidRecordError: the run has no such machine."""
        values = _row(machine) | {"changed_at": clock.to_text(self._database.clock())}
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(backup_machines)
                .where(
                    backup_machines.c.run_id == machine.run_id,
                    backup_machines.c.machine == machine.machine,
                )
                .values(values)
            )
            if changed.rowcount != 1:
                raise InvalidRecordError(f"backup run {machine.run_id} has no machine {machine.machine}")

    def finish(self, run_id: str, *, outcome: Outcome, origin: Origin) -> None:
        """Record the end of a run: in its row, and in the chain with the number of machines by phase."""
        now = self._database.clock()
        with self._database.write() as connection:
            rows = list(connection.execute(_MACHINES.where(backup_machines.c.run_id == run_id)))
            changed = connection.execute(
                sa.update(backup_runs)
                .where(backup_runs.c.run_id == run_id, backup_runs.c.finished_at.is_(None))
                .values(finished_at=clock.to_text(now), outcome=outcome)
            )
            if changed.rowcount != 1:
                raise InvalidRecordError(f"backup run {run_id} is not in the records, or has ended already")
            payload = {"outcome": outcome, "machines": dict(Counter(row.phase for row in rows))}
            self._chain.append_in(connection, KIND, run_id, payload, origin, at=now)

    def left_over(self, environment: str) -> list[BackupRun]:
        """Runs of an environment that have no end, or left a machine without one; oldest first.

        Whoever holds the lock of backups knows that the first have died.
        """
        open_rows = sa.select(backup_machines.c.run_id).where(backup_machines.c.phase.not_in(sorted(ENDED)))
        without_end = sa.or_(backup_runs.c.finished_at.is_(None), backup_runs.c.run_id.in_(open_rows))
        query = _RUNS.where(backup_runs.c.environment == environment, without_end)
        with self._database.read() as connection:
            return [_run(row, connection) for row in connection.execute(query.order_by(backup_runs.c.started_at)).all()]

    def last_rate(self, environment: str) -> float | None:
        """Bytes per second that the last run with a good end brought to tape and read back; None: there is none."""
        ended = backup_runs.c.outcome == "succeeded"
        query = _RUNS.where(backup_runs.c.environment == environment, ended)
        with self._database.read() as connection:
            row = connection.execute(query.order_by(backup_runs.c.finished_at.desc()).limit(1)).first()
            found = _run(row, connection) if row else None
        if found is None or found.finished_at is None:
            return None
        seconds = (found.finished_at - found.started_at).total_seconds()
        size = sum(machine.size_bytes for machine in found.machines)
        return size / seconds if size and seconds > 0 else None

    def unrecorded_with_key(self, key_id: str) -> list[tuple[str, str]]:
        """(run, machine name) of every environment whose backup goes or went to tape with a key, and is no copy yet."""
        query = sa.select(backup_machines.c.run_id, backup_machines.c.name).where(
            backup_machines.c.key_id == key_id, backup_machines.c.phase.in_(["exporting", "on-tape"])
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(backup_machines.c.run_id, backup_machines.c.machine))
            return [(row.run_id, row.name) for row in rows]

    def run(self, run_id: str) -> BackupRun | None:
        """One run with its machines, or None."""
        with self._database.read() as connection:
            row = connection.execute(_RUNS.where(backup_runs.c.run_id == run_id)).one_or_none()
            return _run(row, connection) if row else None

    def of_points(self, points: Collection[int]) -> dict[int, MachineBackup]:
        """The machine in the run that wrote each of these restore points, by restore point."""
        query = _MACHINES.where(backup_machines.c.restore_point.in_(sorted(points)))
        with self._database.read() as connection:
            return {row.restore_point: _machine(row) for row in connection.execute(query)}

    def content(self, copy_id: int) -> StoredCopy:
        """Where the streams of a copy are; of an off-site copy those of the restore point that it is a copy of.

        InvalidRecordError: there is no such copy, or no run of ours wrote its restore point.
        """
        with self._database.read() as connection:
            copy = connection.execute(sa.select(copies).where(copies.c.id == copy_id)).one_or_none()
            if copy is None:
                raise InvalidRecordError(f"there is no copy {copy_id} in the records")
            query = _MACHINES.where(backup_machines.c.restore_point == copy.restore_point)
            row = connection.execute(query).first()
            if row is None:
                raise InvalidRecordError(f"copy {copy_id}: no backup run of these records wrote its restore point")
            parts = sa.select(copy_tapes.c.tape).where(copy_tapes.c.copy_id == copy_id).order_by(copy_tapes.c.part)
            tapes = tuple(connection.scalars(parts))
        machine = _machine(row)
        return StoredCopy(
            copy_id=copy_id,
            restore_point=copy.restore_point,
            machine=copy.machine,
            machine_name=machine.name,
            system=copy.system,
            instance_uuid=machine.instance_uuid,
            taken_at=clock.from_text(copy.taken_at),
            pool=copy.pool,
            offsite=copy.offsite,
            tapes=tapes,
            job_id=int(copy.job),
            client=machine.client,
            streams=machine.streams,
            manifest_digest=copy.manifest_digest,
        )


_RUNS = sa.select(*backup_runs.columns)
_MACHINES = sa.select(*backup_machines.columns)
_PLAIN = (
    *("run_id", "machine", "name", "system", "vcenter", "instance_uuid", "backup_class", "pool", "client", "key_id"),
    *("attempt", "job_id", "manifest_digest", "size_bytes", "seconds", "copy_id", "restore_point"),
)


def _row(machine: MachineBackup) -> dict[str, Any]:
    return {name: getattr(machine, name) for name in _PLAIN} | {
        "phase": machine.phase,
        "problem": one_line(machine.problem),
        "taken_at": clock.to_text(machine.taken_at) if machine.taken_at else None,
        "tapes": json.dumps(machine.tapes),
        "streams": json.dumps([asdict(stream) for stream in machine.streams]),
        "mark": machine.mark.as_text() if machine.mark else None,
    }


def _machine(row: sa.Row[Any]) -> MachineBackup:
    phase: Phase = row.phase
    return MachineBackup(
        **{name: getattr(row, name) for name in _PLAIN},
        phase=phase,
        problem=row.problem,
        taken_at=clock.from_text(row.taken_at) if row.taken_at else None,
        tapes=tuple(json.loads(row.tapes)),
        streams=tuple(StreamRecord(**stream) for stream in json.loads(row.streams)),
        mark=MachineMark.from_text(row.mark) if row.mark else None,
    )


def _run(row: sa.Row[Any], connection: sa.Connection) -> BackupRun:
    query = _MACHINES.where(backup_machines.c.run_id == row.run_id).order_by(backup_machines.c.machine)
    return BackupRun(
        run_id=row.run_id,
        environment=row.environment,
        purpose=row.purpose,
        actor=row.actor,
        host=row.host,
        commit=row.commit,
        started_at=clock.from_text(row.started_at),
        finished_at=clock.from_text(row.finished_at) if row.finished_at else None,
        outcome=row.outcome,
        machines=tuple(_machine(each) for each in connection.execute(query)),
    )
