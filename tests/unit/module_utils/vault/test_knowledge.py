"""What a decision about a tape rests on, read from the records."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Retirement, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import RetirementEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import STEPS, TABLE
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.knowledge import know
from tests.support.builders import make_estate, make_machine, make_system
from tests.support.tapes import ONSITE, START, event
from tests.support.vault_desk import ORIGIN

MACHINE, TAPE = "s01-db-1", "KYT001L8"
LATER = START + timedelta(days=800)


@pytest.fixture(scope="module")
def estate() -> Estate:
    retirement = Retirement(
        date="2026-11-30",
        reason=Text(ja="廃止", en="Gone"),
        requested_by="室長",
        approved_by="室長",
        last_copy_years=1,
    )
    return make_estate(make_system("s01", make_machine(), status="retiring", retirement=retirement))


def kept_at(folder: Path, estate: Estate, as_of: datetime, *, deleted: bool) -> tuple[int, bool]:
    """(copies that are kept, whether their tape may be given up) of a machine with one copy."""
    with open_store(f"sqlite:///{folder / 'records.sqlite3'}", production=False, clock=lambda: LATER) as store:
        registered = [event("register", tape=TAPE, pool=ONSITE), event("close", tape=TAPE)]
        store.custody.record(registered, lambda _status: Facts(), ORIGIN)
        copy = NewCopy(
            machine=MACHINE,
            system="s01",
            backup_class="tape-daily",
            taken_at=START,
            pool=ONSITE,
            offsite=False,
            tapes=(TAPE,),
            size_bytes=1,
            key_id=None,
            job="1",
            manifest_digest="0" * 64,
        )
        (made,) = store.copies.add([copy], ORIGIN)
        store.copies.read_back(made.id, ok=True, job="2", origin=ORIGIN)
        if deleted:
            steps = STEPS[: STEPS.index("delete") + 1]
            evidence = {step: dict.fromkeys(TABLE[step].evidence, "x") for step in steps}
            events = [
                RetirementEvent(machine=MACHINE, step=step, happened_at=START, by="hanako", evidence=evidence[step])
                for step in steps
                if step != "undo"
            ]
            Retirements(store.database, store.chain).record(events, ORIGIN)
        known = know(store, estate, as_of)
    return len(known.kept), known.releases[0].releasable


def test_the_last_copy_of_a_machine_is_kept_for_ever(tmp_path: Path, estate: Estate) -> None:
    assert kept_at(tmp_path, estate, LATER, deleted=False) == (1, False)


def test_the_last_copy_of_a_deleted_machine_is_kept_until_its_day(tmp_path: Path, estate: Estate) -> None:
    (tmp_path / "early").mkdir()
    (tmp_path / "late").mkdir()
    # Before its day it also waits: the read-back is of the clock's time.
    assert kept_at(tmp_path / "early", estate, START + timedelta(days=364), deleted=True) == (1, False)
    assert kept_at(tmp_path / "late", estate, LATER, deleted=True) == (0, True)


def test_a_legal_hold_keeps_the_copy_of_a_deleted_machine_after_its_day(tmp_path: Path, estate: Estate) -> None:
    (system,) = estate.systems
    hold = LegalHold(since="2028-01-05", reason=Text(ja="訴訟", en="Law suit"), ordered_by="法務課")
    held = replace(estate, systems=(replace(system, legal_hold=hold),))
    assert kept_at(tmp_path, held, LATER, deleted=True) == (1, False)


def test_a_machine_that_was_restored_keeps_its_last_copy(tmp_path: Path, estate: Estate) -> None:
    (system,) = estate.systems  # it retires without the machine, and still says how long last copies are kept
    stays = replace(system.machines[0], status="in-service")
    restored = replace(estate, systems=(replace(system, machines=(stays,)),))
    assert kept_at(tmp_path, restored, LATER, deleted=True) == (1, False)
