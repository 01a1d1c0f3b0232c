"""Opening the records store: SQLite for one controller, PostgreSQL by URL; in production PostgreSQL only."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import Clock, utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import StoreRefusedError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from ansible_collections.kyotsu.platform.plugins.module_utils.records.applies import Applies
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.approvals import Approvals
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.backups import Backups
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import Copies
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.custody import Custody
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.lock import Locks
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import Patches
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.plans import Plans
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import Restores
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.tape_keys import TapeKeys


@dataclass(frozen=True)
class Store:
    """An open store; use it as a context manager."""

    database: Database
    chain: Chain
    plans: Plans
    approvals: Approvals
    applies: Applies
    locks: Locks
    custody: Custody
    copies: Copies
    backups: Backups
    tape_keys: TapeKeys
    restores: Restores
    patches: Patches

    @property
    def lock_scope(self) -> str:
        """Return the sentence that says which controllers the lock covers."""
        return self.locks.scope

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    url: str, *, production: bool, password: str | None = None, clock: Clock = utc_now, create: bool = True
) -> Store:
    """Open the store and bring its tables up to date.

    `url` is `sqlite:///relative`, `sqlite:////absolute` or `postgresql+psycopg://user@host/database`; `password` is
    kept apart from it so that URLs can be printed. With `create` false a missing SQLite file is a NoRecordsError.
    Raises StoreRefusedError (wrong kind of URL, production on SQLite, newer database) or StoreUnreachableError.
    """
    backend = url.partition(":")[0].partition("+")[0]
    if backend not in {"sqlite", "postgresql"}:
        raise StoreRefusedError("the records URL must begin with sqlite:/// or postgresql+psycopg://")
    if production and backend == "sqlite":
        raise StoreRefusedError(
            "in production the records are kept in PostgreSQL, since SQLite locks one controller only: "
            "set KYOTSU_RECORDS_URL=postgresql+psycopg://USER@HOST/DATABASE"
        )
    # These imports cost 0.2 s, which a run without records does not pay.
    try:
        from ansible_collections.kyotsu.platform.plugins.module_utils.records import database as opening
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.applies import Applies
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.approvals import Approvals
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.backups import Backups
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import Copies
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.custody import Custody
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.lock import Locks
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import Patches
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.plans import Plans
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import Restores
        from ansible_collections.kyotsu.platform.plugins.module_utils.records.tape_keys import TapeKeys

        database = opening.open_database(_complete(url, password, production=production), clock, create=create)
    except ModuleNotFoundError as error:
        raise StoreRefusedError(
            f"the Python {sys.executable} lacks {error.name}, which the records need: pip install -r requirements.txt"
        ) from None
    chain = Chain(database)
    custody = Custody(database, chain)
    return Store(
        database=database,
        chain=chain,
        plans=Plans(database, chain),
        approvals=Approvals(database, chain),
        applies=Applies(database, chain),
        locks=Locks(database, chain),
        custody=custody,
        copies=Copies(database, chain, custody),
        backups=Backups(database, chain),
        tape_keys=TapeKeys(database, chain),
        patches=Patches(database, chain),
        restores=Restores(database, chain),
    )


def _complete(text: str, password: str | None, *, production: bool) -> sa.URL:
    import sqlalchemy as sa

    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreRefusedError(
            "the records URL cannot be read; write sqlite:///FILE or postgresql+psycopg://…"
        ) from None
    if url.get_backend_name() == "sqlite":
        if (
            url.drivername != "sqlite"
            or not url.database
            or url.database.startswith((":memory:", "file:"))
            or url.query
        ):
            raise StoreRefusedError("a SQLite URL names a file and nothing else: sqlite:///FILE")
        return url
    url = url.set(drivername="postgresql+psycopg")
    if password is not None:
        url = url.set(password=password)
    local = "host" in url.query or url.host in {None, "", "localhost", "127.0.0.1", "::1"}
    if production and not local and "sslmode" not in url.query:
        # The library's own default falls back to plain text without a word.
        url = url.update_query_dict({"sslmode": "verify-full"})
    return url
