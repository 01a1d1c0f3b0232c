"""How many tapes each pool owns, needs in the long run, and when it runs out. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, existing
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import retention_by_class
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import kept_days
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import MediaPool

GIB = 2**30
RECENT = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class PoolForecast:
    """Tapes of one pool. `needed`: in the long run, at the present sizes; `empty_on`: None without writes or records.

    `empty_on` is when no tape is writable any more if the last four weeks go on and nothing is released.
    """

    pool: str
    budget: int
    owned: int
    writable: int
    full: int
    expired: int
    damaged: int
    retained_bytes: int
    bytes_per_day: int
    needed: int
    empty_on: date | None

    @property
    def short_by(self) -> int:
        """How many tapes more than the budget are needed; 0 if it suffices."""
        return max(0, self.needed - self.budget)


def tape_forecast(
    platform: Platform,
    *,
    tapes: Iterable[TapeStatus],
    copies: Iterable[Copy],
    retained_ids: Iterable[int],
    as_of: datetime,
) -> list[PoolForecast]:
    """The forecast of each pool, in their order. `retained_ids`: copies that `retained` keeps at the moment."""
    capacity = {medium.id: medium.capacity_gb * GIB for medium in platform.media}
    hours = {item.id: item.frequency_hours or 24 for item in platform.backup_classes}
    rules = retention_by_class(platform)
    steady = {name: kept_days(rule, max(1, hours[name] // 24)) for name, rule in rules.items()}
    kept = set(retained_ids)
    present = existing(copies, as_of)
    by_pool: dict[str, list[Copy]] = defaultdict(list)
    for copy in present:
        by_pool[copy.pool].append(copy)
    owned: dict[str, list[TapeStatus]] = defaultdict(list)
    for status in tapes:
        if status.place != "gone":
            owned[status.pool].append(status)
    return [
        _of_pool(
            pool,
            capacity[pool.medium],
            as_of,
            steady=steady,
            tapes=owned[pool.id],
            copies=by_pool[pool.id],
            kept=kept,
        )
        for pool in platform.media_pools
    ]


def _of_pool(
    pool: MediaPool,
    capacity: int,
    as_of: datetime,
    *,
    steady: Mapping[str, int],
    tapes: list[TapeStatus],
    copies: list[Copy],
    kept: set[int],
) -> PoolForecast:
    """`steady`: how many restore points each backup class keeps in the long run."""
    counts = Counter(each.state for each in tapes)
    newest: dict[str, Copy] = {}
    for copy in copies:
        found = newest.get(copy.machine)
        # A copy that holds all disks itself tells the size; one that refers to another is small until a disk changes.
        if found is None or (not copy.needs, copy.taken_at) > (not found.needs, found.taken_at):
            newest[copy.machine] = copy
    long_run = sum(copy.size_bytes * steady.get(copy.backup_class, 0) for copy in newest.values())
    recent = sum(copy.size_bytes for copy in copies if copy.taken_at > as_of - RECENT)
    per_day = recent // RECENT.days
    # One tape is always open for writing beside those that are full of what is kept.
    needed = ceil(long_run / capacity) + (1 if copies else 0)
    empty_on = None
    if per_day:
        empty_on = as_of.date() + timedelta(days=min(counts["writable"] * capacity // per_day, 36_500))
    return PoolForecast(
        pool=pool.id,
        budget=pool.tapes,
        owned=len(tapes),
        writable=counts["writable"],
        full=counts["full"],
        expired=counts["expired"],
        damaged=counts["damaged"],
        retained_bytes=sum(copy.size_bytes for copy in copies if copy.id in kept),
        bytes_per_day=per_day,
        needed=needed,
        empty_on=empty_on,
    )
