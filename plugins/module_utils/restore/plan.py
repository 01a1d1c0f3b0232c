"""The plan of a restore: what is taken from where, what comes first, how long it takes, what it replaces. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import Choice
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.forecast import Prediction
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.route import Stop

_GIBIBYTE = 2**30
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """One machine. `replaces`: the name of the living machine that would be moved aside, "" for none."""

    vcenter: str
    machine: str
    name: str  # of the machine that comes out of it
    cluster: str
    choice: Choice
    route: tuple[Stop, ...]
    prediction: Prediction
    replaces: str

    @property
    def waits(self) -> tuple[Stop, ...]:
        """Tapes that are not in the library."""
        return tuple(stop for stop in self.route if stop.todo is not None)

    def as_value(self, zone: ZoneInfo) -> dict[str, Any]:
        """The plan as JSON values, as the module returns it."""
        copy, prediction = self.choice.copy, self.prediction
        return {
            "vcenter": self.vcenter,
            "machine": self.machine,
            "name": self.name,
            "cluster": self.cluster,
            "copy": copy.id,
            "taken_at": copy.taken_at.astimezone(zone).isoformat(timespec="seconds"),
            "side": "offsite" if copy.offsite else "onsite",
            "read_back": self.choice.proven,
            "encrypted": copy.key_id is not None,
            "size_bytes": self.choice.size_bytes,
            "tapes": [
                {
                    "tape": stop.tape,
                    "place": stop.place,
                    "position": stop.position,
                    "case": stop.case,
                    "todo": stop.todo.en if stop.todo else "",
                    "todo_ja": stop.todo.ja if stop.todo else "",
                    "expected": stop.expected.isoformat() if stop.expected else None,
                }
                for stop in self.route
            ],
            "passed_over": [
                {"copy": each.copy.id, "taken_at": each.copy.taken_at.isoformat(), "standing": each.standing}
                for each in self.choice.passed_over
            ],
            "predicted_seconds": round(prediction.work_seconds),
            "drive_hours": round(prediction.drive_hours, 2),
            "ready_at": prediction.ready_at.astimezone(zone).isoformat(timespec="minutes"),
            "rto_hours": prediction.rto_hours,
            "within_rto": prediction.within_rto,
            "measured_restores": prediction.rate.measured,
            "replaces": self.replaces,
        }

    def text(self, zone: ZoneInfo) -> list[str]:
        """The plan in a few lines for a person at night."""
        copy, prediction = self.choice.copy, self.prediction
        taken = copy.taken_at.astimezone(zone)
        size = self.choice.size_bytes / _GIBIBYTE
        lines = [
            f"{self.machine} -> {self.name} in {self.cluster} ({self.vcenter}), as it was on {taken:%Y-%m-%d %H:%M}",
            f"  copy {copy.id}, {'off site' if copy.offsite else 'on site'}, {size:.2f} GiB on "
            f"{', '.join(self.choice.tapes)}, {'read back' if self.choice.proven else 'NEVER READ BACK'}",
        ]
        lines += [
            f"  passed over: the copy of {each.copy.taken_at.astimezone(zone):%Y-%m-%d %H:%M} ({each.standing})"
            for each in self.choice.passed_over
        ]
        for stop in self.route:
            todo = f": {stop.todo.en}" if stop.todo else ""
            day = f", here by {stop.expected}" if stop.expected else ""
            lines.append(f"  tape {stop.tape} is in {stop.where}{todo}{day}")
        basis = (
            f"measured in {prediction.rate.measured} restores" if prediction.rate.measured else "assumed, none measured"
        )
        ready = prediction.ready_at.astimezone(zone)
        verdict = "within" if prediction.within_rto else "MORE THAN"
        lines.append(
            f"  takes {duration(prediction.work_seconds)} ({prediction.drive_hours:.2f} drive hours; {basis}), "
            f"ready {ready:%Y-%m-%d %H:%M}: {verdict} the RTO of {prediction.rto_hours} h"
        )
        if self.replaces:
            lines.append(f"  REPLACES the living machine {self.replaces}: it is shut down, renamed and kept")
        return lines


def digest_of(plans: list[dict[str, Any]]) -> str:
    """SHA-256 of what the plans would do: not of the times that change with every look."""
    kept = [{name: value for name, value in plan.items() if name not in _MOVING} for plan in plans]
    return hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_MOVING = frozenset({"predicted_seconds", "ready_at", "within_rto", "measured_restores", "drive_hours"})


def duration(seconds: float) -> str:
    """45 s, 12 min or 3.4 h."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment that a person wrote: 2026-11-24 (the end of that day) or 2026-11-24T22:30, of the data centre's zone.

    Raises ValueError for anything else.
    """
    day = len(text.strip()) == len("2026-11-24")
    found = datetime.fromisoformat(text.strip())
    if day:
        found = found.replace(hour=23, minute=59, second=59)
    return found if found.tzinfo else found.replace(tzinfo=zone)
