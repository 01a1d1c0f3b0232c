"""Copies on tape: recorded with a proof in the chain, found by tape, machine and restore point."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.blast import BlastRadius, blast_radius
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused, unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain, require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copy_tables import (
    copies,
    copy_needs,
    copy_tapes,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.custody import Custody
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.tables import entries
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

KIND = "copy"
READ_BACK = "read-back"
_AT_ONCE = 500  # below every limit of bound values


@dataclass(frozen=True)
class NewCopy:
    """A copy that was just written. `restore_point` None: a new one; else that of its original. See custody.Copy."""

    machine: str
    system: str
    backup_class: str
    taken_at: datetime
    pool: str
    offsite: bool
    tapes: tuple[str, ...]
    size_bytes: int
    key_id: str | None
    job: str
    manifest_digest: str
    needs: tuple[int, ...] = ()
    restore_point: int | None = None


@dataclass(frozen=True)
class RecordedJob:
    """How the tape software names the job that wrote a copy, and the SHA-256 of the manifest that is on the tape."""

    job: str
    manifest_digest: str


class Copies:
    """The copies of one open store."""

    def __init__(self, database: Database, chain: Chain, custody: Custody) -> None:
        self._database = database
        self._chain = chain
        self._custody = custody

    def add(self, new: Sequence[NewCopy], origin: Origin) -> list[Copy]:
        """Record copies of one run, all or none, under one entry of the chain; they count once they were read back.

        CustodyRefused: a tape is not registered, not of the copy's pool, or cannot have been written; or no copy of the
        machine holds what it refers to on its side.
        """
        if not new:
            return []
        self._check_tapes(new)
        with self._database.write() as connection:
            _check_needs(connection, new)
            next_id = (connection.scalar(sa.select(sa.func.max(copies.c.id))) or 0) + 1
            next_point = (connection.scalar(sa.select(sa.func.max(copies.c.restore_point))) or 0) + 1
            made: list[Copy] = []
            for number, item in enumerate(new):
                point = item.restore_point
                if point is None:
                    point, next_point = next_point, next_point + 1
                made.append(_copy_of(item, next_id + number, point))
            payload = {
                "copies": [_proof(copy, item.job, item.manifest_digest) for copy, item in zip(made, new, strict=True)]
            }
            entry = self._chain.append_in(connection, KIND, f"{len(made)} copies", payload, origin)
            rows = [
                _row(copy) | {"job": item.job, "manifest_digest": item.manifest_digest, "entry_id": entry.id}
                for copy, item in zip(made, new, strict=True)
            ]
            connection.execute(sa.insert(copies), rows)
            parts = [
                {"copy_id": copy.id, "part": part, "tape": tape}
                for copy in made
                for part, tape in enumerate(copy.tapes, 1)
            ]
            connection.execute(sa.insert(copy_tapes), parts)
            needed = [{"copy_id": copy.id, "restore_point": point} for copy in made for point in copy.needs]
            if needed:
                connection.execute(sa.insert(copy_needs), needed)
        return made

    def read_back(self, copy_id: int, *, ok: bool, job: str, origin: Origin) -> None:
        """Record that a copy was read back from its tapes as a whole, with what result; the last one counts."""
        now = clock.to_text(self._database.clock())
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(copies)
                .where(copies.c.id == copy_id, copies.c.released_at.is_(None))
                .values(read_back_at=now, read_back_ok=ok)
            )
            if changed.rowcount != 1:
                raise CustodyRefused(f"copy {copy_id} is not in the records, or its tapes were overwritten")
            self._chain.append_in(connection, READ_BACK, str(copy_id), {"ok": ok, "job": job, "at": now}, origin)

    def existing(self, as_of: datetime | None = None) -> list[Copy]:
        """All copies whose tapes were not overwritten or destroyed, now or at a moment."""
        if as_of is None:
            return self._find(copies.c.released_at.is_(None))
        then = clock.to_text(as_of)
        return self._find(
            sa.and_(copies.c.taken_at <= then, sa.or_(copies.c.released_at.is_(None), copies.c.released_at > then))
        )

    def jobs(self, ids: Collection[int]) -> dict[int, RecordedJob]:
        """The job and the manifest's digest of each copy, by its id."""
        query = sa.select(copies.c.id, copies.c.job, copies.c.manifest_digest)
        with self._database.read() as connection:
            return {
                number: RecordedJob(job, digest)
                for number, job, digest in _rows(connection, query, copies.c.id, sorted(ids))
            }

    def recorded_at(self, ids: Collection[int]) -> dict[int, datetime]:
        """When each copy came into the records, by its id."""
        query = sa.select(copies.c.id, entries.c.recorded_at).join(entries, entries.c.id == copies.c.entry_id)
        with self._database.read() as connection:
            return {
                number: clock.from_text(moment) for number, moment in _rows(connection, query, copies.c.id, sorted(ids))
            }

    def bytes_by_system(self, moment: datetime) -> dict[str, int]:
        """Bytes that the copies lying on tape at a moment take, those away from the site too, by system id."""
        then = clock.to_text(moment)
        query = (
            sa.select(copies.c.system, sa.func.sum(copies.c.size_bytes))
            .where(copies.c.taken_at <= then, sa.or_(copies.c.released_at.is_(None), copies.c.released_at > then))
            .group_by(copies.c.system)
        )
        with self._database.read() as connection:
            return {system: int(size) for system, size in connection.execute(query)}

    def of_machine(self, machine: str) -> list[Copy]:
        """Every copy of a machine that was ever made, oldest first."""
        return self._find(copies.c.machine == machine)

    def on_tapes(self, tapes: Collection[str]) -> list[Copy]:
        """Existing copies with a part on one of these tapes."""
        with self._database.read() as connection:
            return _with_parts(connection, _ids_on(connection, tapes))

    def blast_radius(self, tapes: Collection[str], as_of: datetime) -> BlastRadius:
        """What is lost with these tapes. Reads only what hangs on them: the time does not grow with the rest."""
        lost = frozenset(tapes)
        with self._database.read() as connection:
            hit = _with_parts(connection, _ids_on(connection, lost))
            dependents = _dependents(connection, hit)
            family = _family(connection, [*hit, *dependents])
        used = {tape for copy in family for tape in copy.tapes}
        unreadable = unreadable_tapes(self._custody.statuses(used).values())
        standing = standings(family, unreadable | lost, as_of)
        return blast_radius(lost, hit, dependents, family, standing)

    def verify(self) -> list[str]:
        """Rows that are not what the chain says, a line for each. Read with `chain.verify`."""
        return list(self.unproven().values())

    def unproven(self) -> dict[int, str]:
        """The same by the number of the copy: changed, missing, or written past the chain."""
        proofs: dict[int, dict[str, Any]] = {}
        for entry in self._chain.entries(kind=KIND):
            require_proven(entry)
            for proof in json.loads(entry.payload_text)["copies"]:
                proofs[proof["id"]] = proof | {"read_back_at": None, "read_back_ok": None}
        for entry in self._chain.entries(kind=READ_BACK):
            require_proven(entry)
            payload = json.loads(entry.payload_text)
            if int(entry.subject) in proofs:
                proofs[int(entry.subject)] |= {"read_back_at": payload["at"], "read_back_ok": payload["ok"]}
        problems: dict[int, str] = {}
        with self._database.read() as connection:
            rows = {row.id: row for row in connection.execute(sa.select(copies))}
            found = {copy.id: copy for copy in _with_parts(connection, list(rows))}
        for number, copy in found.items():
            row = rows[number]
            actual = _proof(copy, row.job, row.manifest_digest) | {
                "read_back_at": row.read_back_at,
                "read_back_ok": row.read_back_ok,
            }
            if number not in proofs:
                problems[number] = f"copy {number} of {copy.machine} is in no entry of the chain: written past it"
            elif actual != proofs[number]:
                names = sorted(name for name in actual if actual[name] != proofs[number][name])
                problems[number] = f"copy {number} of {copy.machine}: {', '.join(names)} differ from the chain"
        for number in proofs.keys() - found.keys():
            problems[number] = f"copy {number} is in the chain but not in the table"
        return dict(sorted(problems.items()))

    def _check_tapes(self, new: Sequence[NewCopy]) -> None:
        statuses = self._custody.statuses({tape for item in new for tape in item.tapes})
        for item in new:
            if not item.tapes:
                raise CustodyRefused(f"{item.machine}: a copy names at least one tape")
            for tape in item.tapes:
                status = statuses.get(tape)
                if status is None:
                    raise CustodyRefused(f"{tape}: is not registered; register it before a copy is recorded on it")
                if status.pool != item.pool:
                    raise CustodyRefused(
                        f"{tape}: belongs to pool {status.pool}, the copy of {item.machine} to {item.pool}: "
                        "pools never share a tape; stop the job and look at the pools of the tape software"
                    )
                if status.state not in {"writable", "full"} or status.place not in {"drive", "slot"}:
                    raise CustodyRefused(f"{tape}: is {status.state} in place '{status.place}' and cannot be written")

    def _find(self, condition: sa.ColumnElement[bool]) -> list[Copy]:
        with self._database.read() as connection:
            ids = list(connection.scalars(sa.select(copies.c.id).where(condition).order_by(copies.c.taken_at)))
            return _with_parts(connection, ids)


