"""Why a machine is not patched now: one situation each."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.gates import Seen, due, not_proven, stopped
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer, Schedule
from tests.support.builders import make_estate, make_freeze, make_machine, make_system

UPDATE_DAY = date(2026, 11, 11)
KEY = "s01-db-1"
ESTATE = make_estate(make_system("s01", make_machine(KEY, name="s01-db01")))
YES = {"s01": Answer(applies=True, by="a", answered_on=UPDATE_DAY)}
MINUTES = ESTATE.platform.patch_cycle.machine_minutes


def schedule(estate: Any = ESTATE, answers: dict[str, Answer] | None = None) -> Schedule:
    return plan_round(estate, as_of=UPDATE_DAY, answers=YES if answers is None else answers)


START = schedule().placed[0].start


def codes(found: Schedule, now: datetime, *, emergency: bool = False) -> tuple[dict[str, str], set[str]]:
    refused, going = due(found, now, MINUTES, emergency=emergency)
    return {key: reason.code for key, reason in refused.items()}, going


def test_in_its_window_it_goes() -> None:
    assert codes(schedule(), START) == ({}, {KEY})


def test_before_its_window_it_waits_and_the_time_is_named() -> None:
    refused, _ = due(schedule(), START - timedelta(hours=1), MINUTES, emergency=False)
    assert refused[KEY].code == "later"
    assert refused[KEY].text.en == f"planned for {START:%m-%d %H:%M}"


def test_when_the_window_has_no_time_left_it_waits() -> None:
    late = schedule().placed[0].closes - timedelta(minutes=MINUTES - 1)
    assert codes(schedule(), late) == ({KEY: "window-ends"}, set())


def test_an_emergency_overrides_the_window_but_not_the_owner() -> None:
    early = START - timedelta(days=1)
    assert codes(schedule(), early, emergency=True) == ({}, {KEY})
    assert codes(schedule(answers={}), early, emergency=True) == ({KEY: "not-answered"}, set())


def test_an_emergency_overrides_a_freeze() -> None:
    freeze = make_freeze(id="all", start="11-01", end="12-31", everybody=True)
    frozen = schedule(make_estate(make_system("s01", make_machine(KEY)), freezes=(freeze,)))
    assert codes(frozen, START)[0] == {KEY: "frozen"}
    assert codes(frozen, START, emergency=True) == ({}, {KEY})


def test_a_machine_that_is_described_as_off_never_goes() -> None:
    off = schedule(make_estate(make_system("s01", make_machine(KEY, power="off"))))
    assert codes(off, START, emergency=True)[0] == {KEY: "switched-off"}


def stop(**fields: Any) -> str | None:
    seen = Seen(**{"present": {KEY: True}, **fields})
    reason = stopped(ESTATE, [KEY], seen, START).get(KEY)
    return reason.code if reason else None


def test_nothing_stops_a_machine_that_is_there() -> None:
    assert stop() is None


def test_a_machine_that_vcenter_does_not_have_or_has_off() -> None:
    assert stop(present={}) == "not-there"
    assert stop(present={KEY: False}) == "off"


def test_an_overdue_snapshot_blocks_its_system() -> None:
    assert stop(overdue={"s01": "x"}) == "overdue-snapshot"
    assert stop(overdue={"s02": "x"}) is None


def test_a_copy_on_tape_must_not_be_older_than_the_recovery_point() -> None:
    hours = ESTATE.systems[0].recovery.rpo_hours
    assert stop(copied_at={}) == "no-backup"
    assert stop(copied_at={KEY: START - timedelta(hours=hours)}) is None
    assert stop(copied_at={KEY: START - timedelta(hours=hours, minutes=1)}) == "no-backup"


def test_snapshots_need_room_on_each_datastore_and_share_it() -> None:
    disks = {KEY: (("ds1", 100.0),), "s01-db-2": (("ds1", 100.0),)}
    growth = ESTATE.platform.patch_cycle.snapshot_growth_percent
    assert stop(datastores=disks, free_gb={"ds1": growth}) is None
    assert stop(datastores=disks, free_gb={"ds1": growth - 0.1}) == "snapshot-space"
    two = make_estate(make_system("s01", make_machine(KEY), make_machine("s01-db-2")))
    seen = Seen(present={KEY: True, "s01-db-2": True}, datastores=disks, free_gb={"ds1": growth * 1.5})
    assert list(stopped(two, [KEY, "s01-db-2"], seen, START)) == ["s01-db-2"]


def test_a_segment_without_the_digest_of_its_manifest_is_not_proven_unless_it_is_windows() -> None:
    segment = ESTATE.systems[0].segment
    assert not_proven(ESTATE, {KEY}, {}) == [segment]
    assert not_proven(ESTATE, {KEY}, {segment: "a" * 64}) == []
    assert not_proven(ESTATE, set(), {}) == []
    images = tuple(dataclasses.replace(each, os_family="windows") for each in ESTATE.platform.images)
    windows = dataclasses.replace(ESTATE, platform=dataclasses.replace(ESTATE.platform, images=images))
    assert not_proven(windows, {KEY}, {}) == []
