"""Which copies are kept and why, and which tapes that sets free. Pure; the moment is an argument.

Grandfather, father, son is counted over our records, not over pools: of each of the last N days (weeks, months, fiscal
years) that have a good copy the newest is kept, per machine and side. Periods are counted by those that have a copy, as
restic's `forget --keep-daily N` does (https://restic.readthedocs.io/en/stable/060_forget.html), so that backups that
stopped never make the old ones expire.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, existing, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.eras import fiscal_year
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import CopyRetention

HELD = "legal hold"
AWAITING = "awaiting read-back"
LAST_GOOD = "last good copy"
NOTHING_BETTER = "no good copy of this machine exists"
NO_RULE = "its class has no retention rule"


@dataclass(frozen=True, slots=True)
class Retained:
    """A copy that may not be overwritten, with every reason."""

    copy: Copy
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TapeRelease:
    """Whether the content of a tape may be given up; if not, `blocked_by` says what keeps it."""

    tape: str
    releasable: bool
    blocked_by: tuple[str, ...]


def retained(
    copies: Iterable[Copy],
    rules: Mapping[str, CopyRetention],
    as_of: datetime,
    *,
    unreadable: Collection[str] = (),
    timezone: str = "Asia/Tokyo",
    ended: Collection[str] = (),
    held: Collection[str] = (),
) -> list[Retained]:
    """Copies that are kept at a moment, each with its reasons, in the order given.

    `rules`: retention by backup class. `unreadable`: barcodes of damaged and lost tapes. Days, weeks (ISO, Monday),
    months and fiscal years (April) are those of `timezone`. `ended`: deleted machines whose last copy need not be kept
    any longer (retirement.last_copies): no rule keeps a copy of theirs. `held`: machines and systems under legal hold:
    every copy of theirs is kept, whatever else is so.
    """
    present = existing(copies, as_of)
    standing = standings(present, unreadable, as_of)
    reasons: dict[int, list[str]] = {copy.id: [HELD] for copy in present if copy.machine in held or copy.system in held}
    groups: dict[tuple[str, bool], list[Copy]] = {}
    for copy in present:
        if standing[copy.id] == "awaiting":
            reasons.setdefault(copy.id, []).append(AWAITING)
        elif standing[copy.id] == "good":
            groups.setdefault((copy.machine, copy.offsite), []).append(copy)
        if copy.backup_class not in rules and copy.machine not in ended:
            reasons.setdefault(copy.id, []).append(NO_RULE)
    for (machine, _), good in groups.items():
        if machine in ended:
            continue
        good.sort(key=lambda copy: (copy.taken_at, copy.id), reverse=True)
        reasons.setdefault(good[0].id, []).append(LAST_GOOD)
        rule = rules.get(good[0].backup_class)
        if rule is not None:
            for copy, reason in _by_generation(good, rule, timezone):
                reasons.setdefault(copy.id, []).append(reason)
    _keep_last_resort(present, {machine for machine, _ in groups} | set(ended), reasons)
    _keep_what_is_needed(present, reasons)
    return [Retained(copy, tuple(reasons[copy.id])) for copy in present if copy.id in reasons]


def releasable_tapes(
    tapes: Iterable[TapeStatus], copies: Iterable[Copy], kept: Iterable[Retained], as_of: datetime
) -> list[TapeRelease]:
    """For each tape that is not gone: may its content be given up at a moment?

    `kept` is what `retained` gave for the same copies and moment. A tape that is being written is never released.
    """
    why: dict[str, list[str]] = {}
    for each in kept:
        for tape in each.copy.tapes:
            why.setdefault(tape, []).append(f"{each.copy.machine} of {each.copy.taken_at:%Y-%m-%d}: {each.reasons[0]}")
    used = {tape for copy in existing(copies, as_of) for tape in copy.tapes}
    releases = []
    for status in tapes:
        if status.place == "gone":
            continue
        blocked = why.get(status.tape, [])
        if status.state == "writable" and status.tape in used:
            blocked = ["it is still written", *blocked]
        releases.append(TapeRelease(status.tape, not blocked, tuple(blocked)))
    return releases


def kept_days(rule: CopyRetention, every_days: int = 1) -> int:
    """How many restore points of one machine a rule keeps in the long run, with a copy every so many days."""
    last = date(2027, 3, 30)  # any day will do that is not the end of a period
    days = [last - timedelta(days=number) for number in range(0, 366 * (rule.yearly + 2), every_days)]
    kept: set[date] = set()
    for count, period in _periods(rule):
        kept.update(_newest_of_each(days, count, period))
    return len(kept)


def _by_generation(good: list[Copy], rule: CopyRetention, timezone: str) -> Iterable[tuple[Copy, str]]:
    zone = ZoneInfo(timezone)
    newest: dict[date, Copy] = {}
    for copy in good:  # newest first: the first of a day is its newest
        newest.setdefault(copy.taken_at.astimezone(zone).date(), copy)
    days = list(newest)
    for count, period in _periods(rule):
        for day in _newest_of_each(days, count, period):
            yield newest[day], period(day)


def _periods(rule: CopyRetention) -> tuple[tuple[int, Callable[[date], str]], ...]:
    return ((rule.daily, _day), (rule.weekly, _week), (rule.monthly, _month), (rule.yearly, _fiscal_year))


def _newest_of_each(days: list[date], count: int, period: Callable[[date], str]) -> list[date]:
    """The newest day of each of the last `count` periods; `days` are given newest first."""
    found: dict[str, date] = {}
    for day in days:
        name = period(day)
        if name not in found:
            if len(found) == count:
                break
            found[name] = day
    return list(found.values())


def _day(day: date) -> str:
    return f"day {day.isoformat()}"


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"week {year}-W{week:02}"


def _month(day: date) -> str:
    return f"month {day:%Y-%m}"


def _fiscal_year(day: date) -> str:
    return f"fiscal year {fiscal_year(day)}"


def _keep_last_resort(present: list[Copy], machines_with_good: set[str], reasons: dict[int, list[str]]) -> None:
    """A machine without any good copy keeps its newest one, whatever its standing: parts may still be read."""
    newest: dict[str, Copy] = {}
    for copy in present:
        if copy.machine in machines_with_good:
            continue
        found = newest.get(copy.machine)
        if found is None or copy.taken_at > found.taken_at:
            newest[copy.machine] = copy
    for copy in newest.values():
        reasons.setdefault(copy.id, []).append(NOTHING_BETTER)


def _keep_what_is_needed(present: list[Copy], reasons: dict[int, list[str]]) -> None:
    """What a kept copy refers to is kept as well, however far the references go."""
    holders: dict[tuple[int, bool], list[Copy]] = {}
    by_id = {copy.id: copy for copy in present}
    for copy in present:
        holders.setdefault((copy.restore_point, copy.offsite), []).append(copy)
    open_ids = list(reasons)
    while open_ids:
        copy = by_id[open_ids.pop()]
        for point in copy.needs:
            for each in holders.get((point, copy.offsite), []):
                if each.id not in reasons:
                    open_ids.append(each.id)
                text = f"needed by the copy of {copy.taken_at:%Y-%m-%d}"
                if text not in reasons.setdefault(each.id, []):
                    reasons[each.id].append(text)
