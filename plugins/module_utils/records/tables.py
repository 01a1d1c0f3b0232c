"""The tables as they are now; `migrations` makes them, and a test holds the two together.

Times are text in UTC (see `clock`), because the chain hashes what is stored and both databases must give it back
unchanged. JSON is text for the same reason.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text

metadata = MetaData()

schema_migrations = Table(
    "schema_migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("applied_at", Text, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    # Given by us, without gaps: a sequence of the database leaves gaps, which would look like removed entries.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("entries_by_kind", "kind", "id"),
    Index("entries_by_subject", "subject", "id"),
)

leases = Table(
    "leases",
    metadata,
    Column("resource", Text, primary_key=True),
    # One acquisition; renewing and releasing name it, so that a run never renews the lease of its successor.
    Column("claim", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("host_instance", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("acquired_at", Text, nullable=False),
    Column("heartbeat_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
    Column("entry_id", Integer, ForeignKey("entries.id"), nullable=False),
)

applies = Table(
    "applies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plan_digest", Text, ForeignKey("plans.digest"), nullable=False),
    Column("verb", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("host_instance", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("commit", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=True),
    Column("outcome", Text, nullable=True),
    Index("applies_by_finish", "finished_at"),
)

apply_results = Table(
    "apply_results",
    metadata,
    Column("apply_id", Integer, ForeignKey("applies.id"), primary_key=True, autoincrement=False),
    Column("vcenter", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("changed", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=True),
)
