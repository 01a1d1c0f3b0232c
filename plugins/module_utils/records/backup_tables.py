"""The tables of backup runs: which machine is in which phase, so that a run that died is finished by the next one.

What proves something stands in the chain (kinds backup, copy, read-back); these rows are how a run finds its way back.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Table, Text

from ansible_collections.kyotsu.platform.plugins.module_utils.records.tables import metadata

backup_runs = Table(
    "backup_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("environment", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=True),
    Column("outcome", Text, nullable=True),
    Index("backup_runs_by_finish", "finished_at"),
)

backup_machines = Table(
    "backup_machines",
    metadata,
    Column("run_id", Text, ForeignKey("backup_runs.run_id"), primary_key=True),
    Column("machine", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("vcenter", Text, nullable=False),
    Column("instance_uuid", Text, nullable=False),
    Column("backup_class", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("key_id", Text, nullable=True),
    Column("phase", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("job_id", Integer, nullable=True),
    Column("taken_at", Text, nullable=True),
    Column("tapes", Text, nullable=False),  # JSON, in their order
    Column("streams", Text, nullable=False),  # JSON, see StreamRecord
    Column("manifest_digest", Text, nullable=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("copy_id", Integer, nullable=True),
    Column("restore_point", Integer, nullable=True),
    Column("problem", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("mark", Text, nullable=True),  # JSON, see disk_marks.MachineMark
    Index("backup_machines_by_point", "restore_point"),
    Index("backup_machines_by_machine", "machine", "changed_at"),
)