def _check_needs(connection: sa.Connection, new: Sequence[NewCopy]) -> None:
    """In the transaction that records them, so that nothing which they refer to is given up in between."""
    points = {point for item in new for point in item.needs}
    query = sa.select(copies.c.restore_point, copies.c.machine, copies.c.offsite).where(copies.c.released_at.is_(None))
    found = {
        (point, machine, offsite)
        for point, machine, offsite in _rows(connection, query, copies.c.restore_point, sorted(points))
    }
    for item in new:
        missing = [point for point in item.needs if (point, item.machine, item.offsite) not in found]
        if missing:
            raise CustodyRefused(
                f"{item.machine}: no copy {'off' if item.offsite else 'on'} site holds restore point "
                f"{', '.join(map(str, missing))}, to which this one refers: make a whole one"
            )


def _ids_on(connection: sa.Connection, tapes: Collection[str]) -> list[int]:
    query = (
        sa.select(copies.c.id)
        .join(copy_tapes, copy_tapes.c.copy_id == copies.c.id)
        .where(copies.c.released_at.is_(None))
        .distinct()
    )
    return _chunked(connection, query, copy_tapes.c.tape, sorted(tapes))


def _dependents(connection: sa.Connection, hit: Sequence[Copy]) -> list[Copy]:
    """Copies that need a restore point of `hit` on the same side, and those that need them in turn."""
    found: dict[int, Copy] = {copy.id: copy for copy in hit}
    own = set(found)
    fresh = list(hit)
    while fresh:
        query = (
            sa.select(copies.c.id)
            .join(copy_needs, copy_needs.c.copy_id == copies.c.id)
            .where(copies.c.released_at.is_(None))
            .distinct()
        )
        sides = {(copy.restore_point, copy.offsite) for copy in fresh}
        ids = _chunked(connection, query, copy_needs.c.restore_point, sorted({point for point, _ in sides}))
        fresh = [
            copy
            for copy in _with_parts(connection, [each for each in ids if each not in found])
            if any((point, copy.offsite) in sides for point in copy.needs)
        ]
        found.update((copy.id, copy) for copy in fresh)
    return [copy for number, copy in found.items() if number not in own]


