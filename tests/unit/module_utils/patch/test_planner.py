"""When machines are patched, and why not: one situation each."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import USUAL_PATCH_CYCLE, Wave
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Backup,
    Dependency,
    Disk,
    Machine,
    Patching,
    Peak,
    ServiceHours,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer, Placed, Schedule, Unplaced
from tests.support.builders import make_estate, make_freeze, make_machine, make_platform, make_system, make_window

TOKYO = ZoneInfo("Asia/Tokyo")
# A Wednesday, and the second of its month: the round starts.
UPDATE_DAY = date(2026, 11, 11)
TEXT = Text(ja="理由", en="reason")
YES = Answer(applies=True, by="担当", answered_on=date(2026, 11, 12))


def cycle(**changes: Any) -> dict[str, Any]:
    return {"patch_cycle": dataclasses.replace(USUAL_PATCH_CYCLE, **changes)}


def db(key: str = "s01-db-1", **fields: Any) -> Machine:
    return make_machine(key, **{"role": "db", **fields})


def ap(key: str = "s01-ap-1", **fields: Any) -> Machine:
    return make_machine(key, **{"role": "ap", **fields})


def found(schedule: Schedule, key: str) -> Placed:
    return next(each for each in schedule.placed if each.key == key)


def missing(schedule: Schedule, key: str) -> Unplaced:
    return next(each for each in schedule.unplaced if each.key == key)


def codes(schedule: Schedule, key: str) -> list[str]:
    return [reason.code for reason in missing(schedule, key).reasons]


def test_a_machine_takes_the_first_turn_of_its_window_after_the_update_day() -> None:
    schedule = plan_round(make_estate(make_system("s01", db())), as_of=UPDATE_DAY)
    placed = found(schedule, "s01-db-1")
    assert (placed.start, placed.end) == (
        datetime(2026, 11, 14, 21, 0, tzinfo=TOKYO),  # the first Saturday
        datetime(2026, 11, 14, 21, 20, tzinfo=TOKYO),
    )
    assert not placed.answered


def test_a_round_is_the_same_on_each_of_its_days() -> None:
    estate = make_estate(make_system("s01", db(), ap()))
    assert plan_round(estate, as_of=UPDATE_DAY) == plan_round(estate, as_of=UPDATE_DAY + timedelta(days=20))


def test_the_next_wave_comes_in_its_week() -> None:
    later = make_system("s02", db("s02-db-1"), patch=Patching(wave="wave-1", window="saturday-night"))
    schedule = plan_round(make_estate(make_system("s01", db()), later), as_of=UPDATE_DAY)
    assert found(schedule, "s02-db-1").start.date() == date(2026, 11, 21)


def test_a_wave_waits_until_a_late_one_has_run_for_some_days() -> None:
    freeze = make_freeze(id="everybody", start="11-11", end="11-20", everybody=True)
    later = make_system("s02", db("s02-db-1"), patch=Patching(wave="wave-1", window="daily"))
    first = make_system("s01", db(), patch=Patching(wave="canary", window="daily"))
    windows = (make_window(id="daily", recurrence="FREQ=DAILY", start="22:00", hours=2),)
    schedule = plan_round(make_estate(first, later, freezes=(freeze,), windows=windows), as_of=UPDATE_DAY)
    assert found(schedule, "s01-db-1").start.date() == date(2026, 11, 21)
    assert found(schedule, "s02-db-1").start.date() == date(2026, 11, 24)


def test_of_a_system_the_database_goes_first_then_the_application_then_the_web() -> None:
    web = make_machine("s01-web-1", role="web")
    schedule = plan_round(make_estate(make_system("s01", web, ap(), db())), as_of=UPDATE_DAY)
    first, second, third = (found(schedule, f"s01-{role}-1") for role in ("db", "ap", "web"))
    assert (second.start, third.start) == (first.end, second.end)


def test_a_system_that_states_its_own_order_of_roles_is_patched_in_it() -> None:
    machines = (db(), ap(), make_machine("s01-web-1", role="web"))
    system = make_system("s01", *machines, role_order=("web", "db", "ap"))
    schedule = plan_round(make_estate(system), as_of=UPDATE_DAY)
    first, second, third = (found(schedule, f"s01-{role}-1") for role in ("web", "db", "ap"))
    assert (second.start, third.start) == (first.end, second.end)


def test_a_pair_is_never_patched_at_the_same_time() -> None:
    pair = (db(pair="db"), db("s01-db-2", pair="db"))
    waves = (Wave(id="canary", order=0, name=TEXT, basis="", pairs_in_turn=True),)
    schedule = plan_round(make_estate(make_system("s01", *pair), waves=waves), as_of=UPDATE_DAY)
    one, other = found(schedule, "s01-db-1"), found(schedule, "s01-db-2")
    assert other.start == one.end


def test_without_turns_for_pairs_the_second_waits_for_another_opening() -> None:
    pair = (db(pair="db"), db("s01-db-2", pair="db"))
    schedule = plan_round(make_estate(make_system("s01", *pair)), as_of=UPDATE_DAY)
    one, other = found(schedule, "s01-db-1"), found(schedule, "s01-db-2")
    assert other.opens == one.opens + timedelta(days=7)


def test_a_frozen_machine_says_until_when_and_what_comes_next() -> None:
    freeze = make_freeze(id="payment", start="11-01", end="12-31", name=Text(ja="支払", en="Payment"))
    system = make_system("s01", db(), patch=Patching(wave="canary", window="saturday-night", freezes=("payment",)))
    each = missing(plan_round(make_estate(system, freezes=(freeze,)), as_of=UPDATE_DAY), "s01-db-1")
    assert [reason.text.en for reason in each.reasons] == ["frozen (Payment) until 12-31"]
    assert each.next_slot == datetime(2027, 1, 2, 21, 0, tzinfo=TOKYO)


def test_a_freeze_that_ends_in_the_round_only_delays() -> None:
    freeze = make_freeze(id="payment", start="11-01", end="11-20")
    system = make_system("s01", db(), patch=Patching(wave="canary", window="saturday-night", freezes=("payment",)))
    schedule = plan_round(make_estate(system, freezes=(freeze,)), as_of=UPDATE_DAY)
    assert found(schedule, "s01-db-1").start.date() == date(2026, 11, 21)


def busy_in(*months: int) -> dict[str, Any]:
    peak = Peak(name=Text(ja="年末調整", en="Year-end"), months=months)
    return {"service": ServiceHours(days="daily", start="08:00", end="20:00", peaks=(peak,))}


def test_a_busy_season_is_left_alone_where_the_round_has_another_month() -> None:
    # The first Saturday of December; until then all are busy.
    schedule = plan_round(make_estate(make_system("s01", db(), ap(), **busy_in(11))), as_of=UPDATE_DAY)
    assert found(schedule, "s01-db-1").start.date() == date(2026, 12, 5)
    assert found(schedule, "s01-ap-1").start == found(schedule, "s01-db-1").end
    assert found(schedule, "s01-db-1").busy is None


def test_a_busy_season_that_fills_the_round_is_named_and_stops_nobody() -> None:
    schedule = plan_round(make_estate(make_system("s01", db(), **busy_in(11, 12))), as_of=UPDATE_DAY)
    placed = found(schedule, "s01-db-1")
    assert placed.start.date() == date(2026, 11, 14)
    assert placed.busy is not None
    assert placed.busy.ja == "年末調整"


def test_a_window_that_passes_midnight_does_not_end_in_a_freeze() -> None:
    # Saturday 21:00 for 8 hours; the freeze begins on Sunday: the turns after midnight are not offered.
    freeze = make_freeze(id="payment", start="11-15", end="12-31")
    system = make_system(
        "s01",
        *(db(f"s01-db-{number}", flavour=None, cpu=1, memory_gb=1) for number in range(10, 40)),
        patch=Patching(wave="canary", window="saturday-night", freezes=("payment",)),
    )
    schedule = plan_round(make_estate(system, freezes=(freeze,), **cycle(machines_at_once=1)), as_of=UPDATE_DAY)
    assert max(each.end for each in schedule.placed) == datetime(2026, 11, 15, 0, 0, tzinfo=TOKYO)
    assert len(schedule.placed) == 9
    assert set(codes(schedule, "s01-db-39")) == {"frozen", "window-full"}


def test_a_cluster_takes_only_so_many_machines_at_once() -> None:
    machines = [db(f"s01-db-{number}") for number in range(1, 4)]
    schedule = plan_round(make_estate(make_system("s01", *machines), **cycle(machines_at_once=2)), as_of=UPDATE_DAY)
    starts = [each.start for each in schedule.placed]
    assert starts == [starts[0], starts[0], starts[0] + timedelta(minutes=20)]


def test_machines_are_counted_together_where_windows_overlap_by_a_part_of_a_turn() -> None:
    windows = (
        make_window(id="one", recurrence="FREQ=WEEKLY;BYDAY=SA", start="21:00", hours=0.5),
        make_window(id="other", recurrence="FREQ=WEEKLY;BYDAY=SA", start="21:10", hours=1),
    )
    estate = make_estate(
        make_system("s01", db(), patch=Patching(wave="canary", window="one")),
        make_system("s02", db("s02-db-1"), patch=Patching(wave="canary", window="other")),
        windows=windows,
        **cycle(machines_at_once=1),
    )
    schedule = plan_round(estate, as_of=UPDATE_DAY)
    assert found(schedule, "s02-db-1").start == found(schedule, "s01-db-1").start + timedelta(minutes=30)


def test_a_backup_that_always_runs_then_is_the_reason() -> None:
    backup_class = dataclasses.replace(make_platform().backup_classes[0], window="night")
    windows = (
        make_window(id="saturday-night", recurrence="FREQ=WEEKLY;BYDAY=SA", start="21:00", hours=2),
        make_window(id="night", recurrence="FREQ=DAILY", start="20:00", hours=4),
    )
    estate = make_estate(make_system("s01", db()), windows=windows, backup_classes=(backup_class,))
    assert codes(plan_round(estate, as_of=UPDATE_DAY), "s01-db-1") == ["backup-runs"]
    without = make_system("s01", db(backup=Backup(backup_class="none", offsite=False)))
    free = make_estate(without, windows=windows, backup_classes=(backup_class, _no_backup()))
    assert found(plan_round(free, as_of=UPDATE_DAY), "s01-db-1")


def _no_backup() -> Any:
    return dataclasses.replace(make_platform().backup_classes[0], id="none", window=None)


def test_snapshots_wait_until_the_reserve_has_room_again() -> None:
    # Reserve: two datastores of 1,000 GiB, 10 percent: 200 GiB. Each snapshot may grow to 150 GiB and is kept 7 days.
    big = (Disk(name="system", size_gb=1500, tier="fast", mount="/"),)
    estate = make_estate(
        make_system("s01", db(disks=big), db("s01-db-2", disks=big)),
        **cycle(snapshot_growth_percent=10, snapshot_days=7),
    )
    schedule = plan_round(estate, as_of=UPDATE_DAY)
    days = [each.start.date() for each in schedule.placed]
    assert days == [date(2026, 11, 14), date(2026, 11, 22)]  # until the end of 21 November the first one exists


def test_a_snapshot_larger_than_the_reserve_is_explained_with_both_numbers() -> None:
    big = (Disk(name="system", size_gb=2100, tier="fast", mount="/"),)
    estate = make_estate(make_system("s01", db(disks=big)), **cycle(snapshot_growth_percent=10))
    (reason,) = missing(plan_round(estate, as_of=UPDATE_DAY), "s01-db-1").reasons
    assert reason.text.en == "snapshots need 210 GiB on tier fast and 200 GiB of the reserve are left"


def test_what_a_system_stands_on_goes_first_in_the_same_opening() -> None:
    needs = make_system("s01", db(), depends_on=(Dependency(system="s02", reason=TEXT),))
    schedule = plan_round(make_estate(needs, make_system("s02", db("s02-db-1"))), as_of=UPDATE_DAY)
    assert found(schedule, "s01-db-1").start == found(schedule, "s02-db-1").end


def test_systems_that_need_each_other_are_planned_all_the_same() -> None:
    one = make_system("s01", db(), depends_on=(Dependency(system="s02", reason=TEXT),))
    other = make_system("s02", db("s02-db-1"), depends_on=(Dependency(system="s01", reason=TEXT),))
    assert len(plan_round(make_estate(one, other), as_of=UPDATE_DAY).placed) == 2


def test_a_cluster_that_does_not_carry_the_loss_of_a_host_is_left_alone() -> None:
    full = db(flavour=None, cpu=2, memory_gb=300)  # of one host of 256 GiB left
    assert codes(plan_round(make_estate(make_system("s01", full)), as_of=UPDATE_DAY), "s01-db-1") == ["no-failover"]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "not-answered"),
        ({"s01": dataclasses.replace(YES, applies=False, reason="検証中")}, "declined"),
        ({"s01": dataclasses.replace(YES, exclude=("s01-db-1",))}, "left-out"),
    ],
)
def test_without_the_owners_yes_nothing_is_patched(answers: dict[str, Answer], code: str) -> None:
    schedule = plan_round(make_estate(make_system("s01", db())), as_of=UPDATE_DAY, answers=answers)
    assert codes(schedule, "s01-db-1") == [code]


def test_with_the_owners_yes_the_rest_of_the_system_is_patched() -> None:
    answers = {"s01": dataclasses.replace(YES, exclude=("s01-db-1",))}
    schedule = plan_round(make_estate(make_system("s01", db(), ap())), as_of=UPDATE_DAY, answers=answers)
    assert [(each.key, each.answered) for each in schedule.placed] == [("s01-ap-1", True)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"power": "off"}, "switched-off"), ({"status": "planned"}, "not-in-service")],
)
def test_a_machine_that_does_not_run_is_explained(fields: dict[str, str], code: str) -> None:
    schedule = plan_round(make_estate(make_system("s01", db(**fields))), as_of=UPDATE_DAY)
    assert codes(schedule, "s01-db-1") == [code]


def test_a_retired_machine_is_not_spoken_of() -> None:
    schedule = plan_round(make_estate(make_system("s01", db(status="retired"))), as_of=UPDATE_DAY)
    assert (schedule.placed, schedule.unplaced) == ((), ())


def test_a_window_that_does_not_open_in_the_rest_of_the_round_is_named() -> None:
    windows = (make_window(id="saturday-night", recurrence="FREQ=YEARLY;BYMONTH=3;BYDAY=1SA", start="21:00", hours=4),)
    each = missing(plan_round(make_estate(make_system("s01", db()), windows=windows), as_of=UPDATE_DAY), "s01-db-1")
    assert [reason.code for reason in each.reasons] == ["no-slot"]
    assert each.next_slot == datetime(2027, 3, 6, 21, 0, tzinfo=TOKYO)


def test_a_window_shorter_than_one_machine_is_named() -> None:
    windows = (make_window(id="saturday-night", recurrence="FREQ=WEEKLY;BYDAY=SA", start="21:00", hours=0.25),)
    schedule = plan_round(make_estate(make_system("s01", db()), windows=windows), as_of=UPDATE_DAY)
    assert codes(schedule, "s01-db-1") == ["too-short"]


def test_the_rest_of_a_round_leaves_out_what_is_done_and_what_is_past() -> None:
    estate = make_estate(make_system("s01", db(), ap()))
    rest = plan_round(
        estate,
        as_of=UPDATE_DAY,
        after=datetime(2026, 11, 14, 22, 10, tzinfo=TOKYO),
        done=frozenset({"s01-db-1"}),
    )
    assert [(each.key, each.start) for each in rest.placed] == [
        ("s01-ap-1", datetime(2026, 11, 14, 22, 20, tzinfo=TOKYO))
    ]


def test_a_change_of_one_system_moves_nobody_in_other_places() -> None:
    quiet = make_system("s02", db("s02-db-1"), patch=Patching(wave="canary", window="sunday-day"))
    before = plan_round(make_estate(make_system("s01", db(), ap()), quiet), as_of=UPDATE_DAY)
    after = plan_round(make_estate(make_system("s01", db()), quiet), as_of=UPDATE_DAY)
    assert found(before, "s02-db-1") == found(after, "s02-db-1")
    assert found(before, "s01-db-1") == found(after, "s01-db-1")


def test_an_update_day_that_never_comes_is_refused_with_its_rule() -> None:
    estate = make_estate(make_system("s01", db()), **cycle(update_day="FREQ=YEARLY;COUNT=1"))
    with pytest.raises(ValueError, match="FREQ=YEARLY;COUNT=1"):
        plan_round(estate, as_of=UPDATE_DAY)
