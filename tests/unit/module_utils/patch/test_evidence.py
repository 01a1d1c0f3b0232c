"""What a month of runs proves: one situation each."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.acceptance import Acceptance
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.evidence import (
    MachineEvidence,
    MonthEvidence,
    SystemEvidence,
    month_evidence,
    runs_of_month,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result, RunOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer, Schedule
from tests.support.patch_sample import (
    AFTER,
    BEFORE,
    START,
    make_acceptance,
    make_outcome,
    make_run,
    sample_estate,
    sample_runs,
)

MONTH, AS_OF = date(2026, 12, 1), date(2026, 12, 31)
ESTATE = sample_estate()
LATER = START + timedelta(days=1)


def evidence(
    *runs: RunOutcome,
    accepted: tuple[Acceptance, ...] = (),
    as_of: date = AS_OF,
    schedules: tuple[Schedule, ...] = (),
) -> MonthEvidence:
    return month_evidence(runs, ESTATE, accepted, month=MONTH, as_of=as_of, schedules=schedules)


def system(found: MonthEvidence, name: str) -> SystemEvidence:
    return next(each for owner in found.owners for each in owner.systems if each.system == name)


def machine(*runs: RunOutcome) -> MachineEvidence:
    return system(evidence(*runs), "s01").machines[0]


def again(outcome: MachineOutcome, number: int = 2, days: int = 1) -> RunOutcome:
    """A later run with one machine."""
    begin = START + timedelta(days=days)
    moved = outcome if outcome.started_at is None else dataclasses.replace(outcome, started_at=begin)
    return make_run(moved, run_id=f"run-{number}", started_at=begin)


# --- which runs, which attempt ------------------------------------------------------------------------------------


def test_a_run_belongs_to_the_month_in_which_it_began_by_the_clock_of_the_estate() -> None:
    edges = {
        "before": datetime(2026, 11, 30, 14, 59, tzinfo=UTC),
        "first": datetime(2026, 11, 30, 15, 0, tzinfo=UTC),
        "last": datetime(2026, 12, 31, 14, 59, tzinfo=UTC),
        "after": datetime(2026, 12, 31, 15, 0, tzinfo=UTC),
    }
    runs = [make_run(run_id=name, started_at=begin) for name, begin in reversed(edges.items())]
    assert [run.run_id for run in runs_of_month(runs, MONTH, "Asia/Tokyo")] == ["first", "last"]


def test_the_same_run_from_two_sources_counts_once() -> None:
    run = make_run(make_outcome())
    assert len(machine(run, run).attempts) == 1


def test_the_last_attempt_that_touched_a_machine_stands() -> None:
    failed = make_run(make_outcome(result=Result.FAILED, after=None, cves_after=None))
    found = machine(failed, again(make_outcome()))
    assert (found.net.result, found.run.run_id, len(found.attempts)) == (Result.PATCHED, "run-2", 2)


def test_a_later_run_that_skips_a_machine_takes_nothing_back() -> None:
    skipped = make_outcome(result=Result.SKIPPED, started_at=None, before=None, after=None)
    assert machine(make_run(make_outcome()), again(skipped)).net.result is Result.PATCHED


def test_a_machine_that_was_lost_after_it_was_patched_is_lost() -> None:
    lost = make_outcome(result=Result.UNREACHABLE, before=None, after=None, cves_before=None, cves_after=None)
    found = machine(make_run(make_outcome()), again(lost))
    assert found.net.result is Result.UNREACHABLE
    assert found.net.after == AFTER  # what was seen last


def test_a_run_that_went_on_from_a_dead_one_repeats_no_attempt() -> None:
    outcome = make_outcome()
    dead = make_run(outcome, finished_at=None)
    resumed = make_run(outcome, run_id="run-2", started_at=LATER, resumed_from=(dead.run_id,))
    found = machine(dead, resumed)
    assert [attempt.run.run_id for attempt in found.attempts] == ["run-2"]


def test_before_is_what_was_seen_first_and_after_what_was_seen_last() -> None:
    between = dataclasses.replace(BEFORE, packages={**BEFORE.packages, "sudo": "1.9.13-2"})
    found = machine(
        make_run(make_outcome(after=between, cves_after=("CVE-2026-0002", "CVE-2026-0003"))),
        again(make_outcome(before=between, after=AFTER, cves_before=("CVE-2026-0002", "CVE-2026-0003"))),
    )
    assert [(each.package, each.before, each.after) for each in found.net.changes] == [
        ("openssl", "3.0.20-1", "3.0.22-1"),
        ("sudo", "1.9.13-1", "1.9.13-2"),
    ]
    assert found.net.cves_closed == ("CVE-2026-0001", "CVE-2026-0002")


def test_services_that_do_not_run_any_more_are_found_and_so_are_new_ones() -> None:
    after = dataclasses.replace(AFTER, services=("cron", "ssh", "rsyslog"))
    found = machine(make_run(make_outcome(after=after)))
    assert (found.stopped_services, found.started_services) == (("postgresql",), ("rsyslog",))
    assert machine(make_run(make_outcome(after=None))).stopped_services == ()


# --- vulnerabilities ----------------------------------------------------------------------------------------------


def test_a_vulnerability_is_closed_for_a_system_when_no_machine_has_it_any_more() -> None:
    half = make_outcome("s01-ap-1", after=None, cves_after=None, result=Result.FAILED)
    found = system(evidence(make_run(make_outcome(), half)), "s01")
    assert found.closed == ()
    assert [(each.cve, each.machines) for each in found.open] == [
        ("CVE-2026-0001", ("name-s01-ap-1",)),
        ("CVE-2026-0002", ("name-s01-ap-1",)),
        ("CVE-2026-0003", ("name-s01-ap-1", "name-s01-db-1")),
    ]
    whole = system(evidence(make_run(make_outcome(), make_outcome("s01-ap-1"))), "s01")
    assert [each.cve for each in whole.closed] == ["CVE-2026-0001", "CVE-2026-0002"]
    assert [each.cve for each in whole.open] == ["CVE-2026-0003"]


@pytest.mark.parametrize(
    ("accepted", "state"),
    [
        ((), "not-accepted"),
        ((make_acceptance(),), "accepted"),
        ((make_acceptance(until=AS_OF),), "accepted"),
        ((make_acceptance(until=AS_OF - timedelta(days=1)),), "expired"),
        ((make_acceptance(system="s02"),), "not-accepted"),
    ],
)
def test_an_open_vulnerability_says_who_bears_it_and_until_when(accepted: tuple[Acceptance, ...], state: str) -> None:
    (found,) = system(evidence(make_run(make_outcome()), accepted=accepted), "s01").open
    assert found.state == state
    assert (found.acceptance is None) == (state == "not-accepted")


def test_a_machine_that_nobody_compared_is_unknown_and_not_clean() -> None:
    found = machine(make_run(make_outcome(cves_before=None, cves_after=None)))
    assert not found.is_known
    assert machine(make_run(make_outcome(cves_before=(), cves_after=()))).is_known


# --- owners, and who was in no run --------------------------------------------------------------------------------


def test_each_owner_sees_its_own_systems_and_runs_only() -> None:
    found = evidence(*sample_runs())
    assert [(each.owner, [one.system for one in each.systems]) for each in found.owners] == [
        ("org-1", ["s01"]),
        ("org-2", ["s02", "s03"]),
    ]
    assert [len(each.runs) for each in found.owners] == [2, 1]
    assert found.owners[0].counts() == {Result.DECISION_NEEDED: 1, Result.PATCHED: 1}
    assert found.owners[1].counts() == {Result.UNREACHABLE: 1}


def test_a_system_that_the_estate_does_not_know_any_more_stays_with_the_owner_of_its_run() -> None:
    found = evidence(make_run(make_outcome("s99-ap-1", owner="org-2")))
    assert [one.system for one in found.owners[1].systems] == ["s02", "s03", "s99"]


def schedule(*answered: str) -> Schedule:
    yes = Answer(applies=True, by="担当", answered_on=date(2026, 12, 10))
    return plan_round(ESTATE, as_of=date(2026, 12, 9), answers=dict.fromkeys(answered, yes))


def test_a_machine_in_no_run_says_why_and_when_it_comes() -> None:
    (found,) = system(evidence(schedules=(schedule("s01", "s03"),)), "s03").not_run
    assert found.reason.ja == "電源断の定義であるため、作業時間帯に先に起動する"
    assert found.when is not None
    assert not found.overdue
    assert "has not answered" in system(evidence(schedules=(schedule(),)), "s01").not_run[0].reason.en


def test_a_machine_whose_time_has_passed_without_a_run_needs_somebody() -> None:
    plan = (schedule("s01"),)
    (found, _) = system(evidence(schedules=plan), "s01").not_run
    assert (found.reason.en, found.overdue) == ("its time has passed and no run has begun with it", True)
    assert found.when == datetime(2026, 12, 12, 21, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    (found, _) = system(evidence(schedules=plan, as_of=date(2026, 12, 12)), "s01").not_run
    assert (found.reason.en, found.overdue) == ("has a time", False)


def test_a_machine_that_no_plan_and_no_run_has_needs_somebody() -> None:
    (found,) = system(evidence(), "s02").not_run
    assert (found.reason.en, found.overdue, found.when) == ("neither in a plan nor in a run", True, None)


def test_who_was_in_a_run_is_not_told_to_be_missing() -> None:
    found = system(evidence(make_run(make_outcome())), "s01")
    assert [each.key for each in found.not_run] == ["s01-ap-1"]


def test_a_machine_that_runs_have_only_skipped_is_overdue_once_its_time_has_passed() -> None:
    later = make_outcome(result=Result.SKIPPED, started_at=None, before=None, after=None, cves_before=None)
    plan = (schedule("s01"),)
    found = system(evidence(make_run(later), schedules=plan), "s01")
    assert {each.key: each.overdue for each in found.not_run} == {"s01-db-1": True, "s01-ap-1": True}
    assert [each.net.key for each in found.machines] == ["s01-db-1"]  # its runs and their reasons are told all the same
    found = system(evidence(make_run(later), schedules=plan, as_of=date(2026, 12, 12)), "s01")
    assert not any(each.overdue for each in found.not_run)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, False),
        ({"cves_before": None, "cves_after": None}, True),
        ({"kept_back": ("openssl",)}, True),
        ({"result": Result.FAILED}, True),
        ({"result": Result.SKIPPED, "cves_before": None, "cves_after": None}, False),
        ({"result": Result.SKIPPED, "blocked": True}, True),
    ],
)
def test_a_person_is_needed_where_nothing_is_known_or_something_is_left(changes: dict[str, Any], needed: bool) -> None:
    assert machine(make_run(make_outcome(**changes))).needs_a_person is needed
