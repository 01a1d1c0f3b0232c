"""The table of restores and drills: what each was about, how far it came, and what was measured.

The row is how a later run finds what an earlier one left; what proves something stands in the chain (kind restore).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, Table, Text

from ansible_collections.kyotsu.platform.plugins.module_utils.records.tables import metadata

restores = Table(
    "restores",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("purpose", Text, nullable=False),  # restore | scratch | drill
    Column("machine", Text, nullable=False),  # permanent key
    Column("system", Text, nullable=False),
    Column("copy_id", Integer, nullable=True),  # none: from bare tape, without records
    Column("manifest_digest", Text, nullable=False),
    Column("tapes", Text, nullable=False),  # barcodes in their order, separated by spaces
    Column("recalled", Boolean, nullable=False),  # one of the tapes had been in the vault
    Column("vcenter", Text, nullable=False),
    Column("name", Text, nullable=False),  # what the machine is called in the end
    Column("working_name", Text, nullable=False),
    Column("working_uuid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text, nullable=True),
    Column("bytes", BigInteger, nullable=True),
    Column("stream_seconds", Float, nullable=True),
    Column("seconds", Float, nullable=True),
    Column("message", Text, nullable=False),
    Index("restores_by_state", "state"),
    Index("restores_by_system", "system", "started_at"),
)
