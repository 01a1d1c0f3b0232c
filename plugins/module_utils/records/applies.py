"""Applies: runs that change things by a plan, with a result per object, and those that never came to their end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import (
    LONGEST_REMARK,
    canonical_json,
    checked_line,
    sha256_of_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ApplyStateError, SecretRefusedError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.guard import refuse_secrets
from ansible_collections.kyotsu.platform.plugins.module_utils.records.plans import require_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import (
    Process,
    describe_process,
    is_gone,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import (
    Apply,
    ObjectResult,
    Origin,
    Outcome,
)


class Applies:
    """The applies of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def start(self, plan_digest: str, *, verb: str, origin: Origin, process: Process | None = None) -> int:
        """Record that a run begins to apply a saved plan; return the number of the apply.

        `process` is the process whose death ends the apply, by default this one.
        """
        owner = process or describe_process()
        now = self._database.clock()
        row = {
            "plan_digest": plan_digest,
            "verb": checked_line("verb", verb),
            "actor": origin.actor,
            "host": origin.host,
            "host_instance": owner.instance,
            "pid": owner.pid,
            "process_started": owner.started,
            "run_id": origin.run_id,
            "commit": origin.commit,
            "started_at": clock.to_text(now),
        }
        with self._database.write() as connection:
            require_plan(connection, plan_digest)
            apply_id: int = connection.execute(
                sa.insert(tables.applies).returning(tables.applies.c.id), row
            ).scalar_one()
            payload = {"event": "started", "apply": apply_id, "verb": verb}
            self._chain.append_in(connection, "apply", plan_digest, payload, origin, at=now)
        return apply_id

    def record(self, apply_id: int, results: Iterable[ObjectResult]) -> None:
        """Write results per object, many at once: each call is one transaction, which waits for the disk.

        An object that is tried again overwrites its row. Times that are None are set: `started_at` when the state is
        first written, `finished_at` when it is done or failed. A message that holds a secret is left out.
        ApplyStateError: the apply is finished.
        """
        now = clock.to_text(self._database.clock())
        rows = [_to_row(apply_id, result, now) for result in results]
        with self._database.write() as connection:
            _require_running(connection, apply_id)
            if rows:
                connection.execute(self._upsert(), rows)

    def finish(self, apply_id: int, *, outcome: Outcome, origin: Origin) -> None:
        """Record the end with the number of results per state and the hash of all results."""
        now = self._database.clock()
        with self._database.write() as connection:
            apply = _require_running(connection, apply_id)
            rows = _results_of(connection, apply_id)
            payload = {
                "event": "interrupted" if outcome == "interrupted" else "finished",
                "apply": apply_id,
                "verb": apply.verb,
                "outcome": outcome,
                "changed": sum(1 for row in rows if row[3]),
                "results": {
                    state: sum(1 for row in rows if row[2] == state) for state in ("started", "done", "failed")
                },
                "results_sha256": sha256_of_text(canonical_json(rows)),
            }
            self._chain.append_in(connection, "apply", apply.plan_digest, payload, origin, at=now)
            end = {"finished_at": clock.to_text(now), "outcome": outcome}
            connection.execute(sa.update(tables.applies).where(tables.applies.c.id == apply_id).values(end))

    def get(self, apply_id: int) -> Apply | None:
        """Return one apply, or None."""
        with self._database.read() as connection:
            row = connection.execute(_SELECT.where(tables.applies.c.id == apply_id)).one_or_none()
            return _to_apply(row) if row else None

    def results(self, apply_id: int) -> list[ObjectResult]:
        """Return the results of an apply, by vCenter and object."""
        with self._database.read() as connection:
            return [_to_result(row) for row in _results_of(connection, apply_id)]

    def unfinished(self) -> list[Apply]:
        """Return the applies that are still at work or died, oldest first."""
        return [apply for apply, _ in self._unfinished()]

    def interrupted(self) -> list[Apply]:
        """Return the applies that died before their end, oldest first.

        Dead is one whose process is gone from this host, or (seen from elsewhere) whose run holds no valid lock.
        The next run reports each and closes it with `finish(id, outcome="interrupted")`.
        """
        return [apply for apply, dead in self._unfinished() if dead]

    def _unfinished(self) -> list[tuple[Apply, bool]]:
        applies, leases = tables.applies.c, tables.leases.c
        now = clock.to_text(self._database.clock())
        here = describe_process().instance
        with self._database.read() as connection:
            working = set(connection.scalars(sa.select(leases.run_id).where(leases.expires_at > now)))
            rows = list(connection.execute(_SELECT.where(applies.finished_at.is_(None)).order_by(applies.id)))
        found = []
        for row in rows:
            process = Process(row.host, row.host_instance, row.pid, row.process_started)
            visible = bool(here) and row.host_instance == here
            found.append((_to_apply(row), is_gone(process) if visible else row.run_id not in working))
        return found

    def _upsert(self) -> sa.Executable:
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        statement = insert(tables.apply_results)
        changing = ("state", "changed", "message", "finished_at")
        return statement.on_conflict_do_update(
            index_elements=["apply_id", "vcenter", "object"],
            set_={name: statement.excluded[name] for name in changing},
        )


