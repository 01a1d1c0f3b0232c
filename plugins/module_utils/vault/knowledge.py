"""What the policy knows at a moment: tapes, copies, what is kept and why, and which keys could be recovered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, Standing, existing, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.facts import facts_of
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import escrow_gaps
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import (
    Facts,
    TapeStatus,
    unreadable_tapes,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import retention_by_class
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import (
    Retained,
    TapeRelease,
    releasable_tapes,
    retained,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.legal_hold import held_by_law
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.last_copies import kept_until


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that a decision about a tape rests on. `key_gaps`: what is missing in the escrow of each key."""

    as_of: datetime
    statuses: Mapping[str, TapeStatus]
    copies: Sequence[Copy]
    standing: Mapping[int, Standing]
    kept: Sequence[Retained]
    releases: Sequence[TapeRelease]
    key_gaps: Mapping[str, tuple[str, ...]]
    facts: Callable[[TapeStatus], Facts]


def know(store: Store, estate: Estate, as_of: datetime, *, past: bool = False) -> Knowledge:
    """Read the records once. `past`: tapes as they were at that moment, not as they are now."""
    platform = estate.platform
    zone = platform.estate.timezone
    statuses = store.custody.statuses(as_of=as_of if past else None)
    copies = existing(store.copies.existing(as_of), as_of)
    unreadable = unreadable_tapes(statuses.values())
    day = as_of.astimezone(ZoneInfo(zone)).date()
    kept = retained(
        copies,
        retention_by_class(platform),
        as_of,
        unreadable=unreadable,
        timezone=zone,
        ended=ended_machines(estate, Retirements(store.database, store.chain).cases(), day),
        held=held_by_law(estate),
    )
    releases = releasable_tapes(statuses.values(), copies, kept, as_of)
    gaps = {
        name: tuple(escrow_gaps(status, platform.key_escrow, platform.sites, day))
        for name, status in store.tape_keys.statuses().items()
    }
    return Knowledge(
        as_of=as_of,
        statuses=statuses,
        copies=copies,
        standing=standings(copies, unreadable, as_of),
        kept=kept,
        releases=releases,
        key_gaps=gaps,
        facts=facts_of(copies, releases, gaps, platform.media_pools),
    )


def ended_machines(estate: Estate, cases: Mapping[str, Case], day: date) -> frozenset[str]:
    """Deleted machines whose last copy had to be kept until a day that is past."""
    return frozenset(machine for machine, last in kept_until(estate, cases).items() if last < day)
