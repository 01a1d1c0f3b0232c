"""Step 5 of the migrations: the table of restores and drills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def create_restore_tables(op: Operations) -> None:
    """Make it; it is empty."""

    def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
        return sa.Column(name, sa.Text, nullable=nullable)

    op.create_table(
        "restores",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        *(text(name) for name in ("purpose", "machine", "system")),
        sa.Column("copy_id", sa.Integer, nullable=True),
        *(text(name) for name in ("manifest_digest", "tapes")),
        sa.Column("recalled", sa.Boolean, nullable=False),
        *(text(name) for name in ("vcenter", "name", "working_name", "working_uuid", "state", "run_id", "started_at")),
        text("ended_at", nullable=True),
        sa.Column("bytes", sa.BigInteger, nullable=True),
        sa.Column("stream_seconds", sa.Float, nullable=True),
        sa.Column("seconds", sa.Float, nullable=True),
        text("message"),
    )
    op.create_index("restores_by_state", "restores", ["state"])
    op.create_index("restores_by_system", "restores", ["system", "started_at"])
