"""What holds of every schedule of every estate: random estates, checked by a reading of their own."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, patching_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import USUAL_PATCH_CYCLE, Freeze, Wave
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Disk,
    Machine,
    Patching,
    Peak,
    ServiceHours,
    System,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer, Placed
from tests.support.builders import make_estate, make_freeze, make_machine, make_platform, make_system, make_window

TOKYO = ZoneInfo("Asia/Tokyo")
TEXT = Text(ja="例", en="example")
WINDOWS = (
    make_window(id="nights", recurrence="FREQ=WEEKLY;BYDAY=WE,TH,FR", start="00:30", hours=2),
    make_window(id="saturday", recurrence="FREQ=WEEKLY;BYDAY=SA", start="22:40", hours=3),
    make_window(id="third-saturday", recurrence="FREQ=MONTHLY;BYDAY=3SA", start="08:00", hours=2),
)
WAVES = tuple(
    Wave(id=each, order=number, name=TEXT, basis="", pairs_in_turn=number != 1)
    for number, each in enumerate(("test", "canary", "wave-1"))
)

BACKUP_NIGHT = make_window(id="backup", recurrence="FREQ=WEEKLY;BYDAY=WE,SA", start="23:30", hours=1.5)
GROWTH_PERCENT = 10
RESERVE_GB = 200  # of the datastores of tier fast in lgwan: two of 1,000 GiB, a tenth each

machines = st.builds(
    lambda role, pair, size: make_machine(
        "",
        role=role,
        pair=pair,
        flavour=None,
        cpu=1,
        memory_gb=1,
        disks=(Disk(name="system", size_gb=size, tier="fast"),),
    ),
    st.sampled_from(["db", "ap", "web"]),
    st.sampled_from([None, None, "p1", "p2"]),
    st.sampled_from([40, 40, 700, 1500, 2500]),
)
orders = st.one_of(st.just(()), st.permutations(["db", "ap", "web"]).map(tuple))
peaks = st.lists(st.integers(1, 12), unique=True, max_size=4).map(
    lambda months: (Peak(name=TEXT, months=tuple(months)),) if months else ()
)
patchings = st.builds(
    Patching,
    wave=st.sampled_from([each.id for each in WAVES]),
    window=st.sampled_from([each.id for each in WINDOWS]),
    freezes=st.lists(st.sampled_from(["f1", "f2"]), unique=True).map(tuple),
)
days = st.dates(date(2026, 10, 1), date(2027, 2, 28))
freezes = st.builds(
    lambda start, length: (start.isoformat(), (start + timedelta(days=length)).isoformat()), days, st.integers(0, 20)
)


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Up to six systems of up to five machines; the last freeze may hold for everybody."""
    systems = []
    for number in range(draw(st.integers(1, 6))):
        name = f"s{number:02}"
        members = [
            dataclasses.replace(each, key=f"{name}-{each.role}-{place}", name=f"{name}-{place}")
            for place, each in enumerate(draw(st.lists(machines, min_size=1, max_size=5)))
        ]
        service = ServiceHours(days="daily", start="08:00", end="20:00", peaks=draw(peaks))
        systems.append(make_system(name, *members, patch=draw(patchings), role_order=draw(orders), service=service))
    two = [make_freeze(id=each, start=start, end=end) for each in ("f1", "f2") for start, end in [draw(freezes)]]
    two[1] = dataclasses.replace(two[1], everybody=draw(st.booleans()))
    cycle = dataclasses.replace(
        USUAL_PATCH_CYCLE, machines_at_once=draw(st.integers(1, 3)), snapshot_growth_percent=GROWTH_PERCENT
    )
    backup = dataclasses.replace(make_platform().backup_classes[0], window=draw(st.sampled_from([None, "backup"])))
    return make_estate(
        *systems,
        windows=(*WINDOWS, BACKUP_NIGHT),
        waves=WAVES,
        freezes=tuple(two),
        patch_cycle=cycle,
        backup_classes=(backup,),
    )


