"""Records of a small estate with everything that the truth report tells: good, late, lost, unusual, unproven."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import TruthReport
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Language
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.report_forms.tables import Paper
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.made import Standing, make_truth
from ansible_collections.kyotsu.platform.plugins.module_utils.truth_forms.paper import make_truth_paper
from tests.support.small_estate import AS_OF, copy_small
from tests.support.tapes import START, TO_VAULT, event, proven_key

ORIGIN = Origin(actor="hanako", host="controller", run_id="run-1", commit="")
NOW = START + timedelta(days=7)
ONSITE, OFFSITE = "mynumber-c3-onsite", "mynumber-c3-offsite"
LOST = "KYT009L8"
GIB = 2**30


def sample_truth(folder: Path) -> tuple[TruthReport, Standing, Estate]:
    """s02 is couriered: its database has copies on both sides, one of them unusual; a tape in clear is lost.

    Of its copies for the vault one is there and a younger one has not been carried yet.
    """
    estate = load_estate(copy_small(folder), as_of=AS_OF).estate
    url = f"sqlite:///{folder / 'truth.sqlite3'}"
    with open_store(url, production=False, clock=lambda: NOW) as store:
        pools = {"KYT001L8": ONSITE, "KYT002L8": OFFSITE, LOST: ONSITE, "KYT003L8": OFFSITE}
        registered = [
            event("register", tape=tape, position=str(number), pool=pool)
            for number, (tape, pool) in enumerate(pools.items(), 1)
        ]
        store.custody.record(registered, lambda _status: Facts(), ORIGIN)
        # Day 0 to 4, 10 GiB each, the last one 40 GiB; the first is on the lost tape as well, in clear.
        for number in range(5):
            size = (40 if number == 4 else 10) * GIB
            onsite = _copy(START + timedelta(days=number), ONSITE, "KYT001L8", size)
            (made,) = store.copies.add([onsite], ORIGIN)
            store.copies.read_back(made.id, ok=True, job="1", origin=ORIGIN)
        offsite = _copy(START + timedelta(days=3), OFFSITE, "KYT002L8", 10 * GIB, offsite=True)
        clear = _copy(START - timedelta(days=9), ONSITE, LOST, 10 * GIB, key=None)
        waiting = _copy(START + timedelta(days=4), OFFSITE, "KYT003L8", 40 * GIB, offsite=True)
        for copy in store.copies.add([offsite, clear, waiting], ORIGIN):
            store.copies.read_back(copy.id, ok=True, job="2", origin=ORIGIN)
        carried = [event(action, START + timedelta(days=3, hours=6), tape="KYT002L8") for action in TO_VAULT]
        store.custody.record(carried, lambda _status: Facts(), ORIGIN)
        store.custody.record([event("lose", START + timedelta(days=1), tape=LOST)], lambda _status: Facts(), ORIGIN)
        for each in proven_key():
            store.tape_keys.record(each, ORIGIN)
        report, standing = make_truth(store, estate, NOW, drill_months=12)
    return report, standing, estate


def sample_truth_paper(folder: Path, language: Language = "ja") -> Paper:
    """The sample, ready to be drawn."""
    report, standing, estate = sample_truth(folder)
    return make_truth_paper(report, standing, estate, language)


def _copy(
    taken_at: datetime, pool: str, tape: str, size: int, *, offsite: bool = False, key: str | None = "mynumber-g1"
) -> NewCopy:
    return NewCopy(
        machine="s02-db-1",
        system="s02",
        backup_class="tape-daily-offsite",
        taken_at=taken_at,
        pool=pool,
        offsite=offsite,
        tapes=(tape,),
        size_bytes=size,
        key_id=key,
        job="1",
        manifest_digest="0" * 64,
    )
