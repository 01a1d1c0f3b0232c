"""Restores and drills: begun, how far they came, how they ended, and what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import Drill
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import LONGEST_REMARK, checked_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain, require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RestoreStateError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.restore_tables import restores
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.forecast import Measurement

KIND = "restore"
DRILL = "drill"
Purpose = Literal["restore", "scratch", "drill"]
# started: nothing or a half machine is there. verified: the machine is whole and compared, and has no identity yet.
State = Literal["started", "verified", "finished", "failed", "discarded"]
_OPEN = ("started", "verified")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRestore:
    """What a restore is about, before anything is made. `working_*`: what the machine is called until it is proven."""

    purpose: Purpose
    machine: str
    system: str
    copy_id: int | None
    manifest_digest: str
    tapes: tuple[str, ...]
    recalled: bool
    vcenter: str
    name: str
    working_name: str
    working_uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRecord:
    """One restore as the records know it. Times are aware, sizes bytes."""

    id: int
    purpose: str
    machine: str
    system: str
    copy_id: int | None
    manifest_digest: str
    tapes: tuple[str, ...]
    recalled: bool
    vcenter: str
    name: str
    working_name: str
    working_uuid: str
    state: str
    run_id: str
    started_at: datetime
    ended_at: datetime | None
    bytes: int | None
    stream_seconds: float | None
    seconds: float | None
    message: str


class Restores:
    """The restores of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def start(self, new: NewRestore, origin: Origin) -> RestoreRecord:
        """Record that a restore begins, before anything is made, and give its row."""
        now = self._database.clock()
        row = {
            "purpose": new.purpose,
            "machine": checked_line("machine", new.machine),
            "system": new.system,
            "copy_id": new.copy_id,
            "manifest_digest": new.manifest_digest,
            "tapes": " ".join(new.tapes),
            "recalled": new.recalled,
            "vcenter": new.vcenter,
            "name": checked_line("name", new.name),
            "working_name": new.working_name,
            "working_uuid": new.working_uuid,
            "state": "started",
            "run_id": origin.run_id,
            "started_at": clock.to_text(now),
            "message": "",
        }
        with self._database.write() as connection:
            number = (connection.scalar(sa.select(sa.func.max(restores.c.id))) or 0) + 1
            connection.execute(sa.insert(restores), row | {"id": number})
            payload = {"event": "started", "restore": number} | {
                name: row[name] for name in ("purpose", "copy_id", "manifest_digest", "tapes", "vcenter", "name")
            }
            self._chain.append_in(connection, KIND, new.machine, payload, origin, at=now)
        return self.get(number)

    def verified(self, number: int, *, size_bytes: int, stream_seconds: float, origin: Origin) -> None:
        """Record that the machine is whole and equal to its manifest, under its working name."""
        values = {"state": "verified", "bytes": size_bytes, "stream_seconds": stream_seconds}
        self._advance(number, ("started",), values, origin)

    def finish(self, number: int, *, state: State, seconds: float, message: str, origin: Origin) -> None:
        """Record the end: finished (it is what was wanted), failed, or discarded (what was made is gone again)."""
        values = {
            "state": state,
            "seconds": seconds,
            "message": " ".join(message.split())[:LONGEST_REMARK],
            "ended_at": clock.to_text(self._database.clock()),
        }
        self._advance(number, _OPEN, values, origin)

    def get(self, number: int) -> RestoreRecord:
        """One restore. RestoreStateError if there is none."""
        with self._database.read() as connection:
            row = connection.execute(_SELECT.where(restores.c.id == number)).one_or_none()
        if row is None:
            raise RestoreStateError(f"there is no restore {number} in the records")
        return _record(row)

    def unfinished(self) -> list[RestoreRecord]:
        """Restores without an end. Under the lock of their vCenter these are the ones whose run died."""
        return self._find(restores.c.state.in_(_OPEN))

    def of_machine(self, machine: str) -> list[RestoreRecord]:
        """Every restore of a machine, oldest first."""
        return self._find(restores.c.machine == machine)

    def measurements(self) -> list[Measurement]:
        """What restores and drills that ended well took, oldest first; feeds the prediction."""
        found = self._find(restores.c.state == "finished")
        return [
            Measurement(each.bytes, each.stream_seconds, each.seconds)
            for each in found
            if each.bytes is not None and each.stream_seconds is not None and each.seconds is not None
        ]

    def certify(
        self, system: str, certificate: Mapping[str, Any], *, at: datetime, passed: bool, origin: Origin
    ) -> int:
        """Put the certificate of a drill into the chain; give the number of its entry."""
        payload = {"at": clock.to_text(at), "passed": passed, "certificate": dict(certificate)}
        return self._chain.append(DRILL, system, payload, origin).id

    def drills(self) -> list[Drill]:
        """Every drill that was certified, passed or not, oldest first; `custody.truth` takes them."""
        found = []
        for entry in self._chain.entries(kind=DRILL):
            require_proven(entry)
            payload = json.loads(entry.payload_text)
            found.append(Drill(entry.subject, clock.from_text(payload["at"]), bool(payload["passed"])))
        return found

    def last_drills(self) -> dict[str, datetime]:
        """When the last drill of each system was that it passed."""
        found: dict[str, datetime] = {}
        for drill in self.drills():
            if drill.passed:
                found[drill.system] = max(drill.at, found.get(drill.system, drill.at))
        return found

    def _advance(self, number: int, states: Sequence[str], values: Mapping[str, Any], origin: Origin) -> None:
        now = self._database.clock()
        with self._database.write() as connection:
            statement = sa.update(restores).where(restores.c.id == number, restores.c.state.in_(states))
            if connection.execute(statement.values(**values)).rowcount != 1:
                raise RestoreStateError(f"restore {number} is not {' or '.join(states)}: another run has ended it")
            row = connection.execute(_SELECT.where(restores.c.id == number)).one()
            names = ("state", "bytes", "stream_seconds", "seconds", "message")
            payload = {"event": row.state, "restore": number} | {
                name: round(value, 3) if isinstance(value := getattr(row, name), float) else value for name in names
            }
            self._chain.append_in(connection, KIND, row.machine, payload, origin, at=now)

    def _find(self, condition: sa.ColumnElement[bool]) -> list[RestoreRecord]:
        with self._database.read() as connection:
            rows = connection.execute(_SELECT.where(condition).order_by(restores.c.id))
            return [_record(row) for row in rows]


_SELECT = sa.select(*restores.columns)


def _record(row: sa.Row[Any]) -> RestoreRecord:
    values = dict(row._mapping)
    return RestoreRecord(
        **values
        | {
            "tapes": tuple(values["tapes"].split()),
            "recalled": bool(values["recalled"]),
            "started_at": clock.from_text(values["started_at"]),
            "ended_at": clock.from_text(values["ended_at"]) if values["ended_at"] else None,
        }
    )
