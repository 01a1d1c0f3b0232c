"""State x place of a tape: the closed table, its people and evidence, and what the policy adds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import (
    CustodyRefused,
    Facts,
    collision,
    refusal,
    replay,
    step,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import (
    ACTIONS,
    PLACES,
    STATES,
    TRANSITIONS,
    Action,
    Place,
    State,
)
from tests.support.tapes import BOTH, FREE, HOME, START, TO_VAULT, event, make_status, registered


def test_a_tape_goes_to_the_vault_and_comes_home() -> None:
    status = replay([registered(), *(event(action) for action in (*TO_VAULT, *HOME))])
    assert status is not None
    assert (status.state, status.place, status.case, status.seal) == ("full", "slot", "", "")


def test_where_it_is_names_the_case_and_who_had_it() -> None:
    status = replay([registered(), *(event(action) for action in TO_VAULT)])
    assert status is not None
    assert (status.place, status.case, status.seal, status.people) == ("vault", "CASE-LG-01", "SEAL-0001", BOTH)


def test_since_is_when_it_came_to_its_place_not_its_last_event() -> None:
    later = START + timedelta(days=3)
    status = replay([registered(), *(event(action) for action in TO_VAULT), event("expire", later)])
    assert status is not None
    assert (status.state, status.since, status.changed_at) == ("expired", START, later)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("state", STATES)
def test_nothing_but_the_table_changes_a_tape(state: State, place: Place, action: Action) -> None:
    fate = "lost" if place == "gone" else ""
    status = make_status(state=state, place=place, case="CASE-LG-01", seal="SEAL-0001", fate=fate)
    row = TRANSITIONS[action]
    if state in row.states and place in row.places:
        after = step(status, event(action))
        assert (after.state, after.place) == (row.to_state or state, row.to_place or place)
    else:
        with pytest.raises(CustodyRefused):
            step(status, event(action))


@pytest.mark.parametrize("action", [name for name in ACTIONS if TRANSITIONS[name].people])
def test_one_person_is_not_two(action: Action) -> None:
    needed = TRANSITIONS[action].people
    people = ("山田 太郎", " 山田　太郎 ")[:needed] if needed == 2 else (" ",)
    with pytest.raises(CustodyRefused, match=f"needs {needed} different people by name, {needed - 1} given"):
        step(make_status(), replace(event(action), people=people))


@pytest.mark.parametrize("action", [name for name in ACTIONS if TRANSITIONS[name].evidence])
def test_no_event_without_its_evidence(action: Action) -> None:
    missing = TRANSITIONS[action].evidence[-1]
    with pytest.raises(CustodyRefused, match=f"{action} needs {missing}"):
        step(make_status(), event(action, **{missing: " "}))


def test_a_destroyed_tape_is_never_found_again() -> None:
    gone = step(make_status(state="retired"), event("destroy"))
    assert gone.fate == "destroyed"
    with pytest.raises(CustodyRefused, match="destroyed"):
        step(gone, event("find"))


def test_a_found_tape_counts_only_after_it_was_read() -> None:
    found = step(step(make_status(), event("lose")), event("find"))
    assert (found.state, found.place) == ("damaged", "hand-over")


def test_a_barcode_is_never_used_for_a_second_tape() -> None:
    with pytest.raises(CustodyRefused, match="registered already"):
        replay([registered(), registered()])


def test_an_event_before_the_last_one_is_refused() -> None:
    with pytest.raises(CustodyRefused, match="lies before the last event"):
        replay([registered(), event("close", START - timedelta(seconds=1))])


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(CustodyRefused, match="no zone"):
        step(make_status(), event("eject", datetime(2026, 11, 24, 10, 0)))


def test_another_seal_on_arrival_needs_a_reason() -> None:
    packed = make_status(place="courier", case="CASE-LG-01", seal="SEAL-0001")
    with pytest.raises(CustodyRefused, match="was sealed as CASE-LG-01 SEAL-0001, now CASE-LG-01 SEAL-0002"):
        step(packed, event("arrive", seal="SEAL-0002", reason=""))
    assert step(packed, event("arrive", seal="SEAL-0002", reason="税関で開封")).seal == "SEAL-0002"


@pytest.mark.parametrize("action", ["eject", "take-out", "hand-to-courier"])
def test_a_tape_does_not_leave_while_its_key_has_no_proven_escrow(action: Action) -> None:
    reason = refusal(make_status(), event(action), Facts(keys_without_escrow=("lgwan-g1",)))
    assert reason is not None
    assert "lgwan-g1 has no proven escrow" in reason
    assert refusal(make_status(), event(action), FREE) is None


def test_a_damaged_tape_may_go_to_its_destruction_on_site_but_not_to_the_courier() -> None:
    facts = Facts(keys_without_escrow=("lgwan-g1",))
    damaged = make_status(state="damaged")
    assert refusal(damaged, event("eject"), facts) is None
    assert refusal(damaged, event("hand-to-courier"), facts) is not None


def test_what_is_not_encrypted_does_not_leave() -> None:
    assert "not encrypted" in (refusal(make_status(), event("eject"), Facts(unencrypted=True)) or "")


@pytest.mark.parametrize("action", ["expire", "erase", "destroy"])
def test_what_is_still_needed_is_not_given_up(action: Action) -> None:
    assert "still needed: last good copy" in (
        refusal(make_status(), event(action), Facts(kept_because=("last good copy",))) or ""
    )


def test_a_tape_of_mynumber_is_destroyed_and_never_erased() -> None:
    facts = Facts(must_destroy=True)
    assert "destroyed, never used again" in (refusal(make_status(state="expired"), event("erase"), facts) or "")
    assert refusal(make_status(state="expired"), event("destroy"), facts) is None


def test_two_tapes_are_never_in_one_slot() -> None:
    status = make_status("KYT001L8")
    assert collision(status, [make_status("KYT002L8")]) == "KYT002L8"
    assert collision(status, [make_status("KYT002L8", position="2")]) is None
    assert collision(status, [make_status("KYT002L8", library="library-2")]) is None
    assert collision(replace(status, place="vault"), [make_status("KYT002L8", place="vault")]) is None
