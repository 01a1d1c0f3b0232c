"""The one gate of every verb that changes: what may be applied now and what waits (保留). Time is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Held
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Freeze
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.windows import freeze_at, next_window, window_at
from ansible_collections.kyotsu.platform.plugins.module_utils.words import RISKS

# What interrupts nobody passes at any time; what destroys never passes here (decommission has its own guards).
_PASSES = ("none",)
_WAITS_FOR_WINDOW = ("reboot", "outage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Changes that may be applied now, and those that wait with the reason.

    `start_before` tells, by (vCenter, kind, object), when what interrupts must have begun: the end of the window that
    let it pass. An object that is not in it has no limit: nothing of it interrupts, or it is an emergency.
    """

    passed: tuple[Change, ...]
    held: tuple[Held, ...]
    start_before: Mapping[tuple[str, str, str], datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Why a change is held (None: it passes), and until when one that passes may begin (None: no limit)."""

    reason: Text | None
    start_before: datetime | None = None


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
        self._verdicts: dict[tuple[str, tuple[str, ...]], _Verdict] = {}
        self._foundation_window = estate.platform.estate.maintenance_window
        self._patching = {machine.key: patching_of(system, machine) for system, machine in estate.machines()}

    def decide(self, changes: Iterable[Change]) -> Gated:
        """Split changes into those that pass and those that are held."""
        passed: list[Change] = []
        held: list[Held] = []
        start_before: dict[tuple[str, str, str], datetime] = {}
        for change in changes:
            verdict = self._verdict(change)
            if verdict.reason is not None:
                held.append(Held(change=change, reason=verdict.reason))
                continue
            passed.append(change)
            if verdict.start_before is not None:
                start_before[change.vcenter, change.kind, change.object] = verdict.start_before
        return Gated(passed=tuple(passed), held=tuple(held), start_before=start_before)

    def _verdict(self, change: Change) -> _Verdict:
        if change.risk in _PASSES:
            return _Verdict(None)
        if change.risk not in _WAITS_FOR_WINDOW:
            return _Verdict(
                Text(
                    en=f"risk {change.risk}: never applied by this verb",
                    ja=f"影響区分 {change.risk} の変更は、この操作では実施しません",
                )
            )
        if self._emergency:
            return _Verdict(None)
        patching = self._patching.get(change.object) if change.kind == "machine" else None
        window_id = patching.window if patching else self._foundation_window
        freeze_ids = (patching.freezes if patching else ()) + self._everybody
        # Hundreds of machines share a few windows; a recurrence is costly to follow.
        if (window_id, freeze_ids) not in self._verdicts:
            self._verdicts[window_id, freeze_ids] = self._in_window(window_id, freeze_ids)
        verdict = self._verdicts[window_id, freeze_ids]
        if verdict.reason is None:
            return verdict
        return _Verdict(
            Text(en=f"{change.risk}: {verdict.reason.en}", ja=f"{RISKS[change.risk].ja}: {verdict.reason.ja}")
        )

    def _in_window(self, window_id: str, freeze_ids: tuple[str, ...]) -> _Verdict:
        freezes = [self._freezes[each] for each in freeze_ids]
        today = self._now.astimezone(ZoneInfo(self._timezone)).date()
        freeze = freeze_at(freezes, today)
        if freeze is not None:
            return _Verdict(
                Text(
                    en=f"frozen until {freeze.end} ({freeze.name.en})",
                    ja=f"作業禁止期間（{freeze.name.ja}）のため {freeze.end} まで実施しません",
                )
            )
        window = self._windows[window_id]
        times = window_at(window, self._now, self._timezone)
        if times is not None:
            return _Verdict(None, self._first_freeze(freezes, times[1]) or times[1])
        start = next_window(window, self._now, self._timezone, freezes)
        when = Text(
            en=f"opens {start:%Y-%m-%d %H:%M}" if start else "has no date within 400 days",
            ja=f"次回 {start:%Y-%m-%d %H:%M}" if start else "400日以内に該当日なし",
        )
        return _Verdict(
            Text(
                en=f"waits for window {window.id}, which {when.en}",
                ja=f"作業時間帯 {window.name.ja}（{window.id}）を待ちます。{when.ja}",
            )
        )

    def _first_freeze(self, freezes: Sequence[Freeze], end: datetime) -> datetime | None:
        """The first midnight before `end` at which a freeze begins: an open window closes then."""
        zone = ZoneInfo(self._timezone)
        day = self._now.astimezone(zone).date() + timedelta(days=1)
        while (midnight := datetime.combine(day, time(), tzinfo=zone)) < end:
            if freeze_at(freezes, day) is not None:
                return midnight
            day += timedelta(days=1)
        return None
