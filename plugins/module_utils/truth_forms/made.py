"""The truth report from its sources: the repository and the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.budget import tape_forecast
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import TruthReport, truth_report
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import know


@dataclass(frozen=True, slots=True)
class Standing:
    """What the report rests on: the head of the chain (ID:HASH), how many tapes and copies the records have."""

    anchor: str
    tapes: int
    copies: int


def make_truth(
    store: Store, estate: Estate, as_of: datetime, *, drill_months: int, past: bool = False
) -> tuple[TruthReport, Standing]:
    """What could be restored at a moment. `past`: tapes as they were then, not as they are now.

    `drill_months`: a system that was not drilled for so long is overdue. Raises ChainBrokenError where the custody of a
    tape cannot be trusted: then no report is better than this one.
    """
    platform = estate.platform
    known = know(store, estate, as_of, past=past)
    gone = sorted(
        name for name in unreadable_tapes(known.statuses.values()) if known.statuses[name].fate != "destroyed"
    )
    report = truth_report(
        estate,
        known.copies,
        known.statuses,
        store.restores.drills(),
        as_of,
        drill_months=drill_months,
        lost=[store.copies.blast_radius([tape], as_of) for tape in gone],
        forecast=tape_forecast(
            platform,
            tapes=known.statuses.values(),
            copies=known.copies,
            retained_ids=[each.copy.id for each in known.kept],
            as_of=as_of,
        ),
        keys=known.key_gaps,
    )
    return report, Standing(str(store.chain.head()), len(known.statuses), len(known.copies))
