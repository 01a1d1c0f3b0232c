"""The one gate of every verb that changes: what may be applied now and what waits (保留). Time is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import freeze_at, next_window, window_at

# What interrupts nobody passes at any time; what destroys never passes here (decommission has its own guards).
_PASSES = ("none",)
_WAITS_FOR_WINDOW = ("reboot", "outage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Changes that may be applied now, and those that wait with the reason."""

    passed: tuple[Change, ...]
    held: tuple[Held, ...]


class Gate:
    """Decides for each change by its risk, the window and the freezes of its object at one moment."""

    def __init__(self, estate: Estate, now: datetime, *, emergency: str | None = None) -> None:
        """`now` is aware. `emergency` is the named reason of an override: windows and freezes then do not hold.

        A reason of blanks is none.
        """
        self._now = now
        self._emergency = bool(emergency and emergency.strip())
        self._timezone = estate.platform.estate.timezone
        self._windows = {window.id: window for window in estate.platform.windows}
        self._freezes = {freeze.id: freeze for freeze in estate.platform.freezes}
        self._everybody = tuple(freeze.id for freeze in estate.platform.freezes if freeze.everybody)
        self._waits: dict[tuple[str, tuple[str, ...]], str | None] = {}
        self._foundation_window = estate.platform.estate.maintenance_window
        self._patching = {machine.key: patching_of(system, machine) for system, machine in estate.machines()}

    def decide(self, changes: Iterable[Change]) -> Gated:
        """Split changes into those that pass and those that are held."""
        passed: list[Change] = []
        held: list[Held] = []
        for change in changes:
            reason = self._reason_to_hold(change)
            if reason is None:
                passed.append(change)
            else:
                held.append(Held(change=change, reason=reason))
        return Gated(passed=tuple(passed), held=tuple(held))

    def _reason_to_hold(self, change: Change) -> str | None:
        if change.risk in _PASSES:
            return None
        if change.risk not in _WAITS_FOR_WINDOW:
            return f"risk {change.risk}: never applied by this verb"
        if self._emergency:
            return None
        patching = self._patching.get(change.object) if change.kind == "machine" else None
        window_id = patching.window if patching else self._foundation_window
        freeze_ids = (patching.freezes if patching else ()) + self._everybody
        # Hundreds of machines share a few windows; a recurrence is costly to follow.
        if (window_id, freeze_ids) not in self._waits:
            self._waits[window_id, freeze_ids] = self._outside_window(window_id, freeze_ids)
        reason = self._waits[window_id, freeze_ids]
        return None if reason is None else f"{change.risk}: {reason}"

    def _outside_window(self, window_id: str, freeze_ids: tuple[str, ...]) -> str | None:
        freezes = [self._freezes[each] for each in freeze_ids]
        today = self._now.astimezone(ZoneInfo(self._timezone)).date()
        freeze = freeze_at(freezes, today)
        if freeze is not None:
            return f"frozen until {freeze.end} ({freeze.name.en} / {freeze.name.ja})"
        window = self._windows[window_id]
        if window_at(window, self._now, self._timezone) is not None:
            return None
        start = next_window(window, self._now, self._timezone, freezes)
        when = f"opens {start:%Y-%m-%d %H:%M}" if start else "has no date within 400 days"
        return f"waits for window {window.id}, which {when}"
