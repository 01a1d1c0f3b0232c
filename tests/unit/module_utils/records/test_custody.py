"""Custody in the chain: recorded all or none, and every kind of tampering is found."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from tests.support.tapes import BOTH, FREE, HOME, OFFSITE, ONSITE, START, TO_VAULT, event, key_event, proven_key

TAPE = "KYT001L8"


def free(_: object) -> Facts:
    return FREE


@pytest.fixture
def travelled(store: Store, origin: Origin) -> Store:
    """A tape that was registered and went to the vault; another one in slot 2."""
    store.custody.record([event("register"), event("register", tape="KYT002L8", position="2")], free, origin)
    store.custody.record([event(action) for action in TO_VAULT], free, origin)
    return store


def tamper(file: Path, *statements: str) -> None:
    """What an administrator of the database can do: drop the triggers, then anything."""
    with sqlite3.connect(file) as connection:
        for trigger in ("entries_insert", "entries_update", "entries_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def new_copy(**fields: object) -> NewCopy:
    usual: dict[str, object] = {
        "machine": "s05-db-1",
        "system": "s05",
        "backup_class": "tape-daily-offsite",
        "taken_at": START,
        "pool": OFFSITE,
        "offsite": True,
        "tapes": ("KYT002L8",),
        "size_bytes": 1000,
        "key_id": "lgwan-g1",
        "job": "12",
        "manifest_digest": "0" * 64,
    }
    return NewCopy(**{**usual, **fields})  # type: ignore[arg-type]


def test_where_a_tape_is_since_when_and_who_had_it(travelled: Store) -> None:
    status = travelled.custody.place_of(TAPE)
    assert status is not None
    assert (status.place, status.case, status.since, status.people) == ("vault", "CASE-LG-01", START, BOTH)
    assert [line.event.action for line in travelled.custody.history(TAPE)] == ["register", *TO_VAULT]
    assert travelled.chain.verify().ok


def test_where_it_was_at_a_moment(travelled: Store, origin: Origin, clock: object) -> None:
    clock.move(86_400)  # type: ignore[attr-defined]
    later = START + timedelta(days=1)
    travelled.custody.record([event(action, later) for action in HOME], free, origin)
    before = travelled.custody.place_of(TAPE, START)
    after = travelled.custody.place_of(TAPE)
    assert before is not None
    assert after is not None
    assert (before.place, after.place) == ("vault", "slot")
    assert travelled.custody.place_of(TAPE, START - timedelta(days=1)) is None


def test_events_are_recorded_all_or_none(travelled: Store, origin: Origin) -> None:
    head = travelled.chain.head()
    good, bad = event("close", tape="KYT002L8"), event("arrive", tape="KYT002L8")
    with pytest.raises(CustodyRefused, match="cannot arrive"):
        travelled.custody.record([good, bad], free, origin)
    assert travelled.chain.head() == head


def test_the_policy_is_asked_before_anything_is_recorded(travelled: Store, origin: Origin) -> None:
    def no_escrow(_: object) -> Facts:
        return Facts(keys_without_escrow=("lgwan-g1",))

    travelled.custody.record([event("close", tape="KYT002L8")], free, origin)
    with pytest.raises(CustodyRefused, match="no proven escrow"):
        travelled.custody.record([event("eject", tape="KYT002L8")], no_escrow, origin)


def test_the_future_is_not_recorded(travelled: Store, origin: Origin) -> None:
    with pytest.raises(CustodyRefused, match="lies in the future"):
        travelled.custody.record([event("recall", START + timedelta(days=9))], free, origin)


def test_a_changed_entry_is_found_and_nothing_rests_on_it(travelled: Store, database_file: Path) -> None:
    tamper(database_file, "UPDATE entries SET payload = replace(payload, 'CASE-LG-01', 'CASE-XX-01') WHERE id = 5")
    assert [(problem.entry_id, problem.what) for problem in travelled.chain.verify().problems] == [(5, "changed")]
    with pytest.raises(ChainBrokenError, match="entry 5"):
        travelled.custody.place_of(TAPE)


def test_a_removed_entry_is_found(travelled: Store, database_file: Path) -> None:
    tamper(database_file, "DELETE FROM entries WHERE id = 5")
    assert "removed" in {problem.what for problem in travelled.chain.verify().problems}
    with pytest.raises(ChainBrokenError, match="does not follow"):
        travelled.custody.place_of(TAPE)


def test_reordered_entries_are_found(travelled: Store, database_file: Path) -> None:
    swap = ("UPDATE entries SET id = 99 WHERE id = 5", "UPDATE entries SET id = 5 WHERE id = 6")
    tamper(database_file, *swap, "UPDATE entries SET id = 6 WHERE id = 99")
    assert {problem.what for problem in travelled.chain.verify().problems} == {"reordered"}


def test_a_chain_that_was_cut_off_is_found_with_the_printed_head(travelled: Store, database_file: Path) -> None:
    anchor = travelled.chain.head()
    tamper(database_file, "DELETE FROM entries WHERE id > 5")
    assert travelled.chain.verify().ok
    assert [problem.what for problem in travelled.chain.verify(anchor).problems] == ["truncated"]


def test_a_chain_that_was_written_again_is_found_with_the_printed_head(
    travelled: Store, database_file: Path, origin: Origin
) -> None:
    anchor = travelled.chain.head()
    with sqlite3.connect(database_file) as connection:
        connection.execute("DROP TRIGGER entries_delete")
        connection.execute("DELETE FROM entries WHERE id > 5")
    connection.close()
    travelled.custody.record([event("hand-to-courier"), event("lose")], free, origin)
    assert travelled.chain.verify().ok
    assert [problem.what for problem in travelled.chain.verify(anchor).problems] == ["rewritten"]


def test_a_copy_counts_after_its_read_back_and_ends_with_its_tape(travelled: Store, origin: Origin) -> None:
    (copy,) = travelled.copies.add([new_copy()], origin)
    assert travelled.copies.existing()[0].read_back_ok is None
    travelled.copies.read_back(copy.id, ok=True, job="13", origin=origin)
    assert travelled.copies.of_machine("s05-db-1")[0].read_back_ok is True
    assert travelled.copies.bytes_by_system(START) == {"s05": 1000}
    assert travelled.copies.bytes_by_system(START - timedelta(seconds=1)) == {}
    for action in ("close", "expire", "erase"):
        travelled.custody.record([event(action, tape="KYT002L8")], free, origin)  # type: ignore[arg-type]
    assert travelled.copies.existing() == []
    assert travelled.copies.bytes_by_system(START) == {}
    assert travelled.copies.of_machine("s05-db-1")[0].released_at == START
    with pytest.raises(CustodyRefused, match="overwritten"):
        travelled.copies.read_back(copy.id, ok=True, job="14", origin=origin)
    assert travelled.copies.verify() == []


def test_pools_never_share_a_tape(travelled: Store, origin: Origin) -> None:
    with pytest.raises(CustodyRefused, match="pools never share a tape"):
        travelled.copies.add([new_copy(pool=ONSITE)], origin)
    with pytest.raises(CustodyRefused, match="is not registered"):
        travelled.copies.add([new_copy(tapes=("KYT009L8",))], origin)
    with pytest.raises(CustodyRefused, match="full in place 'vault'"):
        travelled.copies.add([new_copy(tapes=(TAPE,))], origin)
    assert travelled.copies.existing() == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE copies SET read_back_ok = 1, read_back_at = taken_at WHERE id = 1",
            "read_back_at, read_back_ok differ",
        ),
        ("UPDATE copies SET size_bytes = 1 WHERE id = 1", "size_bytes differ"),
        ("UPDATE copy_tapes SET tape = 'KYT001L8' WHERE copy_id = 1", "tapes differ"),
        ("UPDATE copies SET id = 2 WHERE id = 1", "written past it"),
    ],
)
def test_a_row_that_the_chain_does_not_prove_is_found(
    travelled: Store, origin: Origin, database_file: Path, statement: str, problem: str
) -> None:
    travelled.copies.add([new_copy()], origin)
    with sqlite3.connect(database_file) as connection:
        connection.execute(statement)
    connection.close()
    assert any(problem in each for each in travelled.copies.verify())


def test_a_lost_tape_says_what_is_lost_and_what_remains(travelled: Store, origin: Origin) -> None:
    travelled.custody.record([event("register", tape="KYT003L8", position="3", pool=ONSITE)], free, origin)
    onsite = new_copy(pool=ONSITE, offsite=False, tapes=("KYT003L8",))
    (original,) = travelled.copies.add([onsite], origin)
    alone = new_copy(machine="s05-ap-1", key_id=None)
    (copied, single) = travelled.copies.add([new_copy(restore_point=original.restore_point), alone], origin)
    later = {"machine": "s05-ap-1", "taken_at": START + timedelta(hours=1)}
    (refers,) = travelled.copies.add([new_copy(**later, needs=(single.restore_point,))], origin)
    for copy in (original, copied, single, refers):
        travelled.copies.read_back(copy.id, ok=True, job="x", origin=origin)
    found = travelled.copies.blast_radius(["KYT002L8"], START + timedelta(days=1))
    assert (found.copies, found.unencrypted_copies, found.keys) == (3, 1, ("lgwan-g1",))
    assert [(point.machine, point.lost) for point in found.systems[0].points] == [
        ("s05-ap-1", True),
        ("s05-ap-1", True),
        ("s05-db-1", False),
    ]
    assert found.systems[0].points[2].remaining_onsite == ("KYT003L8",)
    assert found.points_lost == 2


@pytest.mark.parametrize("needs", [{"needs": (9,)}, {"needs": (1,), "machine": "s05-ap-1"}])
def test_a_copy_that_refers_to_what_is_not_there_is_not_recorded(
    travelled: Store, origin: Origin, needs: dict[str, object]
) -> None:
    travelled.copies.add([new_copy()], origin)
    with pytest.raises(CustodyRefused, match="to which this one refers: make a whole one"):
        travelled.copies.add([new_copy(**needs)], origin)
    assert len(travelled.copies.existing()) == 1


def test_a_copy_elsewhere_that_refers_to_the_lost_tape_is_lost_with_it(travelled: Store, origin: Origin) -> None:
    travelled.custody.record([event("register", tape="KYT003L8", position="3")], free, origin)
    (base,) = travelled.copies.add([new_copy()], origin)
    (refers,) = travelled.copies.add([new_copy(tapes=("KYT003L8",), needs=(base.restore_point,))], origin)
    for copy in (base, refers):
        travelled.copies.read_back(copy.id, ok=True, job="x", origin=origin)
    found = travelled.copies.blast_radius(["KYT002L8"], START + timedelta(days=1))
    assert [(point.indirect, point.lost) for point in found.systems[0].points] == [(False, True), (True, True)]


def test_keys_are_opened_by_two_people_and_never_stored(store: Store, origin: Origin) -> None:
    for each in proven_key():
        store.tape_keys.record(each, origin)
    status = store.tape_keys.record(key_event("open"), origin)
    assert (status.opened_at, sorted(status.sheets)) == (START, ["1", "2", "3", "4"])
    assert store.tape_keys.statuses() == {"lgwan-g1": status}
    with pytest.raises(CustodyRefused, match="exists already"):
        store.tape_keys.record(key_event("create"), origin)
    assert len(store.tape_keys.history("lgwan-g1")) == 8
