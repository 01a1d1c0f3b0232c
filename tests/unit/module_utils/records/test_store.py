"""Opening: which databases are accepted, what they look like afterwards, and what it costs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    StoreRefusedError,
    StoreUnreachableError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

REPOSITORY = Path(__file__).parents[4]
PACKAGE = "ansible_collections.kyotsu.platform.plugins.module_utils.records"


def test_production_refuses_sqlite_and_says_what_to_set(database_file: Path) -> None:
    with pytest.raises(StoreRefusedError, match=r"KYOTSU_RECORDS_URL=postgresql\+psycopg://"):
        open_store(f"sqlite:///{database_file}", production=True)
    assert not database_file.parent.exists()


@pytest.mark.parametrize(
    "url",
    ["mysql://db/records", "records.sqlite3", "", "sqlite://", "sqlite:///:memory:", "postgresql+psycopg://h:x/d"],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(StoreRefusedError):
        open_store(url, production=False)


def test_file_and_directory_are_readable_by_their_owner_only(
    opened: Callable[[], Store], origin: Origin, database_file: Path
) -> None:
    opened().chain.append("custody", "tape", {}, origin)
    assert database_file.parent.stat().st_mode & 0o777 == 0o700
    names = {path.name: path.stat().st_mode & 0o777 for path in database_file.parent.iterdir()}
    assert names == dict.fromkeys(["records.sqlite3", "records.sqlite3-wal", "records.sqlite3-shm"], 0o600)


def test_a_file_that_others_could_read_is_closed_to_them(opened: Callable[[], Store], database_file: Path) -> None:
    opened().close()
    database_file.chmod(0o644)
    opened()
    assert database_file.stat().st_mode & 0o777 == 0o600


def test_sqlite_is_set_up_for_many_processes_and_power_cuts(opened: Callable[[], Store]) -> None:
    with opened().database.write() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1, "synchronous": 2}


def test_the_migrations_make_exactly_the_tables_of_today(opened: Callable[[], Store]) -> None:
    with opened().database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), sample_tables.sample_runs.metadata) == []


def test_a_database_of_a_later_version_is_refused(opened: Callable[[], Store], database_file: Path) -> None:
    opened().close()
    with sqlite3.connect(database_file) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (99, 'of the future', '')")
    connection.close()
    with pytest.raises(StoreRefusedError, match="version 99"):
        opened()


def test_a_file_that_is_no_database_is_one_clear_error(opened: Callable[[], Store], database_file: Path) -> None:
    database_file.parent.mkdir()
    database_file.write_text("this is no database, only text that is long enough to be read as a header " * 3)
    with pytest.raises(StoreUnreachableError, match="not a database"):
        opened()


def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreachableError, match="file"):
        open_store(f"sqlite:///{tmp_path}/file/records.sqlite3", production=False)


def test_missing_records_are_not_made_by_a_command_that_reads(tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match="no records yet"):
        open_store(f"sqlite:///{tmp_path}/records.sqlite3", production=False, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_database_server_that_is_not_there_is_one_clear_error_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://kyotsu@/records?host={tmp_path}"
    with pytest.raises(StoreUnreachableError) as caught:
        open_store(url, production=True, password="hunter2")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_production_asks_for_a_verified_connection_unless_the_url_says_otherwise() -> None:
    from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import _complete

    def sslmode(url: str) -> object:
        return _complete(url, None, production=True).query.get("sslmode")

    assert sslmode("postgresql://kyotsu@db.example/records") == "verify-full"
    assert sslmode("postgresql://kyotsu@db.example/records?sslmode=verify-ca") == "verify-ca"
    assert sslmode("postgresql://kyotsu@/records?host=/run/postgresql") is None


def test_the_lock_scope_of_sqlite_names_its_limit(store: Store) -> None:
    assert "this controller only" in store.lock_scope


def test_importing_the_store_does_not_import_sqlalchemy_and_opening_does_not_import_alembic(store: Store) -> None:
    code = (
        f"import sys; sys.path.insert(0, 'collections'); from {PACKAGE}.store import open_store;"
        f"from {PACKAGE} import errors, values; assert 'sqlalchemy' not in sys.modules;"
        f"open_store({store.database.name!r}, production=False).close();"
        "assert 'sqlalchemy' in sys.modules; assert 'alembic' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_opening_and_saving_a_plan_takes_less_than_150_ms(opened: Callable[[], Store], origin: Origin) -> None:
    opened().close()  # imports and the migration of an empty file are paid once
    document = {
        "changes": [{"object": f"s{n:02d}-ap01", "field": "memory_gb", "from": 8, "to": 16} for n in range(200)]
    }
    begun = time.perf_counter()
    opened().plans.save("d" * 64, kind="live", environment="lab", document=document, origin=origin)
    assert time.perf_counter() - begun < 0.15


def test_one_transaction_is_one_begin(store: Store) -> None:
    statements: list[str] = []
    sa.event.listen(store.database._reader, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with store.database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    with store.database.write() as connection:
        connection.exec_driver_sql("SELECT 2")
    assert statements == ["BEGIN", "SELECT 1", "BEGIN IMMEDIATE", "SELECT 2"]
