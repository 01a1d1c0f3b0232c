"""What people report about single tapes: all or none, once each, and only what the table allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import LockHeldError
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.tapes import BOTH
from tests.support.vault_desk import TAPES, Desk

ONE, TWO = TAPES


def test_a_recall_is_recorded_once(at_vault: Desk) -> None:
    for _ in range(2):
        outcome = at_vault.run("recall", tapes=(ONE.lower(),), reason="restore of s35", people=BOTH[:1])
    assert "recorded before" in outcome.text()
    assert at_vault.actions(ONE).count("recall") == 1
    with at_vault.store() as store:
        assert store.custody.statuses()[ONE].recalled_for == "restore of s35"


def test_one_tape_that_cannot_be_recalled_keeps_all_from_being_recorded(ordered: Desk) -> None:
    with pytest.raises(VerbRefused, match="cannot recall a tape that is full in place 'exit-port'"):
        ordered.run("recall", tapes=TAPES, reason="x", people=BOTH)
    assert "recall" not in ordered.actions(ONE)


def test_check_mode_refuses_what_a_run_would_refuse(ordered: Desk) -> None:
    with pytest.raises(VerbRefused, match="cannot recall"):
        ordered.run("recall", tapes=(ONE,), reason="x", people=BOTH, check=True)


def test_a_lost_tape_is_found_and_counts_only_after_its_read_back(at_vault: Desk) -> None:
    assert at_vault.run("lose", tapes=(ONE,), reason="not in the case", people=BOTH[:1]).done.changed
    assert not at_vault.run("lose", tapes=(ONE,), reason="not in the case", people=BOTH[:1]).done.changed
    at_vault.run("find", tapes=(ONE,), reason="under the seat", people=BOTH)
    with at_vault.store() as store:
        status = store.custody.statuses()[ONE]
    assert (status.state, status.place) == ("damaged", "hand-over")


def test_a_damaged_tape_is_not_good_again_because_somebody_says_so(desk: Desk) -> None:
    desk.record(ONE, "damage", reason="could not be read")
    with pytest.raises(VerbRefused, match="no copy that could be read back"):
        desk.run("clear", tapes=(ONE,), people=BOTH[:1])
    with desk.store() as store:
        assert store.custody.statuses()[ONE].state == "damaged"


def test_a_damaged_tape_with_copies_stays_damaged_while_nothing_can_read_it(desk: Desk) -> None:
    desk.copy_on(ONE)
    desk.record(ONE, "damage", reason="could not be read")
    assert "1 copies would be read back" in desk.run("clear", tapes=(ONE,), people=BOTH[:1], check=True).text()
    with pytest.raises(VerbRefused, match=r"no-settings\.json"):
        desk.run("clear", tapes=(ONE,), people=BOTH[:1])
    assert desk.actions(ONE)[-1] == "damage"


def test_only_a_damaged_tape_in_the_library_is_cleared(at_vault: Desk) -> None:
    assert "counts already" in at_vault.run("clear", tapes=(ONE,), people=BOTH[:1]).text()
    at_vault.record(ONE, "damage", reason="wet")
    with pytest.raises(VerbRefused, match="cannot clear a tape that is damaged in place 'vault'"):
        at_vault.run("clear", tapes=(ONE,), people=BOTH[:1])


def test_destruction_needs_two_people_a_certificate_and_a_reason(desk: Desk) -> None:
    for options, message in (
        ({}, "needs people"),
        ({"people": BOTH}, "needs certificate"),
        ({"people": BOTH, "certificate": "C-1"}, "needs reason"),
        ({"people": BOTH, "certificate": "C-1", "reason": "end"}, "cannot destroy a tape that is full"),
        ({"people": BOTH[:1], "certificate": "C-1", "reason": "end"}, "2 different people"),
    ):
        with pytest.raises(VerbRefused, match=message):
            desk.run("destroy", tapes=(ONE,), **options)


def test_a_lost_tape_is_not_called_destroyed(desk: Desk) -> None:
    desk.run("lose", tapes=(ONE,), reason="not in the case", people=BOTH[:1])
    for check in (True, False):
        with pytest.raises(VerbRefused, match="cannot destroy a tape that is full in place 'gone'"):
            desk.run("destroy", tapes=(ONE,), people=BOTH, certificate="C-1", reason="end", check=check)
    assert "destroy" not in desk.actions(ONE)


def test_a_destruction_is_recorded_once(desk: Desk) -> None:
    desk.record(ONE, "expire", reason="retention is over")
    desk.record(ONE, "destroy", certificate="C-1", reason="end")
    again = desk.run("destroy", tapes=(ONE,), people=BOTH, certificate="C-1", reason="end", check=True)
    assert not again.done.changed
    assert "recorded before" in again.text()


def test_an_unknown_tape_and_an_unknown_step_are_named(desk: Desk) -> None:
    with pytest.raises(VerbRefused, match="not registered: KYT009L8"):
        desk.run("lose", tapes=("KYT009L8",), reason="x", people=BOTH)
    with pytest.raises(VerbRefused, match="step burn is none; known are order"):
        desk.run("burn")


def test_retention_is_over_for_what_nothing_keeps_and_for_nothing_else(desk: Desk) -> None:
    # Tapes without a copy are not expired: there is no content to give up.
    assert "of no tape" in desk.run("expire", people=BOTH[:1]).text()


def test_two_runs_do_not_work_at_once(desk: Desk) -> None:
    with (
        desk.store() as store,
        store.locks.acquire(["lab/vault"], owner="other", run_id="r"),
        pytest.raises(LockHeldError, match="'lab/vault' is locked by other"),
    ):
        desk.run("lose", tapes=(ONE,), reason="x", people=BOTH)


def test_the_settings_of_the_tape_software_are_named_when_they_are_missing(desk: Desk) -> None:
    with pytest.raises(VerbRefused, match=r"no-settings\.json"):
        desk.run("order")


def test_a_tape_that_waits_for_the_first_time_is_no_finding_and_one_that_missed_a_courier_is(desk: Desk) -> None:
    desk.copy_on(ONE)  # its key has no escrow: it waits
    now = datetime.now(UTC)
    outcome = desk.run("order", check=True, now=now)
    assert outcome.done.plan is not None
    assert [each.tape for each in outcome.done.plan.waiting] == [ONE]
    assert outcome.done.troubles == []
    (found,) = desk.run("order", check=True, now=now + timedelta(days=9)).done.troubles
    assert (found.kind, found.tape) == ("missed-courier-day", ONE)
    assert "key lgwan-g1 has no proven escrow" in found.message


def test_a_plan_needs_no_tape_software(desk: Desk) -> None:
    outcome = desk.run("order", check=True)
    assert not outcome.done.changed
    assert outcome.done.files == []
