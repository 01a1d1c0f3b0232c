"""The tables of copies on tape: what lies on which tapes, and which restore points refer to which.

What proves something stands in the chain (kinds copy, read-back, custody); these rows are how it is looked up, and
`Copies.verify` compares the two. Ids are given by us, one writer at a time.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from ansible_collections.kyotsu.platform.plugins.module_utils.records.tables import metadata

copies = Table(
    "copies",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("restore_point", Integer, nullable=False),
    Column("machine", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("backup_class", Text, nullable=False),
    Column("taken_at", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("offsite", Boolean, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("key_id", Text, nullable=True),
    Column("job", Text, nullable=False),  # how the tape software names it
    Column("manifest_digest", Text, nullable=False),
    Column("entry_id", Integer, ForeignKey("entries.id"), nullable=False),
    Column("read_back_at", Text, nullable=True),
    Column("read_back_ok", Boolean, nullable=True),
    Column("released_at", Text, nullable=True),
    Index("copies_by_point", "restore_point"),
    Index("copies_by_machine", "machine", "taken_at"),
)

# The tapes of a copy in their order; a copy that spans has several.
copy_tapes = Table(
    "copy_tapes",
    metadata,
    Column("copy_id", Integer, ForeignKey("copies.id"), primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("tape", Text, nullable=False),
    Index("copy_tapes_by_tape", "tape"),
)

# Restore points whose disks a copy refers to, because they were unchanged.
copy_needs = Table(
    "copy_needs",
    metadata,
    Column("copy_id", Integer, ForeignKey("copies.id"), primary_key=True, autoincrement=False),
    Column("restore_point", Integer, primary_key=True, autoincrement=False),
    Index("copy_needs_by_point", "restore_point"),
)
