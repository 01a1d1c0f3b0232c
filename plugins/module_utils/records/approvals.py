"""Approvals of plans. They live in the chain alone, so that a row written past it approves nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock
from ansible_collections.kyotsu.platform.plugins.module_utils.records.canonical import LONGEST_REMARK, checked_line
from ansible_collections.kyotsu.platform.plugins.module_utils.records.chain import Chain
from ansible_collections.kyotsu.platform.plugins.module_utils.records.database import Database
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import InvalidRecordError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.plans import require_plan
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Approval, Entry, Origin

_KIND = "approval"


class Approvals:
    """The approvals of one open store."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    def approve(
        self,
        digest: str,
        *,
        who: str,
        role: str,
        until: datetime,
        origin: Origin,
        note: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> Approval:
        """Record that `who` in `role` approves the plan until a time; `details` is more evidence (plain JSON).

        UnknownPlanError: the plan is not in the store. InvalidRecordError: `until` is past, name or role is missing.
        """
        now = self._database.clock()
        if until <= clock.from_text(clock.to_text(now)):
            raise InvalidRecordError(
                f"an approval until {clock.to_text(until)} would be expired already; name a later time"
            )
        if not (checked_line("who", who).strip() and checked_line("role", role).strip()):
            raise InvalidRecordError("an approval needs the name and the role of the person")
        payload = {
            "who": who,
            "role": role,
            "until": clock.to_text(until),
            "note": checked_line("note", note, longest=LONGEST_REMARK),
            "details": dict(details or {}),
        }
        with self._database.write() as connection:
            require_plan(connection, digest)
            return _to_approval(self._chain.append_in(connection, _KIND, digest, payload, origin, at=now))

    def valid(self, digest: str, at: datetime) -> list[Approval]:
        """Return the approvals of a plan that count at a time, oldest first; ChainBrokenError if one was changed."""
        moment = clock.from_text(clock.to_text(at))
        approvals = [_to_approval(entry) for entry in self._chain.proven(kind=_KIND, subject=digest)]
        return [approval for approval in approvals if approval.approved_at <= moment < approval.until]

    def approval_for(self, digest: str, at: datetime) -> Approval | None:
        """Return the newest approval of a plan that counts at a time, or None."""
        found = self.valid(digest, at)
        return found[-1] if found else None


def _to_approval(entry: Entry) -> Approval:
    payload = json.loads(entry.payload_text)
    return Approval(
        digest=entry.subject,
        who=payload["who"],
        role=payload["role"],
        approved_at=clock.from_text(entry.recorded_at),
        until=clock.from_text(payload["until"]),
        note=payload["note"],
        entry_id=entry.id,
        details=payload["details"],
    )
