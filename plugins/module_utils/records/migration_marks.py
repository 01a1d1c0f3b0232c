"""Step 7 of the migrations: how a machine stood when it was copied, so that unchanged disks are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def add_backup_marks(op: Operations) -> None:
    """Add the column; of the copies that are there nothing is known."""
    op.add_column("backup_machines", sa.Column("mark", sa.Text, nullable=True))
