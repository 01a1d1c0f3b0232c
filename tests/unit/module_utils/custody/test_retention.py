"""Which copies are kept and why; which tapes that sets free."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import (
    AWAITING,
    HELD,
    LAST_GOOD,
    NO_RULE,
    NOTHING_BETTER,
    kept_days,
    releasable_tapes,
    retained,
)
from tests.support.tapes import RULES, START, USUAL, make_copy, make_status

NOW = START + timedelta(days=1)


def series(days: int, **fields: object) -> list[Copy]:
    """One copy a day, the last one at START; ids count from the newest."""
    return [make_copy(number + 1, START - timedelta(days=number), **fields) for number in range(days)]


def kept_ids(copies: list[Copy], as_of: datetime = NOW, **arguments: object) -> dict[int, tuple[str, ...]]:
    return {each.copy.id: each.reasons for each in retained(copies, RULES, as_of, **arguments)}  # type: ignore[arg-type]


def test_grandfather_father_son_over_ten_years() -> None:
    kept = retained(series(3660), RULES, NOW)
    zone = ZoneInfo("Asia/Tokyo")
    days = sorted(each.copy.taken_at.astimezone(zone).date() for each in kept)
    assert days[-5:] == [date(2026, 11, day) for day in (20, 21, 22, 23, 24)]
    assert date(2026, 11, 15) in days  # Sunday: the newest of its week
    assert date(2026, 10, 31) in days
    assert date(2025, 11, 30) in days  # thirteen months, this one included
    assert date(2025, 10, 31) not in days
    assert date(2021, 3, 31) in days  # fiscal years 2026 to 2020
    assert date(2020, 3, 31) not in days


def test_each_reason_is_named() -> None:
    reasons = kept_ids(series(1))[1]
    assert reasons == (LAST_GOOD, "day 2026-11-24", "week 2026-W48", "month 2026-11", "fiscal year 2026")


def test_backups_that_stopped_do_not_expire() -> None:
    copies = series(400)
    assert kept_ids(copies, NOW) == kept_ids(copies, NOW + timedelta(days=3000))


def test_a_copy_that_was_not_read_back_counts_for_nothing_and_is_kept() -> None:
    fresh, old = make_copy(1, read_back_at=None, read_back_ok=None), make_copy(2, START - timedelta(days=30))
    kept = kept_ids([fresh, old])
    assert kept[1] == (AWAITING,)
    assert LAST_GOOD in kept[2]


def test_a_read_back_of_tomorrow_does_not_count_today() -> None:
    copy = make_copy(1, read_back_at=NOW + timedelta(days=1))
    assert kept_ids([copy])[1] == (AWAITING, NOTHING_BETTER)


def test_a_failed_newer_copy_does_not_displace_the_last_good_one() -> None:
    bad = [make_copy(number, START - timedelta(hours=number), read_back_ok=False) for number in range(1, 9)]
    good = make_copy(99, START - timedelta(days=900))
    assert set(kept_ids([*bad, good])) == {99}


def test_a_machine_without_any_good_copy_keeps_its_newest() -> None:
    bad = [make_copy(number, START - timedelta(days=number), read_back_ok=False) for number in (1, 2)]
    assert kept_ids(bad) == {1: (NOTHING_BETTER,)}


def test_both_sides_are_counted_apart() -> None:
    copies = [make_copy(1), make_copy(2, START - timedelta(days=500), offsite=True)]
    assert LAST_GOOD in kept_ids(copies)[1]
    assert LAST_GOOD in kept_ids(copies)[2]


def test_a_copy_on_a_tape_that_cannot_be_read_is_not_good() -> None:
    copies = [make_copy(1, tapes=("KYT001L8", "KYT002L8")), make_copy(2, START - timedelta(days=40))]
    kept = kept_ids(copies, unreadable={"KYT002L8"})
    assert set(kept) == {2}
    assert standings(copies, {"KYT002L8"}, NOW)[1] == "tape-unreadable"


def test_what_a_kept_copy_refers_to_is_kept_as_well() -> None:
    base = make_copy(1, START - timedelta(days=100))
    middle = make_copy(2, START - timedelta(days=40, hours=2), needs=(1,))
    others = [make_copy(number, START - timedelta(days=number)) for number in range(3, 120)]
    newest = make_copy(200, START, needs=(2,))
    kept = kept_ids([base, middle, *others, newest])
    assert "needed by the copy of 2026-11-24" in kept[2]
    assert any(reason.startswith("needed by the copy of") for reason in kept[1])


def test_a_copy_that_refers_to_one_that_failed_is_not_good() -> None:
    base = make_copy(1, START - timedelta(days=1), read_back_ok=False)
    assert standings([base, make_copy(2, needs=(1,))], (), NOW)[2] == "needs-missing"


def test_a_reference_is_not_fulfilled_by_the_other_side() -> None:
    base = make_copy(1, START - timedelta(days=1), offsite=True)
    assert standings([base, make_copy(2, needs=(1,))], (), NOW)[2] == "needs-missing"


def test_a_class_without_a_rule_keeps_everything() -> None:
    copies = series(30, backup_class="unheard-of")
    assert all(NO_RULE in reasons for reasons in kept_ids(copies).values())
    assert len(kept_ids(copies)) == 30


def test_the_last_copy_of_a_deleted_machine_is_given_up_when_its_day_has_passed() -> None:
    gone, lives = make_copy(1), make_copy(2, machine="s05-ap-1")
    assert set(kept_ids([gone, lives], ended={"s05-db-1"})) == {2}
    # What waits for its read-back is kept all the same: nobody knows yet what it is.
    assert set(kept_ids([make_copy(1, read_back_at=None)], ended={"s05-db-1"})) == {1}


def test_a_tape_is_released_only_when_nothing_on_it_is_kept() -> None:
    copies = [
        make_copy(number, START - timedelta(days=number), tapes=(f"KYT{number:03}L8",)) for number in range(1, 60)
    ]
    tapes = [make_status(copy.tapes[0]) for copy in copies]
    kept = retained(copies, RULES, NOW)
    releases = {each.tape: each for each in releasable_tapes(tapes, copies, kept, NOW)}
    kept_tapes = {tape for each in kept for tape in each.copy.tapes}
    assert {tape for tape, each in releases.items() if not each.releasable} == kept_tapes
    assert releases["KYT001L8"].blocked_by[0].startswith("s05-db-1 of 2026-11-23: last good copy")


def test_a_tape_that_is_still_written_is_not_released() -> None:
    old, new = make_copy(1, START - timedelta(days=50), read_back_ok=False), make_copy(2, tapes=("KYT002L8",))
    kept = retained([old, new], RULES, NOW)
    (release,) = releasable_tapes([make_status(state="writable")], [old, new], kept, NOW)
    assert release.blocked_by == ("it is still written",)


@pytest.mark.parametrize("every_days", [1, 7])
def test_the_long_run_is_what_retention_keeps(every_days: int) -> None:
    last = START.replace(year=2027, month=3, day=30)
    copies = [make_copy(n + 1, last - timedelta(days=n * every_days)) for n in range(3700 // every_days)]
    assert kept_days(USUAL, every_days) == len(retained(copies, RULES, last + timedelta(days=1)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_last_good_copy_is_always_kept_and_more_copies_never_free_a_newer_one(
    drawn: list[tuple[int, bool, bool]],
) -> None:
    copies = [
        replace(make_copy(number, START - timedelta(hours=hours), offsite=offsite), read_back_ok=ok)
        for number, (hours, ok, offsite) in enumerate(drawn, 1)
    ]
    kept = kept_ids(copies)
    for side in (False, True):
        good = [copy for copy in copies if copy.read_back_ok and copy.offsite == side]
        if good:
            assert max(good, key=lambda copy: (copy.taken_at, copy.id)).id in kept
    assert kept


@pytest.mark.parametrize("held", ["s05-db-1", "s05"], ids=["the machine", "its system"])
def test_a_legal_hold_keeps_every_copy_whatever_lets_it_go(held: str) -> None:
    old = [
        make_copy(1, START - timedelta(days=4000)),
        make_copy(2, START - timedelta(days=4001), read_back_ok=False),
        make_copy(3, START - timedelta(days=4002), backup_class="no-such-class"),
    ]
    assert kept_ids(old, ended=["s05-db-1"]) == {}
    assert kept_ids(old, ended=["s05-db-1"], held=[held]) == {1: (HELD,), 2: (HELD,), 3: (HELD,)}
    kept = retained(old, RULES, NOW, ended=["s05-db-1"], held=[held])
    (release,) = releasable_tapes([make_status()], old, kept, NOW)
    assert not release.releasable
    assert all(HELD in reason for reason in release.blocked_by)


def test_a_legal_hold_keeps_nothing_of_others() -> None:
    copies = [make_copy(1, machine="s06-db-1", system="s06", read_back_ok=False)]
    assert kept_ids(copies, ended=["s06-db-1"], held=["s05", "s05-db-1"]) == {}


def test_a_legal_hold_is_named_first_and_keeps_what_its_copies_need() -> None:
    base = make_copy(1, START - timedelta(days=900), machine="s06-db-1", system="s06")
    held = make_copy(2, needs=(1,))
    kept = kept_ids([base, held], ended=["s06-db-1"], held=["s05"])
    assert kept[2][:2] == (HELD, LAST_GOOD)
    assert set(kept) == {1, 2}
