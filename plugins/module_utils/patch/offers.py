"""Which turns a window offers to machines with the same freezes, backup and busy seasons, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Freeze, Platform, Window
from ansible_collections.kyotsu.platform.plugins.module_utils.patch import reasons
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.calendar import Turn, frozen, last_day, turns
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Reason
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import occurrences


@dataclass(frozen=True, slots=True)
class Offer:
    """The turns that no freeze and no backup spoils, quiet ones before busy ones, and why the others do not serve."""

    turns: tuple[Turn, ...]
    reasons: tuple[Reason, ...]


class Offers:
    """The offers of one round; each is made once, for all machines that share it."""

    def __init__(self, platform: Platform, start: datetime, end: datetime) -> None:
        self._platform, self._start, self._end = platform, start, end
        self._timezone = platform.estate.timezone
        self._windows = {window.id: window for window in platform.windows}
        self._freezes = {freeze.id: freeze for freeze in platform.freezes}
        self._made: dict[tuple[str, datetime, tuple[str, ...], str | None, frozenset[int]], Offer] = {}

    def of(
        self, window: Window, begin: datetime, freezes: tuple[str, ...], backup: str | None, busy: frozenset[int]
    ) -> Offer:
        """Turns of a window from `begin` on. `freezes` and `backup` (a window) are ids, `busy` are months."""
        key = (window.id, begin, freezes, backup, busy)
        if key not in self._made:
            self._made[key] = self._make(window, begin, [self._freezes[each] for each in freezes], backup, busy)
        return self._made[key]

    def _make(
        self, window: Window, begin: datetime, freezes: list[Freeze], backup: str | None, busy: frozenset[int]
    ) -> Offer:
        minutes = self._platform.patch_cycle.machine_minutes
        zone = ZoneInfo(self._timezone)
        all_turns = turns(window, minutes, begin, self._end, self._timezone)
        if not all_turns:
            short = window.duration_minutes < minutes
            last = (self._end - timedelta(days=1)).astimezone(zone).date()
            nothing = reasons.no_slot(window, begin.astimezone(zone).date(), last)
            return Offer((), (reasons.too_short(window, minutes) if short else nothing,))
        running = self._openings(backup)
        kept, found = [], {}
        for turn in all_turns:
            freeze = frozen(freezes, turn, self._timezone)
            if freeze is not None:
                until = last_day(freeze, turn.start.astimezone(zone).date())
                found["frozen"] = reasons.frozen_until(freeze, until)  # the last one is the one that counts
            elif any(opens < turn.end and turn.start < closes for opens, closes in running):
                found["backup-runs"] = reasons.backup_runs(self._windows[backup or ""])
            else:
                kept.append(turn)
        kept.sort(key=lambda turn: month_of(turn, self._timezone) in busy)  # stable: by time within each
        return Offer(tuple(kept), tuple(found.values()))

    def _openings(self, window_id: str | None) -> list[tuple[datetime, datetime]]:
        if window_id is None:
            return []
        return occurrences(self._windows[window_id], self._start, self._end, self._timezone)


def month_of(turn: Turn, timezone: str) -> int:
    """The month in which a turn begins by the estate's clock; busy seasons are given in months."""
    return turn.start.astimezone(ZoneInfo(timezone)).month
