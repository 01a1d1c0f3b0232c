"""Which machines may be patched at a moment, and why the others may not. Pure; what was read is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Placed, Reason, Schedule

# What a named emergency overrides: only times. An owner's answer, a machine that is off, a full cluster stand.
OF_TIME = frozenset({"frozen", "no-slot", "too-short", "window-full", "backup-runs", "pair-busy", "comes-after"}) | {
    "snapshot-space"  # of the plan; what the datastores really have is asked too
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What records and vCenter say of the machines, by key. Sizes in GiB."""

    present: Mapping[str, bool]  # whether vCenter has it switched on; not in it: vCenter does not have it
    overdue: Mapping[str, str] = field(default_factory=dict)  # system -> name of a snapshot that should be gone
    copied_at: Mapping[str, datetime] | None = None  # last good copy on tape; None: nobody asks for one
    datastores: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)  # (datastore, size of disk)
    free_gb: Mapping[str, float] = field(default_factory=dict)


def due(schedule: Schedule, now: datetime, minutes: int, *, emergency: bool) -> tuple[dict[str, Reason], set[str]]:
    """(why not now, by key; keys that the plan gives a time now). `minutes` is what one machine takes.

    `now` is aware. In an emergency windows and freezes do not hold.
    """
    refused: dict[str, Reason] = {}
    found: set[str] = set()
    for placed in schedule.placed:
        if emergency or (placed.opens <= now and now + timedelta(minutes=minutes) <= placed.closes):
            found.add(placed.key)
        else:
            refused[placed.key] = _planned(placed, now)
    for unplaced in schedule.unplaced:
        reasons = [each for each in unplaced.reasons if not emergency or each.code not in OF_TIME]
        if reasons:
            refused[unplaced.key] = _joined(reasons, None if emergency else unplaced.next_slot)
        else:
            found.add(unplaced.key)
    return refused, found


def stopped(estate: Estate, keys: Iterable[str], seen: Seen, now: datetime) -> dict[str, Reason]:
    """Why machines that have their time must not be touched, by key. The order of `keys` is that of the work."""
    growth = estate.platform.patch_cycle.snapshot_growth_percent / 100
    machines = {machine.key: (system, machine) for system, machine in estate.machines()}
    promised: dict[str, float] = {}
    refused: dict[str, Reason] = {}
    for key in keys:
        system, _ = machines[key]
        reason = _not_there(key, seen.present) or _overdue(system.id, seen.overdue)
        if reason is None and seen.copied_at is not None:
            reason = _not_copied(seen.copied_at.get(key), system.recovery.rpo_hours, now)
        if reason is None:
            reason = _no_room(seen.datastores.get(key, ()), growth, seen.free_gb, promised)
        if reason is not None:
            refused[key] = reason
    return refused


def not_proven(estate: Estate, keys: Collection[str], manifests: Mapping[str, str]) -> list[str]:
    """Segments of these machines of which no manifest's digest was approved: their mirrors may serve anything.

    Windows is not asked: the internal WSUS has no manifest.
    """
    segments = {
        system.segment
        for system, machine in estate.machines()
        if machine.key in keys and estate.image_by_id[machine.image].os_family == "debian"
    }
    return sorted(segments - set(manifests))


def not_described(keys: Collection[str], schedule: Schedule) -> set[str]:
    """Keys of which the schedule says nothing: retired, or patched in this round already."""
    known = {each.key for each in schedule.placed} | {each.key for each in schedule.unplaced}
    return set(keys) - known


def _planned(placed: Placed, now: datetime) -> Reason:
    when = f"{placed.start:%m-%d %H:%M}"
    if placed.opens <= now:
        return Reason(
            code="window-ends",
            text=Text(en=f"too little time is left in window {placed.window}", ja="作業時間帯の残り時間が足りない"),
        )
    return Reason(code="later", text=Text(en=f"planned for {when}", ja=f"{when} に予定"))


def _joined(reasons: Iterable[Reason], following: datetime | None) -> Reason:
    several = list(reasons)
    en, ja = "; ".join(each.text.en for each in several), "、".join(each.text.ja for each in several)
    if following is not None:
        en, ja = f"{en}, next slot {following:%m-%d %H:%M}", f"{ja}。次の候補 {following:%m-%d %H:%M}"
    return Reason(code=several[0].code, text=Text(en=en, ja=ja))


def _not_there(key: str, present: Mapping[str, bool]) -> Reason | None:
    if key not in present:
        return Reason(
            code="not-there",
            text=Text(en="vCenter does not have it: run playbooks/provision.yml", ja="vCenter に存在しない"),
        )
    if not present[key]:
        return Reason(code="off", text=Text(en="it is switched off in vCenter", ja="vCenter 上で電源が入っていない"))
    return None


def _overdue(system: str, overdue: Mapping[str, str]) -> Reason | None:
    name = overdue.get(system)
    if name is None:
        return None
    return Reason(
        code="overdue-snapshot",
        text=Text(
            en=f"its system has a snapshot that should be gone ({name}): run playbooks/patch.yml --tags cleanup",
            ja=f"期限を過ぎたスナップショット（{name}）がこのシステムに残っているため、先に整理する",
        ),
    )


def _not_copied(copied_at: datetime | None, hours: int, now: datetime) -> Reason | None:
    if copied_at is not None and now - copied_at <= timedelta(hours=hours):
        return None
    last_en = f"{copied_at:%m-%d %H:%M} UTC" if copied_at else "never"
    last_ja = f"{copied_at:%m-%d %H:%M} UTC" if copied_at else "なし"
    return Reason(
        code="no-backup",
        text=Text(
            en=f"last copy on tape: {last_en}, not older than {hours} h is asked for: run playbooks/backup.yml",
            ja=f"直近のテープ保存（{last_ja}）が {hours} 時間以内でないため、先にバックアップする",
        ),
    )


def _no_room(
    disks: Iterable[tuple[str, float]], growth: float, free_gb: Mapping[str, float], promised: dict[str, float]
) -> Reason | None:
    needs: dict[str, float] = {}
    for datastore, size_gb in disks:
        needs[datastore] = needs.get(datastore, 0.0) + size_gb * growth
    for datastore, needed in needs.items():
        free = free_gb.get(datastore, 0.0) - promised.get(datastore, 0.0)
        if needed > free:
            return Reason(
                code="snapshot-space",
                text=Text(
                    en=f"its snapshot needs {needed:.0f} GiB on {datastore} and {max(free, 0):.0f} GiB are free",
                    ja=f"データストア {datastore} の空き {max(free, 0):.0f} GiB が、必要な {needed:.0f} GiB に足りない",
                ),
            )
    for datastore, needed in needs.items():
        promised[datastore] = promised.get(datastore, 0.0) + needed
    return None
