"""What a snapshot of ours says about itself: purpose, change, run and last day, written into its description. Pure.

A snapshot without this label is somebody else's: no verb removes it, drift reports it when it is old (rule K-03).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

_VERSION = 1
_PURPOSE = re.compile(r"[a-z][a-z-]{0,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLabel:
    """Why a snapshot was taken and until when it may stay. `legal_hold` keeps it longer, with its reason."""

    purpose: str  # patch, backup, …
    change: str  # number of the change, or the name of the round
    run_id: str
    expires_on: date
    legal_hold: str | None = None

    @property
    def name(self) -> str:
        """How the snapshot is called in vCenter."""
        return f"kyotsu {self.purpose} {self.change} until {self.expires_on}"

    @property
    def description(self) -> str:
        """One line of JSON that `label_of` reads."""
        return json.dumps(
            {
                "kyotsu": _VERSION,
                "purpose": self.purpose,
                "change": self.change,
                "run_id": self.run_id,
                "expires_on": self.expires_on.isoformat(),
                "legal_hold": self.legal_hold,
            },
            ensure_ascii=False,
        )

    def is_due(self, as_of: date) -> bool:
        """Whether it is to be removed: after its last day, unless it is held."""
        return as_of > self.expires_on and self.legal_hold is None


def label_of(description: str) -> SnapshotLabel | None:
    """The label of a snapshot, or None where it has none that we understand: then it is not ours to remove."""
    try:
        found: Any = json.loads(description)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("kyotsu") != _VERSION:
        return None
    purpose, change, run_id, expires_on, hold = (
        found.get(key) for key in ("purpose", "change", "run_id", "expires_on", "legal_hold")
    )
    if not (isinstance(purpose, str) and _PURPOSE.fullmatch(purpose) and isinstance(change, str)):
        return None
    if not (isinstance(run_id, str) and isinstance(expires_on, str) and isinstance(hold, str | None)):
        return None
    try:
        last = date.fromisoformat(expires_on)
    except ValueError:
        return None
    return SnapshotLabel(purpose=purpose, change=change, run_id=run_id, expires_on=last, legal_hold=hold)
