"""A lock that this run holds: heartbeat, check, release."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from types import TracebackType

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    LockLostError,
    RecordsError,
    StoreUnreachableError,
)


class Lease:
    """Held from `Locks.acquire` on; as a context manager it renews itself three times per time to live."""

    def __init__(self, database: Database, resources: tuple[str, ...], claim: str, ttl_seconds: float) -> None:
        self.resources = resources
        self._database = database
        self._claim = claim
        self._ttl_seconds = ttl_seconds
        self._renewed = time.monotonic()
        self._lost = ""
        self._ended = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="records-lock-heartbeat", daemon=True)

    def __enter__(self) -> Lease:
        self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._heartbeat.join()
        try:
            self.release()
        except RecordsError as problem:
            if error is None:
                raise
            error.add_note(str(problem))  # the first error matters; the lease expires by itself

    def check(self) -> None:
        """Raise LockLostError if the lock was taken away or could not be renewed in time; call it between steps."""
        if not self._lost and time.monotonic() - self._renewed > self._ttl_seconds:
            self._lost = f"it was not renewed for {self._ttl_seconds:g} s"
        if self._lost:
            raise LockLostError(
                f"the lock of {', '.join(self.resources)} is lost: {self._lost}. This run stops; run the command again "
                "to finish what is missing"
            )

    def renew(self) -> None:
        """Prolong the lease by its time to live; LockLostError if it is no longer ours."""
        begun = time.monotonic()
        now = self._database.clock()
        times = {
            "heartbeat_at": clock.to_text(now),
            "expires_at": clock.to_text(now + timedelta(seconds=self._ttl_seconds)),
        }
        with self._database.write() as connection:
            renewed = connection.execute(
                sa.update(tables.leases).where(tables.leases.c.claim == self._claim).values(times)
            ).rowcount
            if renewed != len(self.resources):
                self._lost = "another run took it over or a person removed it"
        self.check()
        self._renewed = begun

    def release(self) -> None:
        """Give the lock back; LockLostError if it was no longer ours, for then others may have worked meanwhile."""
        with self._database.write() as connection:
            mine = tables.leases.c.claim == self._claim
            released = connection.execute(sa.delete(tables.leases).where(mine)).rowcount
        if released != len(self.resources):
            self._lost = self._lost or "another run took it over or a person removed it"
            self.check()

    def _beat(self) -> None:
        while not self._ended.wait(self._ttl_seconds / 3):
            try:
                self.renew()
            except LockLostError:
                return  # check() tells the main thread
            except StoreUnreachableError:
                continue  # the database may come back before the lease expires; check() watches the time
