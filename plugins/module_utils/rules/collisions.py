"""A-01 and A-02: a machine is not restarted during its backup, nor together with its partner."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import (
    Estate,
    backup_of,
    patching_of,
    status_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import System, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.context import Context, Findings
from ansible_collections.kyotsu.platform.plugins.module_utils.rules.windows_sound import openings, zone_of


class Calendar:
    """When windows are open in the days ahead. Hundreds of machines share few of them: each pair is compared once."""

    def __init__(self, estate: Estate, context: Context) -> None:
        """Nothing is computed before it is asked for."""
        self._estate = estate
        self._context = context
        self._windows = {window.id: window for window in estate.platform.windows}
        self._open: dict[str, list[tuple[datetime, datetime]]] = {}
        self._first: dict[tuple[str, str], datetime | None] = {}

    def first_collision(self, one: str | None, other: str | None) -> datetime | None:
        """The first moment at which both windows are open, or None; None for a window that cannot be read."""
        if one is None or other is None:
            return None
        if (one, other) not in self._first:
            self._first[one, other] = self._compare(self._of(one), self._of(other))
        return self._first[one, other]

    def _of(self, name: str) -> list[tuple[datetime, datetime]]:
        if name not in self._open:
            window = self._windows.get(name)
            ahead = timedelta(days=self._estate.platform.limits.window_look_ahead_days)
            known = window is not None and zone_of(self._estate) is not None
            self._open[name] = openings(window, self._estate, self._context, ahead) if window and known else []
        return self._open[name]

    @staticmethod
    def _compare(one: list[tuple[datetime, datetime]], other: list[tuple[datetime, datetime]]) -> datetime | None:
        meetings = (
            max(start, begin) for start, end in one for begin, finish in other if start < finish and begin < end
        )
        return min(meetings, default=None)


def check_backup(estate: Estate, context: Context) -> Findings:
    """A-01: one finding per system and pair of windows, at its first machine."""
    calendar = Calendar(estate, context)
    window_of_class = {item.id: item.window for item in estate.platform.backup_classes}
    for index, system in enumerate(estate.systems):
        told: set[tuple[str, str | None]] = set()
        for number, machine in enumerate(system.machines):
            patch = patching_of(system, machine).window
            backup = window_of_class.get(backup_of(system, machine).backup_class)
            if status_of(system, machine) == "retired" or (patch, backup) in told:
                continue
            moment = calendar.first_collision(patch, backup)
            if moment is None:
                continue
            told.add((patch, backup))
            yield context.finding(
                "A-01",
                ("systems", index, "machines", number, "patch" if machine.patch else "name"),
                machine.name,
                Text(
                    en=f"{machine.name}: the patch window {patch} and the backup window {backup} are both open on "
                    f"{moment:%Y-%m-%d at %H:%M}",
                    ja=f"{machine.name}: 更新適用 {patch} とバックアップ {backup} の時間帯が "
                    f"{moment:%Y-%m-%d %H:%M} に重なります",
                ),
                Text(
                    en="take another window or backup class, or move one of the two windows in platform/patching.yml",
                    ja="別の時間帯か区分にするか、platform/patching.yml の時間帯を移してください",
                ),
            )


def check_pairs(estate: Estate, context: Context) -> Findings:
    """A-02: partners in one wave whose windows meet are patched in turn."""
    calendar = Calendar(estate, context)
    in_turn = {wave.id for wave in estate.platform.waves if wave.pairs_in_turn}
    for index, system in enumerate(estate.systems):
        pairs: dict[str, list[int]] = {}
        for number, machine in enumerate(system.machines):
            if machine.pair is not None and status_of(system, machine) != "retired":
                pairs.setdefault(machine.pair, []).append(number)
        for numbers in pairs.values():
            for one, other in combinations(numbers, 2):
                first, second = (patching_of(system, system.machines[number]) for number in (one, other))
                if first.wave != second.wave or first.wave in in_turn:
                    continue
                if first.window == second.window or calendar.first_collision(first.window, second.window):
                    yield _together(context, index, system, one=one, other=other, wave=first.wave)
                    break


def _together(context: Context, index: int, system: System, *, one: int, other: int, wave: str) -> Finding:
    names = f"{system.machines[one].name}, {system.machines[other].name}"
    return context.finding(
        "A-02",
        ("systems", index, "machines", other, "pair"),
        system.machines[one].name,
        Text(
            en=f"{names}: a pair patched in the same hours of the wave {wave}",
            ja=f"{names}: 組の両方が適用グループ {wave} の同じ時間帯に適用されます",
        ),
        Text(
            en="give one of them another wave or window, or set pairs_in_turn for the wave",
            ja="一方の適用グループか時間帯を変えるか、適用グループに pairs_in_turn: true を定めてください",
        ),
    )
