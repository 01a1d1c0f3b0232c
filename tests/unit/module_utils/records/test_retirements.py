"""Cases of retirement in the records: each step once, intents that survive a kill, nothing but the chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import RetirementEvent, RetirementRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import ENDS, STEPS, TABLE, Step

KEY = "s06-db-1"
START = datetime(2026, 12, 1, tzinfo=UTC)


def event(step: Step, day: int = 0, **evidence: str) -> RetirementEvent:
    usual = dict.fromkeys(TABLE[step].evidence, "x")
    return RetirementEvent(
        machine=KEY,
        step=step,
        happened_at=START + timedelta(days=day),
        by="hanako",
        evidence={**usual, **evidence},  # type: ignore[dict-item]
    )


@pytest.fixture
def retirements(store: Store) -> Retirements:
    return Retirements(store.database, store.chain)


def test_the_whole_way_is_kept_and_read_again(retirements: Retirements, store: Store, origin: Origin) -> None:
    way = [event(step, day) for day, step in enumerate(each for each in STEPS if each not in ENDS)]
    for each in way:
        retirements.record([each], origin)
    case = retirements.case(KEY)
    assert list(case.done.values()) == way
    assert [found for found, _ in retirements.history(KEY)] == way
    assert store.chain.verify().ok


def test_a_step_is_recorded_once(retirements: Retirements, origin: Origin) -> None:
    retirements.record([event("announce")], origin)
    with pytest.raises(RetirementRefused, match="is done already"):
        retirements.record([event("announce", 1)], origin)
    assert len(retirements.history(KEY)) == 1


def test_all_of_a_batch_or_none(retirements: Retirements, origin: Origin) -> None:
    with pytest.raises(RetirementRefused, match="delete comes after verify"):
        retirements.record([event("announce"), event("delete", 1)], origin)
    assert retirements.cases() == {}


def test_the_first_intent_counts_until_the_step_is_done(retirements: Retirements, origin: Origin) -> None:
    retirements.record([event("announce")], origin)
    first = retirements.begin(event("quarantine", 1, power="on"), origin)
    again = retirements.begin(event("quarantine", 2, power="off"), origin)
    assert again == first
    assert retirements.begun(KEY, "quarantine") == first
    retirements.record([event("quarantine", 2, power="on")], origin)
    assert retirements.begun(KEY, "quarantine") is None


def test_an_intent_does_not_outlive_an_undo(retirements: Retirements, origin: Origin) -> None:
    retirements.record([event("announce")], origin)
    retirements.begin(event("quarantine", 1), origin)
    retirements.record([event("undo", 2)], origin)
    assert retirements.begun(KEY, "quarantine") is None
    assert not retirements.case(KEY).done


def test_a_new_case_after_a_deletion_knows_no_intent_and_no_step_of_the_first(
    retirements: Retirements, store: Store, origin: Origin
) -> None:
    way: tuple[Step, ...] = ("announce", "quarantine", "back-up", "verify", "delete")
    for day, step in enumerate(way):
        retirements.record([event(step, day)], origin)
    retirements.begin(event("release", 5), origin)
    retirements.record([event("reopen", 9, restored="restore 3")], origin)
    assert not retirements.case(KEY).done
    assert retirements.begun(KEY, "release") is None
    for day, step in enumerate(way):
        retirements.record([event(step, 10 + day)], origin)
    assert list(retirements.case(KEY).done) == list(way)
    # The first case is still proven.
    assert [found.step for found, _ in retirements.history(KEY)] == [*way, "reopen", *way]
    assert store.chain.verify().ok


def test_what_is_deleted_is_what_is_permitted_now(retirements: Retirements, origin: Origin) -> None:
    for day, step in enumerate(("announce", "quarantine", "back-up", "verify")):
        retirements.record([event(step, day)], origin)  # type: ignore[arg-type]
    retirements.begin(event("delete", 9, plan_digest="old"), origin)
    retirements.renew(event("delete", 10, plan_digest="new"), origin)
    begun = retirements.begun(KEY, "delete")
    assert begun is not None
    assert begun.evidence["plan_digest"] == "new"


def test_an_intent_out_of_order_is_refused(retirements: Retirements, origin: Origin) -> None:
    with pytest.raises(RetirementRefused, match="delete comes after verify"):
        retirements.begin(event("delete"), origin)


def test_a_row_written_past_the_chain_moves_no_case(retirements: Retirements, store: Store, origin: Origin) -> None:
    retirements.record([event("announce")], origin)
    with store.database.write() as connection:
        row = connection.execute(sa.select(tables.entries)).mappings().one()
        forged = {**row, "id": 2, "previous_hash": row["hash"], "payload": row["payload"].replace("announce", "delete")}
        connection.execute(sa.insert(tables.entries), forged)
    with pytest.raises(ChainBrokenError, match="was changed after it was written"):
        retirements.cases()