def _family(connection: sa.Connection, members: Sequence[Copy]) -> list[Copy]:
    """All copies of the restore points of `members`, and of the points that those need."""
    found: dict[int, Copy] = {}
    points = {copy.restore_point for copy in members}
    asked: set[int] = set()
    while points - asked:
        query = sa.select(copies.c.id).where(copies.c.released_at.is_(None))
        ids = _chunked(connection, query, copies.c.restore_point, sorted(points - asked))
        asked |= points
        fresh = _with_parts(connection, [each for each in ids if each not in found])
        found.update((copy.id, copy) for copy in fresh)
        points = {point for copy in fresh for point in copy.needs}
    return list(found.values())


def _with_parts(connection: sa.Connection, ids: Sequence[int]) -> list[Copy]:
    """The copies of these ids in their order, with tapes and needs."""
    if not ids:
        return []
    tapes: dict[int, list[str]] = {}
    query = sa.select(copy_tapes.c.copy_id, copy_tapes.c.tape).order_by(copy_tapes.c.copy_id, copy_tapes.c.part)
    for copy_id, tape in _rows(connection, query, copy_tapes.c.copy_id, ids):
        tapes.setdefault(copy_id, []).append(tape)
    needs: dict[int, list[int]] = {}
    query = sa.select(copy_needs.c.copy_id, copy_needs.c.restore_point).order_by(copy_needs.c.restore_point)
    for copy_id, point in _rows(connection, query, copy_needs.c.copy_id, ids):
        needs.setdefault(copy_id, []).append(point)
    found = {
        row.id: Copy(
            id=row.id,
            restore_point=row.restore_point,
            machine=row.machine,
            system=row.system,
            backup_class=row.backup_class,
            taken_at=clock.from_text(row.taken_at),
            pool=row.pool,
            offsite=row.offsite,
            tapes=tuple(tapes.get(row.id, ())),
            size_bytes=row.size_bytes,
            key_id=row.key_id,
            needs=tuple(needs.get(row.id, ())),
            read_back_at=clock.from_text(row.read_back_at) if row.read_back_at else None,
            read_back_ok=row.read_back_ok,
            released_at=clock.from_text(row.released_at) if row.released_at else None,
        )
        for row in _rows(connection, sa.select(copies), copies.c.id, ids)
    }
    return [found[number] for number in ids]


def _rows(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Sequence[Any]
) -> Iterable[Any]:
    for start in range(0, len(values), _AT_ONCE):
        yield from connection.execute(query.where(column.in_(values[start : start + _AT_ONCE])))


def _chunked(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Sequence[Any]
) -> list[int]:
    return list(dict.fromkeys(row[0] for row in _rows(connection, query, column, values)))


def _copy_of(item: NewCopy, number: int, point: int) -> Copy:
    return Copy(
        id=number,
        restore_point=point,
        machine=item.machine,
        system=item.system,
        backup_class=item.backup_class,
        taken_at=item.taken_at,
        pool=item.pool,
        offsite=item.offsite,
        tapes=item.tapes,
        size_bytes=item.size_bytes,
        key_id=item.key_id,
        needs=tuple(sorted(set(item.needs))),
    )


def _row(copy: Copy) -> dict[str, Any]:
    names = ("id", "restore_point", "machine", "system", "backup_class", "pool", "offsite", "size_bytes", "key_id")
    return {name: getattr(copy, name) for name in names} | {"taken_at": clock.to_text(copy.taken_at)}


def _proof(copy: Copy, job: str, manifest_digest: str) -> dict[str, Any]:
    """What the chain keeps of a copy: every column that never changes."""
    return _row(copy) | {
        "job": job,
        "manifest_digest": manifest_digest,
        "tapes": list(copy.tapes),
        "needs": list(copy.needs),
    }
