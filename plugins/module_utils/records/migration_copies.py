"""Step 3 of the migrations: the tables of copies on tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def create_copy_tables(op: Operations) -> None:
    """Make them; all are empty."""
    op.create_table(
        "copies",
        _given("id"),
        sa.Column("restore_point", sa.Integer, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("machine", "system", "backup_class", "taken_at", "pool")
        ),
        sa.Column("offsite", sa.Boolean, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("key_id", sa.Text, nullable=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("job", "manifest_digest")),
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("entries.id"), nullable=False),
        sa.Column("read_back_at", sa.Text, nullable=True),
        sa.Column("read_back_ok", sa.Boolean, nullable=True),
        sa.Column("released_at", sa.Text, nullable=True),
    )
    op.create_index("copies_by_point", "copies", ["restore_point"])
    op.create_index("copies_by_machine", "copies", ["machine", "taken_at"])
    op.create_table("copy_tapes", _copy(), _given("part"), sa.Column("tape", sa.Text, nullable=False))
    op.create_index("copy_tapes_by_tape", "copy_tapes", ["tape"])
    op.create_table("copy_needs", _copy(), _given("restore_point"))
    op.create_index("copy_needs_by_point", "copy_needs", ["restore_point"])


def _given(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _copy() -> sa.Column[int]:
    return sa.Column("copy_id", sa.Integer, sa.ForeignKey("copies.id"), primary_key=True, autoincrement=False)
