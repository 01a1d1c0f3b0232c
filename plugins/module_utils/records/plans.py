"""Saved plans: what was shown to people before anything was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import (
    canonical_json,
    checked_keys,
    checked_line,
    sha256_of_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain, require_proven
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ChainBrokenError,
    InvalidRecordError,
    PlanConflictError,
    UnknownPlanError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.guard import refuse_secrets
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin, Plan


class Plans:
    """The plans of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def save(
        self,
        digest: str,
        *,
        kind: str,
        environment: str,
        document: Mapping[str, Any],
        origin: Origin,
    ) -> Plan:
        """Save a plan once; saving the same plan again changes nothing and returns the first one.

        `digest` is the digest of the plan file, as `plan` prints it; `kind` says what the plan is for (live,
        offline …), the commit is that of `origin`. PlanConflictError: the digest is known with another content.
        """
        if not checked_line("digest", digest):
            raise InvalidRecordError("the digest of a plan must not be empty")
        refuse_secrets(document, "document")
        text = canonical_json(checked_keys(document))
        row: dict[str, Any] = {
            "digest": digest,
            "kind": checked_line("kind", kind),
            "commit": checked_line("commit", origin.commit),
            "environment": checked_line("environment", environment),
            "document": text,
        }
        with self._database.write() as connection:
            known = connection.execute(_SELECT.where(tables.plans.c.digest == digest)).one_or_none()
            if known is not None:
                different = [name for name, value in row.items() if getattr(known, name) != value]
                if different:
                    raise PlanConflictError(
                        f"the plan {digest} was saved before with another {', '.join(different)}; write the plan again"
                    )
                return _to_plan(known)
            now = self._database.clock()
            entry = self._chain.append_in(connection, "plan", digest, _proof(row), origin, at=now)
            row |= {"saved_at": clock.to_text(now), "entry_id": entry.id}
            connection.execute(sa.insert(tables.plans), row)
            return _to_plan(connection.execute(_SELECT.where(tables.plans.c.digest == digest)).one())

    def get(self, digest: str) -> Plan | None:
        """Return the plan, compared with its entry in the chain (ChainBrokenError), or None."""
        with self._database.read() as connection:
            row = connection.execute(_SELECT.where(tables.plans.c.digest == digest)).one_or_none()
        if row is None:
            return None
        entry = self._chain.get(row.entry_id)
        if entry is not None:
            require_proven(entry)
        if entry is None or entry.subject != digest or entry.payload_text != canonical_json(_proof(row._asdict())):
            raise ChainBrokenError(
                f"the plan {digest} is not what entry {row.entry_id} of the chain says: write it again"
            )
        return _to_plan(row)


def require_plan(connection: sa.Connection, digest: str) -> None:
    """Raise UnknownPlanError unless the plan is in the store."""
    if connection.scalar(sa.select(tables.plans.c.digest).where(tables.plans.c.digest == digest)) is None:
        raise UnknownPlanError(f"no plan with the digest {digest} is in the records; write the plan first")


_SELECT = sa.select(*tables.plans.columns)


def _proof(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "environment": row["environment"],
        "commit": row["commit"],
        "document_sha256": sha256_of_text(row["document"]),
    }


def _to_plan(row: sa.Row[Any]) -> Plan:
    return Plan(
        digest=row.digest,
        kind=row.kind,
        commit=row.commit,
        environment=row.environment,
        document=json.loads(row.document),
        saved_at=clock.from_text(row.saved_at),
        entry_id=row.entry_id,
    )
