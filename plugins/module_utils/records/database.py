"""Connections and transactions of both databases; the only file that knows how they differ in opening and locking."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import migrations
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import Clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    NoRecordsError,
    StoreUnreachableError,
)

BUSY_SECONDS = 30
CONNECT_SECONDS = 10
# Any number will do, as long as it is always the same: one writer at a time per database, as in SQLite.
WRITER_LOCK = 5_140_731_210


class Database:
    """One open database; `read` and `write` give a connection inside a transaction."""

    def __init__(self, url: sa.URL, clock: Clock) -> None:
        self.clock = clock
        self.name = url.render_as_string(hide_password=True)
        self._reader = _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url)
        self._writer = self._reader.execution_options(records_write=True)

    @property
    def is_sqlite(self) -> bool:
        """Say whether only processes of this controller can see the database."""
        return self._reader.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection for reading; raise StoreUnreachableError where the database fails."""
        with self._translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give the connection of the only writer; commit at the end, roll back at any error.

        One writer at a time keeps the chain gapless and makes a deadlock impossible; writes are short.
        """
        with self._translated(), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise StoreUnreachableError(f"records database {self.name}: {_one_line(error)}") from error


def open_database(url: sa.URL, clock: Clock, *, create: bool) -> Database:
    """Open a database and bring its tables up to date; with `create` false a missing SQLite file is refused."""
    path = Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None
    if path is not None:
        _prepare_file(path, create=create)
        url = url.set(database=str(path))
    database = Database(url, clock)
    try:
        with database.read() as connection:
            number = migrations.current_number(connection)
        migrations.refuse_newer(number)
        if number < migrations.MIGRATIONS[-1].number:
            with database.write() as connection:
                migrations.migrate(connection, clock)
    except BaseException:
        database.close()
        raise
    return database


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        # Bytes that are no UTF-8 are found by the verification; they must not stop it from reading.
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            with _alone(Path(url.database or "").parent):  # switching does not wait for others, it fails
                connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what proves something survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("records_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "kyotsu-records"}
    if "options" not in url.query:
        # A writer that was stopped in the middle must not block all others for ever.
        limits = {"lock_timeout": BUSY_SECONDS * 1000, "idle_in_transaction_session_timeout": BUSY_SECONDS * 2000}
        arguments["options"] = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return sa.create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=2)


def _prepare_file(path: Path, *, create: bool) -> None:
    """Make the file readable by its owner only; SQLite gives its -wal and -shm files the same mode.

    A file that exists is never opened here: closing it would drop the locks that SQLite holds in this process.
    """
    if not create and not path.exists():
        raise NoRecordsError(f"there are no records yet: {path} does not exist")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
        else:
            path.touch(mode=0o600)
    except OSError as error:
        raise StoreUnreachableError(f"records database {path}: {error.strerror}") from None


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold a lock on the directory of a SQLite file."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _one_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())
