"""The lock: a lease per resource (a vCenter), renewed by a heartbeat, taken over from the dead and written down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import LONGEST_REMARK, checked_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ClockSkewError,
    InvalidRecordError,
    LockHeldError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.lease import Lease
from ansible_collections.kyotsu.platform.plugins.module_utils.records.processes import (
    Process,
    describe_process,
    is_gone,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Holder, Origin

LONGEST_SKEW_SECONDS = 5
SHORTEST_TTL_SECONDS = 1


class Locks:
    """The locks of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    @property
    def scope(self) -> str:
        """Return the sentence that a command prints: which controllers the lock covers."""
        if self._database.is_sqlite:
            return (
                f"The lock covers this controller only (SQLite, {self._database.name}); "
                "several controllers need a PostgreSQL URL in KYOTSU_RECORDS_URL."
            )
        return f"The lock covers all controllers that use {self._database.name}."

    def acquire(
        self,
        resources: Sequence[str],
        *,
        owner: str,
        run_id: str,
        ttl_seconds: float = 120,
        commit: str = "",
        process: Process | None = None,
    ) -> Lease:
        """Take the lock of all resources or of none (LockHeldError names the holder and what to do).

        Use it as `with locks.acquire(…) as lease:` (the heartbeat runs inside) and call `lease.check()` between steps.
        `process` is the process whose death frees the lock, by default this one.
        """
        wanted = sorted({checked_line("resource", resource) for resource in resources})
        if not wanted or ttl_seconds < SHORTEST_TTL_SECONDS:
            raise InvalidRecordError("a lock needs at least one resource and a time to live of at least one second")
        holder = process or describe_process()
        origin = Origin(actor=owner, host=holder.host, run_id=run_id, commit=commit)
        claim = uuid.uuid4().hex
        with self._database.write() as connection:
            self._require_equal_clocks(connection)
            now = self._database.clock()
            self._clear(connection, wanted, origin)
            row = {
                "claim": claim,
                "owner": checked_line("owner", owner),
                "host": holder.host,
                "host_instance": holder.instance,
                "pid": holder.pid,
                "process_started": holder.started,
                "run_id": checked_line("run_id", run_id),
                "acquired_at": clock.to_text(now),
                "heartbeat_at": clock.to_text(now),
                "expires_at": clock.to_text(now + timedelta(seconds=ttl_seconds)),
            }
            connection.execute(sa.insert(tables.leases), [{"resource": resource, **row} for resource in wanted])
        return Lease(self._database, tuple(wanted), claim, ttl_seconds)

    def holders(self) -> list[Holder]:
        """Return who holds which lock, also when the lease is expired but not yet taken over."""
        with self._database.read() as connection:
            rows = connection.execute(_SELECT.order_by(tables.leases.c.resource))
            return [_to_holder(row) for row in rows]

    def unlock(self, resource: str, *, reason: str, origin: Origin) -> Holder:
        """Remove the lock of another run by hand and write down why; that run stops at its next check."""
        if not checked_line("reason", reason, longest=LONGEST_REMARK).strip():
            raise InvalidRecordError("unlocking by hand needs a reason, which goes into the records")
        with self._database.write() as connection:
            row = connection.execute(_SELECT.where(tables.leases.c.resource == resource)).one_or_none()
            if row is None:
                raise InvalidRecordError(f"'{resource}' is not locked; `scripts/records.py locks` lists what is")
            self._remove(connection, row, "unlock", reason, origin)
            return _to_holder(row)

    def _clear(self, connection: sa.Connection, wanted: Sequence[str], origin: Origin) -> None:
        now = clock.to_text(self._database.clock())
        for row in connection.execute(_SELECT.where(tables.leases.c.resource.in_(wanted))).all():
            if is_gone(Process(row.host, row.host_instance, row.pid, row.process_started)):
                reason = f"process {row.pid} on {row.host} no longer exists"
            elif row.expires_at <= now:
                reason = f"expired at {row.expires_at} without a heartbeat"
            else:
                raise LockHeldError(_held(row))
            self._remove(connection, row, "lock-takeover", reason, origin)

    def _remove(self, connection: sa.Connection, row: sa.Row[Any], kind: str, reason: str, origin: Origin) -> None:
        names = ("owner", "host", "pid", "run_id", "acquired_at", "heartbeat_at", "expires_at")
        payload = {"reason": reason, "previous": {name: getattr(row, name) for name in names}}
        connection.execute(sa.delete(tables.leases).where(tables.leases.c.resource == row.resource))
        self._chain.append_in(connection, kind, row.resource, payload, origin)

    def _require_equal_clocks(self, connection: sa.Connection) -> None:
        """A controller whose clock is ahead would take over a living lease."""
        if self._database.is_sqlite or self._database.clock is not clock.utc_now:
            return
        there = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        skew = abs((clock.utc_now() - there).total_seconds())
        if skew > LONGEST_SKEW_SECONDS:
            raise ClockSkewError(
                f"the clocks of this controller and of the records database differ by {skew:.0f} s, more than "
                f"{LONGEST_SKEW_SECONDS} s allow a lock: correct the time (NTP) first"
            )


_SELECT = sa.select(*tables.leases.columns)


def _held(row: sa.Row[Any]) -> str:
    return (
        f"'{row.resource}' is locked by {row.owner} on {row.host} (process {row.pid}), run {row.run_id}, since "
        f"{row.acquired_at}, last heartbeat {row.heartbeat_at}. Wait for that run to end; if its host is dead, the "
        f"lock is free at {row.expires_at}; if the run hangs, end it, or remove the lock with "
        f"`scripts/records.py unlock {row.resource} --reason …`."
    )


def _to_holder(row: sa.Row[Any]) -> Holder:
    return Holder(
        resource=row.resource,
        owner=row.owner,
        host=row.host,
        pid=row.pid,
        run_id=row.run_id,
        acquired_at=clock.from_text(row.acquired_at),
        heartbeat_at=clock.from_text(row.heartbeat_at),
        expires_at=clock.from_text(row.expires_at),
    )
