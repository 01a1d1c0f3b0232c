"""The tables of patch runs: who runs, what became of each machine so far, and from where a run that died goes on.

What proves something stands in the chain (kind patch-run); these rows are how it is looked up.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from ansible_collections.kyotsu.platform.plugins.module_utils.records.tables import metadata

patch_runs = Table(
    "patch_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("environment", Text, nullable=False),
    Column("round", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("emergency", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("host_instance", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("touched_at", Text, nullable=False),  # last sign of life, for those who cannot see the process
    Column("finished_at", Text, nullable=True),
    Column("stopped", Text, nullable=False),
    Column("resumed_from", Text, nullable=False),  # JSON list of texts
    Column("findings", Text, nullable=False),  # JSON list of texts
    Index("patch_runs_by_round", "environment", "round"),
)

patch_machines = Table(
    "patch_machines",
    metadata,
    Column("run_id", Text, ForeignKey("patch_runs.run_id"), primary_key=True),
    Column("machine", Text, primary_key=True),
    Column("vcenter", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("only_by_a_person", Text, nullable=False),  # why it must not be brought back by itself; JSON
    Column("outcome", Text, nullable=False),  # MachineOutcome as JSON
)
