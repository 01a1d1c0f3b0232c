"""Orders are kept in the chain: read back as they were printed, numbered on, and never given a case twice."""

from __future__ import annotations

import sqlite3

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import TransportCase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import (
    issue,
    last_day,
    orders_of,
    room_left,
    under_way,
)
from tests.support.vault_desk import CASE, DAY, ORIGIN, TAPES, Desk, plan_of

ONE, TWO = TAPES


def test_an_order_is_read_back_as_it_was_issued(desk: Desk) -> None:
    with desk.store() as store:
        plan = plan_of(ONE, incoming=(TWO,))
        made = issue(store, plan, {CASE: "SEAL-1", "CASE-OTHER": "SEAL-2"}, ORIGIN)
        (read,) = orders_of(store, DAY)
        assert read == made
        assert read.plan == plan
        assert read.seals == {CASE: "SEAL-1"}, "a seal of a case that is not used stands on no paper"
        assert read.anchor == str(store.chain.head())
        assert last_day(store) == DAY


def test_a_second_order_of_a_day_goes_on_counting(desk: Desk) -> None:
    with desk.store() as store:
        issue(store, plan_of(ONE), {}, ORIGIN)
        issue(store, plan_of(TWO), {}, ORIGIN)
        first, second = orders_of(store, DAY)
        assert under_way([first, second], store.custody.statuses()) == {ONE, TWO}
    assert [first.sheets[0].number, second.sheets[0].number] == ["WO-20261201-01", "WO-20261201-02"]
    assert second.sheet_of(ONE, "out") is None


def test_what_is_packed_takes_the_room_of_its_case_on_the_way_out_only(desk: Desk) -> None:
    case = TransportCase(id=CASE, segment="lgwan", tapes=2, basis="assumed")
    with desk.store() as store:
        order = issue(store, plan_of(ONE, incoming=(TWO,)), {}, ORIGIN)
    assert [each.tapes for each in room_left([case], [order])] == [1]
    assert [each.tapes for each in room_left([case], [order, order, order])] == [0]


def test_an_order_that_was_changed_is_not_believed(desk: Desk) -> None:
    with desk.store() as store:
        issue(store, plan_of(ONE), {CASE: "SEAL-1"}, ORIGIN)
    with sqlite3.connect(desk.folder / "records.sqlite3") as records:
        for (name,) in records.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            records.execute(f"DROP TRIGGER {name}")
        records.execute("UPDATE entries SET payload = replace(payload, 'SEAL-1', 'SEAL-2') WHERE kind = 'vault-order'")
    with desk.store() as store, pytest.raises(ChainBrokenError):
        orders_of(store, DAY)
