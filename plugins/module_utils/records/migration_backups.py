"""Step 4 of the migrations: the tables of backup runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def create_backup_tables(op: Operations) -> None:
    """Make them; all are empty."""
    op.create_table(
        "backup_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        *(_text(name) for name in ("environment", "purpose", "actor", "host", "commit", "started_at")),
        *(_text(name, nullable=True) for name in ("finished_at", "outcome")),
    )
    op.create_index("backup_runs_by_finish", "backup_runs", ["finished_at"])
    op.create_table(
        "backup_machines",
        sa.Column("run_id", sa.Text, sa.ForeignKey("backup_runs.run_id"), primary_key=True),
        sa.Column("machine", sa.Text, primary_key=True),
        *(_text(name) for name in ("name", "system", "vcenter", "instance_uuid", "backup_class", "pool", "client")),
        _text("key_id", nullable=True),
        _text("phase"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("job_id", sa.Integer, nullable=True),
        _text("taken_at", nullable=True),
        *(_text(name) for name in ("tapes", "streams")),
        _text("manifest_digest", nullable=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=True) for name in ("copy_id", "restore_point")),
        *(_text(name) for name in ("problem", "changed_at")),
    )
    op.create_index("backup_machines_by_point", "backup_machines", ["restore_point"])
    op.create_index("backup_machines_by_machine", "backup_machines", ["machine", "changed_at"])


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)