def in_window(placed: Placed, patching: Patching) -> bool:
    """Read by hand, without the recurrence library."""
    opens = placed.opens.astimezone(TOKYO)
    right_day = {
        "nights": opens.weekday() in {2, 3, 4} and (opens.hour, opens.minute) == (0, 30),
        "saturday": opens.weekday() == 5 and (opens.hour, opens.minute) == (22, 40),
        "third-saturday": opens.weekday() == 5 and 15 <= opens.day <= 21 and (opens.hour, opens.minute) == (8, 0),
    }[patching.window]
    hours = {"nights": 2, "saturday": 3, "third-saturday": 2}[patching.window]
    return right_day and opens <= placed.start and placed.end <= opens + timedelta(hours=hours)


def is_frozen(freeze: Freeze, placed: Placed) -> bool:
    last = placed.end - timedelta(seconds=1)
    return any(
        freeze.start <= moment.astimezone(TOKYO).date().isoformat() <= freeze.end for moment in (placed.start, last)
    )


def together(one: Placed, other: Placed) -> bool:
    return one.start < other.end and other.start < one.end


def owner_of(estate: Estate, key: str) -> tuple[System, Machine]:
    return next((system, machine) for system, machine in estate.machines() if machine.key == key)


@settings(max_examples=150, deadline=None)
@given(estates(), days)
def test_no_machine_is_outside_its_window_in_a_freeze_or_beside_its_pair(estate: Estate, as_of: date) -> None:
    schedule = plan_round(estate, as_of=as_of)
    by_id = {freeze.id: freeze for freeze in estate.platform.freezes}
    for placed in schedule.placed:
        system, machine = owner_of(estate, placed.key)
        patching = patching_of(system, machine)
        assert in_window(placed, patching)
        assert schedule.start <= placed.start < placed.end <= schedule.end
        named = [by_id[each] for each in patching.freezes] + [each for each in by_id.values() if each.everybody]
        assert not any(is_frozen(freeze, placed) for freeze in named)
        if machine.pair is not None:
            mates = [each for each in schedule.by_system()[system.id] if each.key != placed.key]
            pairs = [each for each in mates if owner_of(estate, each.key)[1].pair == machine.pair]
            assert not any(together(placed, mate) for mate in pairs)


@settings(max_examples=150, deadline=None)
@given(estates(), days)
def test_every_machine_is_placed_or_explained_and_never_both(estate: Estate, as_of: date) -> None:
    schedule = plan_round(estate, as_of=as_of)
    keys = Counter([each.key for each in schedule.placed] + [each.key for each in schedule.unplaced])
    assert keys == Counter(machine.key for _, machine in estate.machines())
    for each in schedule.unplaced:
        assert each.reasons
        assert all(reason.text.en and reason.text.ja for reason in each.reasons)
        assert each.next_slot is None or each.next_slot >= schedule.end


@settings(max_examples=100, deadline=None)
@given(estates(), days)
def test_a_cluster_never_has_more_machines_at_once_than_it_takes(estate: Estate, as_of: date) -> None:
    schedule = plan_round(estate, as_of=as_of)
    for placed in schedule.placed:
        running = sum(each.start <= placed.start < each.end for each in schedule.placed)
        assert running <= estate.platform.patch_cycle.machines_at_once


@settings(max_examples=100, deadline=None)
@given(estates(), days)
def test_a_role_never_starts_before_what_it_stands_on_in_its_wave(estate: Estate, as_of: date) -> None:
    for system, several in plan_round(estate, as_of=as_of).by_system().items():
        order = estate.system_by_id[system].role_order or ("db", "ap", "web")
        for one in several:
            for other in several:
                first, second = (order.index(owner_of(estate, each.key)[1].role) for each in (one, other))
                if one.wave == other.wave and first < second:
                    assert one.end <= other.start


@settings(max_examples=60, deadline=None)
@given(estates(), days)
def test_snapshots_never_outgrow_their_reserve_on_any_day(estate: Estate, as_of: date) -> None:
    held: Counter[date] = Counter()
    for placed in plan_round(estate, as_of=as_of).placed:
        first = placed.start.astimezone(TOKYO).date()
        _, machine = owner_of(estate, placed.key)
        for day in range(estate.platform.patch_cycle.snapshot_days + 1):
            held[first + timedelta(days=day)] += sum(disk.size_gb for disk in machine.disks) * GROWTH_PERCENT // 100
    assert all(grown <= RESERVE_GB for grown in held.values())


