"""A courier day: which tapes go and come back, which wait and why; when the courier comes."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.courier import (
    NoCourierDay,
    arrival_of_recall,
    courier_interval,
    next_courier_day,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.facts import candidates
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import (
    Candidate,
    VaultPlan,
    plan_vault,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import Vault
from tests.support.tapes import CASES, OFFSITE, ONSITE, make_copy, make_pool, make_status

DAY = date(2026, 12, 1)
POOLS = (
    make_pool(OFFSITE),
    make_pool(ONSITE, offsite=False),
    make_pool("mynumber-c3-offsite", segment="mynumber", at_end="destroy"),
)


def vault(**fields: object) -> Vault:
    usual: dict[str, object] = {
        "site": "remote-store",
        "courier": "業者",
        "recurrence": "FREQ=WEEKLY;BYDAY=TU",
        "recall_working_days": 2,
        "holidays": ("12-29", "12-30", "12-31", "01-01", "01-02", "01-03", "2027-05-04"),
        "basis": "assumed",
    }
    return Vault(**{**usual, **fields})  # type: ignore[arg-type]


def plan(*given: Candidate, ports: int = 4) -> VaultPlan:
    return plan_vault(DAY, given, POOLS, CASES, ports)


def reasons(result: VaultPlan) -> dict[str, str]:
    return {waiting.tape: waiting.reason.en for waiting in result.waiting}


def test_a_full_tape_of_an_offsite_pool_goes() -> None:
    (move,) = plan(Candidate(make_status(), copies=3)).outgoing
    assert (move.tape, move.position, move.case, move.port, move.load) == ("KYT001L8", "1", "CASE-LG-01", 1, 1)


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate(make_status(pool=ONSITE), copies=3),
        Candidate(make_status(), copies=0),
        Candidate(make_status(state="expired"), copies=3),
        Candidate(make_status(place="courier"), copies=3),
        Candidate(make_status(place="vault"), copies=3),
    ],
    ids=["on-site pool", "nothing on it", "retention over", "on its way", "there already"],
)
def test_a_tape_that_has_no_business_on_the_road_stays(candidate: Candidate) -> None:
    result = plan(candidate)
    assert (result.outgoing, result.incoming, result.waiting) == ((), (), ())


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (Candidate(make_status(state="writable"), copies=1), "still written"),
        (Candidate(make_status(place="drive"), copies=1), "still written"),
        (Candidate(make_status(), copies=2, unread=1), "1 copies are not proven by a read-back"),
        (Candidate(make_status(), copies=1, unencrypted=True), "not encrypted"),
        (Candidate(make_status(), copies=1, keys_without_escrow=("lgwan-g1",)), "lgwan-g1 has no proven escrow"),
        (Candidate(make_status(state="damaged"), copies=1), "damaged"),
        (Candidate(make_status(pool="mynumber-c3-offsite"), copies=1), ""),
    ],
)
def test_what_may_not_go_waits_with_its_reason(candidate: Candidate, reason: str) -> None:
    result = plan(candidate)
    if reason:
        assert reason in reasons(result)["KYT001L8"]
        assert result.outgoing == ()
    else:
        assert result.outgoing[0].case == "CASE-MN-01"


def test_tapes_of_two_segments_never_share_a_case() -> None:
    given = [
        Candidate(make_status(f"KYT00{n}L8", pool=pool), copies=1)
        for n, pool in enumerate((OFFSITE, "mynumber-c3-offsite", OFFSITE))
    ]
    assert [(move.case, move.segment) for move in plan(*given).outgoing] == [
        ("CASE-LG-01", "lgwan"),
        ("CASE-LG-01", "lgwan"),
        ("CASE-MN-01", "mynumber"),
    ]


def test_what_does_not_fit_into_the_cases_waits_for_the_next_day() -> None:
    given = [Candidate(make_status(f"KYT00{n}L8"), copies=1) for n in range(3)]
    result = plan(*given)
    assert len(result.outgoing) == 2
    assert reasons(result) == {"KYT002L8": "no room in the cases: next courier day"}


def test_more_tapes_than_exit_ports_go_in_several_loads() -> None:
    given = [Candidate(make_status(f"KYT00{n}L8", pool="mynumber-c3-offsite"), copies=1) for n in range(5)]
    assert [(move.port, move.load) for move in plan(*given, ports=2).outgoing] == [
        (1, 1),
        (2, 1),
        (1, 2),
        (2, 2),
        (1, 3),
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"recalled_for": "復元"}, "recalled: 復元"),
        ({"state": "expired"}, "retention is over"),
        ({"state": "damaged"}, "damaged or retired"),
    ],
)
def test_what_is_recalled_or_over_comes_back(fields: dict[str, object], reason: str) -> None:
    result = plan(Candidate(make_status(place="vault", case="CASE-LG-01", **fields), copies=1))
    assert [(move.tape, move.reason.en) for move in result.incoming] == [("KYT001L8", reason)]


def test_candidates_know_what_is_on_each_tape() -> None:
    copies = [make_copy(1, read_back_at=None), make_copy(2, key_id=None), make_copy(3, tapes=("KYT009L8",))]
    tapes = [make_status(), make_status("KYT008L8", place="gone")]
    (found,) = candidates(tapes, copies, {})
    assert (found.copies, found.unread, found.keys_without_escrow, found.unencrypted) == (2, 1, ("lgwan-g1",), True)
    assert candidates(tapes, copies, {"lgwan-g1": []})[0].keys_without_escrow == ()


@pytest.mark.parametrize(
    ("asked", "day"),
    [
        ("2026-11-25", "2026-12-01"),
        ("2026-12-01", "2026-12-01"),
        ("2026-12-23", "2027-01-04"),  # the 29th is closed until the 3rd, and the 4th is open
        ("2027-01-04", "2027-01-04"),
        ("2027-05-04", "2027-05-05"),
    ],
)
def test_the_courier_comes_on_the_next_open_day(asked: str, day: str) -> None:
    assert next_courier_day(vault(), date.fromisoformat(asked)).isoformat() == day


@pytest.mark.parametrize(
    ("day", "days"),
    [
        ("2026-11-25", 7),
        ("2026-12-01", 7),  # on the day itself what came a week ago still counts
        ("2027-01-02", 13),  # the courier of the 29th comes on the 4th
        ("2027-01-04", 13),
        ("2027-01-05", 1),
        ("2027-01-06", 7),
    ],
)
def test_the_time_between_two_courier_days_counts_holidays(day: str, days: int) -> None:
    assert courier_interval(vault(), date.fromisoformat(day)).days == days


def test_every_second_week_does_not_depend_on_when_it_is_asked() -> None:
    every_second = vault(recurrence="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU")
    days = {next_courier_day(every_second, date(2026, 12, day)) for day in range(1, 29)}
    assert len(days) == 3
    assert {(later - earlier).days for earlier, later in zip(sorted(days), sorted(days)[1:], strict=False)} == {14}


def test_a_calendar_without_days_is_said() -> None:
    with pytest.raises(NoCourierDay, match="correct recurrence"):
        next_courier_day(vault(recurrence="FREQ=YEARLY;UNTIL=20200101T000000"), DAY)
    with pytest.raises(NoCourierDay, match="correct recurrence"):
        courier_interval(vault(recurrence="FREQ=YEARLY;UNTIL=20200101T000000"), DAY)


def test_a_recalled_tape_arrives_after_working_days() -> None:
    assert arrival_of_recall(vault(), date(2026, 12, 28)) == date(2027, 1, 5)
