"""How it stands with the emergency runs that the records know: approved in time, late, waiting or overdue."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import read_approvers
from ansible_collections.kyotsu.platform.plugins.module_utils.overdue import (
    Afterwards,
    EmergencyRun,
    Standing,
    standings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry

# Kinds of entries in the chain.
UNAPPROVED = "unapproved-run"
AFTERWARDS = "approval-afterwards"


def emergency_standings(store: Store, repository: Path, *, today: date, timezone: str) -> tuple[Standing, ...]:
    """One per emergency run, in the order of the records. Raises ApprovalError: approvers.yml is not sound."""
    runs = [_run(entry) for entry in store.chain.entries(kind=UNAPPROVED)]
    if not runs:
        return ()
    approvers = read_approvers(repository)
    return tuple(
        standings(
            runs,
            [_afterwards(entry) for entry in store.chain.entries(kind=AFTERWARDS)],
            working_days=approvers.emergency_working_days,
            holidays=approvers.holidays,
            today=today,
            timezone=timezone,
        )
    )


def _run(entry: Entry) -> EmergencyRun:
    return EmergencyRun(
        run_id=entry.run_id,
        digest=entry.subject,
        actor=entry.actor,
        reason=str(json.loads(entry.payload_text)["reason"]),
        ran_at=clock.from_text(entry.recorded_at),
    )


def _afterwards(entry: Entry) -> Afterwards:
    return Afterwards(
        run_id=str(json.loads(entry.payload_text)["run_id"]),
        digest=entry.subject,
        recorded_at=clock.from_text(entry.recorded_at),
    )
