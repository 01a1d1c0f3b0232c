"""The truth report from its sources: the repository and the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.budget import tape_forecast
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import TruthReport, truth_report
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Anchor
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import know


@dataclass(frozen=True, slots=True)
class Standing:
    """What the report rests on: the head of the chain (ID:HASH), how many tapes and copies the records have.

    The whole chain of `entries` was read and every copy held against it; `anchors` heads that were kept elsewhere, too.
    """

    anchor: str
    tapes: int
    copies: int
    entries: int
    anchors: int


def make_truth(
    store: Store,
    estate: Estate,
    as_of: datetime,
    *,
    drill_months: int,
    past: bool = False,
    anchors: Sequence[Anchor] = (),
) -> tuple[TruthReport, Standing]:
    """What could be restored at a moment. `past`: tapes as they were then, not as they are now.

    `drill_months`: a system that was not drilled for so long is overdue. `anchors`: heads of the chain that were
    printed or kept elsewhere. Raises ChainBrokenError where the chain of records is not whole: then nothing is known,
    and no report is better than this one. A copy that differs from a whole chain does not count, and is told.
    """
    checked = store.chain.verify(*anchors)
    if not checked.ok:
        first = checked.problems[0]
        raise ChainBrokenError(
            f"the chain of records is broken in {len(checked.problems)} places, first {first.what}: {first.message}; "
            "nothing is known until it is cleared up: run scripts/records.py verify"
        )
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
        unproven=_unproven(store),
    )
    standing = Standing(
        anchor=str(checked.head),
        tapes=len(known.statuses),
        copies=len(known.copies),
        entries=checked.checked,
        anchors=len(anchors),
    )
    return report, standing


def _unproven(store: Store) -> dict[int, str]:
    """Copies that differ from the chain, seen twice: a run may write between the reading of the chain and the table."""
    first = store.copies.unproven()
    again = store.copies.unproven() if first else {}
    return {number: what for number, what in again.items() if first.get(number) == what}