@settings(max_examples=60, deadline=None)
@given(estates(), days)
def test_no_machine_is_patched_while_its_backup_runs(estate: Estate, as_of: date) -> None:
    if estate.platform.backup_classes[0].window is None:
        return
    for placed in plan_round(estate, as_of=as_of).placed:
        for day in (placed.start.astimezone(TOKYO).date() - timedelta(days=back) for back in (0, 1)):
            if day.weekday() in {2, 5}:
                opens = datetime.combine(day, time(23, 30), tzinfo=TOKYO)
                assert placed.end <= opens or opens + timedelta(minutes=90) <= placed.start


@settings(max_examples=60, deadline=None)
@given(estates(), days)
def test_a_time_in_a_busy_season_says_so_and_one_outside_does_not(estate: Estate, as_of: date) -> None:
    for placed in plan_round(estate, as_of=as_of).placed:
        system = estate.system_by_id[placed.system]
        busy = {month for peak in system.service.peaks for month in peak.months}
        assert (placed.busy is not None) == (placed.start.astimezone(TOKYO).month in busy)


@settings(max_examples=60, deadline=None)
@given(estates(), days, st.integers(0, 5))
def test_a_no_of_one_owner_moves_only_those_that_choose_after_it(estate: Estate, as_of: date, which: int) -> None:
    yes = Answer(applies=True, by="担当", answered_on=as_of)
    answers = {system.id: yes for system in estate.systems}
    refusing = estate.systems[which % len(estate.systems)].id
    before = plan_round(estate, as_of=as_of, answers=answers)
    after = plan_round(
        estate, as_of=as_of, answers={**answers, refusing: dataclasses.replace(yes, applies=False, reason="否")}
    )
    assert all(each.system != refusing for each in after.placed)
    # Systems choose in the order of their ids here (none depends on another); waves wait for each other.
    order = {wave.id: wave.order for wave in WAVES}
    moved = (order[estate.system_by_id[refusing].patch.wave], refusing)
    untouched = {system.id for system in estate.systems if (order[system.patch.wave], system.id) < moved}
    assert [each for each in before.placed if each.system in untouched] == [
        each for each in after.placed if each.system in untouched
    ]


@settings(max_examples=60, deadline=None)
@given(estates(), days, st.sampled_from([each.id for each in WINDOWS]))
def test_a_longer_window_moves_nobody_whose_window_and_wave_it_is_not(estate: Estate, as_of: date, which: str) -> None:
    windows = tuple(
        dataclasses.replace(each, duration_minutes=each.duration_minutes + 60) if each.id == which else each
        for each in estate.platform.windows
    )
    changed = dataclasses.replace(estate, platform=dataclasses.replace(estate.platform, windows=windows))
    before, after = plan_round(estate, as_of=as_of), plan_round(changed, as_of=as_of)
    order = {wave.id: wave.order for wave in WAVES}
    # Waves wait for each other and systems choose by their ids: who chooses before the first of that window stays.
    touched = [(order[system.patch.wave], system.id) for system in estate.systems if system.patch.window == which]
    first = min(touched, default=(len(order), ""))
    untouched = {system.id for system in estate.systems if (order[system.patch.wave], system.id) < first}
    assert [each for each in before.placed if each.system in untouched] == [
        each for each in after.placed if each.system in untouched
    ]


@settings(max_examples=40, deadline=None)
@given(estates(), days, st.integers(0, 45 * 24))
def test_the_rest_of_a_round_lies_after_the_moment(estate: Estate, as_of: date, hours: int) -> None:
    whole = plan_round(estate, as_of=as_of)
    after = whole.start + timedelta(hours=hours)
    done = frozenset(each.key for each in whole.placed if each.end <= after)
    rest = plan_round(estate, as_of=as_of, after=after, done=done)
    assert all(each.start >= after and each.key not in done for each in rest.placed)
    assert len(rest.placed) + len(rest.unplaced) + len(done) == sum(1 for _ in estate.machines())
