"""Numbered steps from an empty database to the tables of today, run by alembic's operations.

Steps are Python functions and not files of a migration directory: an Ansible module travels in a zip, where nothing
is found by path. A step is never edited once it was released; add the next number instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import StoreRefusedError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.migration_backups import create_backup_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.migration_copies import create_copy_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.migration_marks import add_backup_marks
from ansible_collections.kyotsu.platform.plugins.module_utils.records.migration_patches import create_patch_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.migration_restores import create_restore_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.migration_samples import create_sample_tables

if TYPE_CHECKING:
    from alembic.operations import Operations


@dataclass(frozen=True)
class Migration:
    """One step; `apply` may use everything that alembic's `op` offers."""

    number: int
    name: str
    apply: Callable[[Operations], None]


def current_number(connection: sa.Connection) -> int:
    """Return the number of the last step that the database has, 0 for an empty database."""
    try:
        return connection.scalar(sa.select(sa.func.max(tables.schema_migrations.c.number))) or 0
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        # PostgreSQL accepts nothing more in a transaction that failed.
        connection.rollback()
        if sa.inspect(connection).has_table("schema_migrations"):
            raise
        return 0


def refuse_newer(number: int) -> None:
    """Raise StoreRefusedError if the database was made by a later version of this code."""
    newest = MIGRATIONS[-1].number
    if number > newest:
        raise StoreRefusedError(
            f"the records database has version {number}, this code knows {newest}: update this repository first"
        )


def migrate(connection: sa.Connection, now: clock.Clock) -> None:
    """Run the missing steps inside the caller's write transaction, which no other writer shares."""
    # Importing alembic costs 0.35 s; most runs find a database that is up to date and never come here.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    done = 0
    if sa.inspect(connection).has_table("schema_migrations"):
        done = current_number(connection)
    refuse_newer(done)
    operations = Operations(MigrationContext.configure(connection))
    for migration in MIGRATIONS:
        if migration.number > done:
            migration.apply(operations)
            row = {"number": migration.number, "name": migration.name, "applied_at": clock.to_text(now())}
            connection.execute(sa.insert(tables.schema_migrations), row)


def _create_first_tables(op: Operations) -> None:
    def text(name: str, *, primary_key: bool = False, nullable: bool = False) -> sa.Column[str]:
        return sa.Column(name, sa.Text, primary_key=primary_key, nullable=nullable)

    def number(name: str) -> sa.Column[int]:
        return sa.Column(name, sa.Integer, nullable=False)

    def given_id(name: str) -> sa.Column[int]:
        return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)

    op.create_table("schema_migrations", given_id("number"), text("name"), text("applied_at"))
    names = ("recorded_at", "kind", "subject", "actor", "host", "run_id", "commit", "payload", "previous_hash", "hash")
    op.create_table("entries", given_id("id"), *(text(name) for name in names))
    op.create_index("entries_by_kind", "entries", ["kind", "id"])
    op.create_index("entries_by_subject", "entries", ["subject", "id"])
    op.create_table(
        "leases",
        text("resource", primary_key=True),
        *(text(name) for name in ("claim", "owner", "host", "host_instance")),
        number("pid"),
        *(text(name) for name in ("process_started", "run_id", "acquired_at", "heartbeat_at", "expires_at")),
    )
    op.create_table(
        "plans",
        text("digest", primary_key=True),
        *(text(name) for name in ("kind", "commit", "environment", "document", "saved_at")),
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("entries.id"), nullable=False),
    )
    op.create_table(
        "applies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("plan_digest", sa.Text, sa.ForeignKey("plans.digest"), nullable=False),
        *(text(name) for name in ("verb", "actor", "host", "host_instance")),
        number("pid"),
        *(text(name) for name in ("process_started", "run_id", "commit", "started_at")),
        text("finished_at", nullable=True),
        text("outcome", nullable=True),
    )
    op.create_index("applies_by_finish", "applies", ["finished_at"])
    op.create_table(
        "apply_results",
        sa.Column("apply_id", sa.Integer, sa.ForeignKey("applies.id"), primary_key=True, autoincrement=False),
        text("vcenter", primary_key=True),
        text("object", primary_key=True),
        text("state"),
        sa.Column("changed", sa.Boolean, nullable=False),
        text("message"),
        text("started_at"),
        text("finished_at", nullable=True),
    )
    statements = _SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_TRIGGERS
    for statement in statements:
        op.execute(statement)


# The first trigger also stops INSERT OR REPLACE, which deletes without asking the delete trigger.
_SQLITE_TRIGGERS = (
    """CREATE TRIGGER entries_insert BEFORE INSERT ON entries
    WHEN NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM entries)
      OR NEW.previous_hash <> coalesce((SELECT hash FROM entries ORDER BY id DESC LIMIT 1), printf('%064d', 0))
    BEGIN SELECT RAISE(ABORT, 'entries is append-only: an entry must follow the last one'); END""",
    """CREATE TRIGGER entries_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries is append-only: UPDATE is refused'); END""",
    """CREATE TRIGGER entries_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries is append-only: DELETE is refused'); END""",
)

_POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION entries_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM entries)
        OR NEW.previous_hash <> coalesce((SELECT hash FROM entries ORDER BY id DESC LIMIT 1), repeat('0', 64)) THEN
        RAISE EXCEPTION 'entries is append-only: an entry must follow the last one';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE FUNCTION entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION USING MESSAGE = 'entries is append-only: ' || TG_OP || ' is refused';
    END $$""",
    "CREATE TRIGGER entries_insert BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION entries_follow()",
    "CREATE TRIGGER entries_change BEFORE UPDATE OR DELETE ON entries FOR EACH ROW EXECUTE FUNCTION entries_refuse()",
    "CREATE TRIGGER entries_truncate BEFORE TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION entries_refuse()",
)

MIGRATIONS = (
    Migration(1, "first tables", _create_first_tables),
    Migration(2, "samples", create_sample_tables),
    Migration(3, "copies", create_copy_tables),
    Migration(4, "backup runs", create_backup_tables),
    Migration(5, "restores", create_restore_tables),
    Migration(6, "patch runs", create_patch_tables),
    Migration(7, "backup marks", add_backup_marks),
)
