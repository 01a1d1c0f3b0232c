"""What a verb did, as the module returns it and the callback prints it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result, Unmanaged

STATUSES = ("changed", "failed", "held", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Results per object with what is needed to judge them."""

    results: Sequence[Result]
    unchanged: int  # objects that needed nothing
    unmanaged: Sequence[Unmanaged]
    digest: str
    seconds: float
    calls: Mapping[str, int]  # vCenter id -> requests that this verb made
    plan_file: str | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def as_result(self) -> dict[str, Any]:
        """The module's return values (JSON)."""
        counts = Counter(result.status for result in self.results)
        return {
            "changed": counts["changed"] > 0,
            "digest": self.digest,
            "results": [_result(result) for result in self.results],
            "summary": {
                **{status: counts[status] for status in STATUSES},
                "unchanged": self.unchanged,
                "unmanaged": len(self.unmanaged),
            },
            "unmanaged": [asdict(each) for each in self.unmanaged],
            "diff": [_diff(result) for result in self.results if result.changes],
            "calls": dict(self.calls),
            "seconds": round(self.seconds, 2),
            "plan_file": self.plan_file,
            "notes": list(self.notes),
        }


def _result(result: Result) -> dict[str, Any]:
    return {
        "vcenter": result.vcenter,
        "kind": result.kind,
        "object": result.object,
        "label": result.label,
        "status": result.status,
        "message": result.message,
        "message_ja": result.message_ja,
        "changes": [
            {
                "field": change.field,
                "before": change.before,
                "after": change.after,
                "risk": change.risk,
                "reason": change.reason,
            }
            for change in result.changes
        ],
    }


def _diff(result: Result) -> dict[str, str]:
    """Ansible's diff format: one entry per object."""
    return {
        "before_header": f"{result.vcenter}: {result.kind} {result.label} (vCenter)",
        "after_header": f"{result.vcenter}: {result.kind} {result.label} (described)",
        "before": _side(result.changes, after=False),
        "after": _side(result.changes, after=True),
    }


def _side(changes: Sequence[Change], *, after: bool) -> str:
    values: dict[str, Any] = {}
    for change in changes:
        if change.action == "create":
            values.update(change.after if after else {})
            if not change.after:
                values["exists"] = after
        else:
            values[change.field] = change.after if after else change.before
    if not values:
        return ""
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
