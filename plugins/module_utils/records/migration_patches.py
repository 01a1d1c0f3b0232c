"""Step 6 of the migrations: the tables of patch runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def create_patch_tables(op: Operations) -> None:
    """Make them; both are empty."""

    def texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
        return [sa.Column(name, sa.Text, nullable=nullable) for name in names]

    op.create_table(
        "patch_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        *texts("environment", "round", "change", "content", "emergency", "actor", "host", "host_instance"),
        sa.Column("pid", sa.Integer, nullable=False),
        *texts("process_started", "commit", "started_at", "touched_at"),
        *texts("finished_at", nullable=True),
        *texts("stopped", "resumed_from", "findings"),
    )
    op.create_index("patch_runs_by_round", "patch_runs", ["environment", "round"])
    op.create_table(
        "patch_machines",
        sa.Column("run_id", sa.Text, sa.ForeignKey("patch_runs.run_id"), primary_key=True),
        sa.Column("machine", sa.Text, primary_key=True),
        *texts("vcenter", "reference", "phase", "only_by_a_person", "outcome"),
    )