_SELECT = sa.select(*tables.applies.columns)


def _results_of(connection: sa.Connection, apply_id: int) -> list[list[Any]]:
    columns = tables.apply_results.c
    names = ("vcenter", "object", "state", "changed", "message", "started_at", "finished_at")
    query = sa.select(*(columns[name] for name in names)).where(columns.apply_id == apply_id)
    # Sorted here and not by the database: the rows are hashed in this order, whatever its collation is.
    return sorted([list(row) for row in connection.execute(query)], key=lambda row: (row[0], row[1]))


def _require_running(connection: sa.Connection, apply_id: int) -> sa.Row[Any]:
    row = connection.execute(_SELECT.where(tables.applies.c.id == apply_id)).one_or_none()
    if row is None:
        raise ApplyStateError(f"there is no apply {apply_id} in the records")
    if row.finished_at is not None:
        raise ApplyStateError(f"apply {apply_id} ended at {row.finished_at} ({row.outcome}); start another one")
    return row


def _to_row(apply_id: int, result: ObjectResult, now: str) -> dict[str, Any]:
    ended = result.state != "started"
    return {
        "apply_id": apply_id,
        "vcenter": checked_line("vcenter", result.vcenter),
        "object": checked_line("object", result.object),
        "state": result.state,
        "changed": result.changed,
        "message": one_line(result.message),
        "started_at": clock.to_text(result.started_at) if result.started_at else now,
        "finished_at": (clock.to_text(result.finished_at) if result.finished_at else now) if ended else None,
    }


def one_line(text: str) -> str:
    """Return one line; a message that carries a secret is left out, but what it belongs to is kept."""
    try:
        refuse_secrets(text)
    except SecretRefusedError:
        return "(message left out: it holds what looks like a secret)"
    line = "".join(" " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in text)
    return " ".join(line.split())[:LONGEST_REMARK]


def _to_result(row: Sequence[Any]) -> ObjectResult:
    vcenter, name, state, changed, message, started, finished = row
    return ObjectResult(
        vcenter=vcenter,
        object=name,
        state=state,
        changed=bool(changed),
        message=message,
        started_at=clock.from_text(started),
        finished_at=clock.from_text(finished) if finished else None,
    )


def _to_apply(row: sa.Row[Any]) -> Apply:
    return Apply(
        id=row.id,
        plan_digest=row.plan_digest,
        verb=row.verb,
        actor=row.actor,
        host=row.host,
        pid=row.pid,
        run_id=row.run_id,
        commit=row.commit,
        started_at=clock.from_text(row.started_at),
        finished_at=clock.from_text(row.finished_at) if row.finished_at else None,
        outcome=row.outcome,
    )
