"""The truth report, the forecast of tapes and the pools: what could be restored today, not what was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.budget import GIB, tape_forecast
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import (
    BARCODE,
    NoPool,
    must_destroy,
    pool_for,
    pools_of,
    retention_by_class,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import retained
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.truth import (
    Drill,
    TruthReport,
    size_anomalies,
    truth_report,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from tests.support.small_estate import AS_OF, ROOT
from tests.support.tapes import OFFSITE, ONSITE, START, make_copy, make_status

NOW = START + timedelta(hours=12)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate(ROOT, as_of=AS_OF, use_cache=False).estate


def both_sides(estate: Estate, system: str) -> list[Copy]:
    """A good copy on each side of every machine of a system."""
    found: list[Copy] = []
    for machine in estate.system_by_id[system].machines:
        for offsite in (False, True):
            number = len(found) + 1
            tape = f"KYT{number:03}L8"
            fields: dict[str, Any] = {"machine": machine.key, "system": system, "offsite": offsite, "tapes": (tape,)}
            found.append(make_copy(number, START, **fields))
    return found


def in_vault(copies: list[Copy], place: str = "vault") -> dict[str, TapeStatus]:
    """The tapes of the copies that are meant for the vault, all at one place."""
    return {tape: make_status(tape, place=place) for copy in copies if copy.offsite for tape in copy.tapes}


def report(estate: Estate, copies: list[Copy], **arguments: Any) -> TruthReport:
    tapes: dict[str, TapeStatus] = in_vault(copies) | arguments.pop("tapes", {})
    drills: list[Drill] = arguments.pop("drills", [])
    return truth_report(estate, copies, tapes, drills, NOW, drill_months=12, **arguments)


def of(found: TruthReport, system: str):  # type: ignore[no-untyped-def]
    return next(each for each in found.systems if each.system == system)


def test_a_system_is_as_good_as_its_worst_machine(estate: Estate) -> None:
    copies = both_sides(estate, "s31")
    whole = of(report(estate, copies), "s31")
    assert (whole.last_good_onsite, whole.last_good_offsite, whole.within_rpo) == (START, START, True)
    assert whole.age_hours == 12
    without = of(report(estate, copies[2:]), "s31")
    assert (without.last_good_onsite, without.age_hours, without.within_rpo) == (None, None, False)
    assert without.offsite_missing == (copies[0].machine,)


def test_what_was_not_read_back_is_no_backup(estate: Estate) -> None:
    copies = [replace(copy, read_back_at=None, read_back_ok=None) for copy in both_sides(estate, "s02")]
    found = of(report(estate, copies), "s02")
    assert (found.last_good_onsite, found.within_rpo) == (None, False)
    assert all(machine.awaiting == 2 for machine in found.machines)


def test_a_lost_tape_takes_its_copies_out_of_the_report(estate: Estate) -> None:
    copies = both_sides(estate, "s02")
    lost = {"KYT001L8": make_status(place="gone", fate="lost")}
    found = report(estate, copies, tapes=lost)
    assert of(found, "s02").last_good_onsite is None
    assert [status.tape for status in found.unreadable] == ["KYT001L8"]


@pytest.mark.parametrize(
    ("place", "carried"),
    [
        ("slot", False),
        ("exit-port", False),
        ("hand-over", False),
        ("courier", False),
        ("vault", True),
        ("returning", True),
    ],
)
def test_a_copy_is_off_site_only_while_its_tape_is_there(estate: Estate, place: str, carried: bool) -> None:
    only = Estate(systems=(estate.system_by_id["s31"],), platform=estate.platform)
    copies = both_sides(only, "s31")
    drills = [Drill("s31", START - timedelta(days=1), True)]
    found = report(only, copies, tapes=in_vault(copies, place), drills=drills)
    system = of(found, "s31")
    machine = system.machines[0]
    assert machine.offsite_required
    assert (machine.last_good_offsite, machine.last_not_carried) == ((START, None) if carried else (None, START))
    required = tuple(each.machine for each in system.machines if each.offsite_required)
    assert system.not_carried == (() if carried else required)
    assert system.offsite_missing == ()
    assert system.within_rpo, "a copy that waits for the courier can be restored all the same"
    assert found.problems == (0 if carried else 1)


def test_a_copy_on_two_tapes_is_off_site_when_both_are(estate: Estate) -> None:
    copies = both_sides(estate, "s31")
    copies[1] = replace(copies[1], tapes=("KYT098L8", "KYT099L8"))
    one = {"KYT099L8": make_status("KYT099L8", place="slot")}
    assert of(report(estate, copies, tapes=one), "s31").machines[0].not_carried
    assert not of(report(estate, copies), "s31").machines[0].not_carried


def test_a_copy_is_off_site_when_what_it_refers_to_is_as_well(estate: Estate) -> None:
    copies = both_sides(estate, "s31")
    base = replace(copies[1], id=91, restore_point=91, taken_at=START - timedelta(days=1), tapes=("KYT099L8",))
    copies[1] = replace(copies[1], needs=(91,))
    here = {"KYT099L8": make_status("KYT099L8", place="slot")}
    machine = of(report(estate, [*copies, base], tapes=here), "s31").machines[0]
    assert (machine.not_carried, machine.last_good_onsite) == (True, START)
    machine = of(report(estate, [*copies, base]), "s31").machines[0]
    assert (machine.not_carried, machine.last_good_offsite) == (False, START)
    lost = {"KYT099L8": make_status("KYT099L8", state="damaged")}
    machine = of(report(estate, [*copies, base], tapes=lost), "s31").machines[0]
    assert (machine.offsite_missing, machine.failed) == (True, 2)


def test_the_report_tells_how_old_the_copy_is_to_which_the_newest_one_refers(estate: Estate) -> None:
    copies = both_sides(estate, "s31")
    assert of(report(estate, copies), "s31").machines[0].refers_to is None
    base = replace(copies[0], id=91, restore_point=91, taken_at=START - timedelta(days=3))
    newest = replace(copies[0], id=92, restore_point=92, taken_at=START + timedelta(hours=1), needs=(91,))
    machine = of(report(estate, [*copies, base, newest]), "s31").machines[0]
    assert (machine.last_good_onsite, machine.refers_to) == (newest.taken_at, base.taken_at)


def test_the_copy_of_last_night_waits_for_the_courier_and_is_no_problem(estate: Estate) -> None:
    only = Estate(systems=(estate.system_by_id["s31"],), platform=estate.platform)
    fresh = both_sides(only, "s31")
    carried = [
        replace(copy, id=copy.id + 100, restore_point=copy.id + 100, taken_at=START - timedelta(days=6), tapes=("OLD",))
        for copy in fresh
        if copy.offsite
    ]
    drills = [Drill("s31", START - timedelta(days=1), True)]
    found = report(only, [*fresh, *carried], tapes=in_vault(fresh, "slot"), drills=drills)
    machine = of(found, "s31").machines[0]
    assert (machine.last_good_offsite, machine.last_not_carried) == (START - timedelta(days=6), START)
    assert found.problems == 0


@pytest.mark.parametrize(("days", "late"), [(8, False), (9, True)])
def test_a_copy_off_site_older_than_frequency_courier_and_a_day_is_a_problem(
    estate: Estate, days: int, late: bool
) -> None:
    # s31 is copied daily, the courier comes each Tuesday: one day, seven days and a day of grace.
    only = Estate(systems=(estate.system_by_id["s31"],), platform=estate.platform)
    copies = [
        replace(copy, taken_at=START - timedelta(days=days)) if copy.offsite else copy
        for copy in both_sides(only, "s31")
    ]
    drills = [Drill("s31", START - timedelta(days=1), True)]
    found = report(only, copies, drills=drills)
    system = of(found, "s31")
    assert bool(system.offsite_late) is late
    assert system.within_rpo
    assert found.problems == (1 if late else 0)


def test_a_copy_that_is_too_old_misses_its_rpo(estate: Estate) -> None:
    old = [replace(copy, taken_at=START - timedelta(days=9)) for copy in both_sides(estate, "s02")]
    found = of(report(estate, old), "s02")
    assert found.within_rpo is False
    assert found.age_hours == 12 + 9 * 24


@pytest.mark.parametrize(
    ("drills", "overdue", "passed"),
    [
        ([], True, None),
        ([Drill("s02", START - timedelta(days=30), True)], False, True),
        ([Drill("s02", START - timedelta(days=400), True)], True, True),
        ([Drill("s02", START - timedelta(days=9), True), Drill("s02", START - timedelta(days=8), False)], False, False),
        ([Drill("s02", START + timedelta(days=9), True)], True, None),
    ],
    ids=["never", "this year", "long ago", "the last one failed", "in the future"],
)
def test_the_last_drill_counts(estate: Estate, drills: list[Drill], overdue: bool, passed: bool | None) -> None:
    found = of(report(estate, both_sides(estate, "s02"), drills=drills), "s02")
    assert (found.drill_overdue, found.drill_passed) == (overdue, passed)


def test_machines_that_no_class_covers_and_copies_of_machines_that_are_gone_are_named(estate: Estate) -> None:
    none = next(item for item in estate.platform.backup_classes if item.medium == "none")
    system = estate.system_by_id["s02"]
    bare = replace(
        system,
        backup=replace(system.backup, backup_class=none.id),
        machines=tuple(
            replace(machine, backup=None, stateless=number > 0) for number, machine in enumerate(system.machines)
        ),
    )
    found = report(Estate(systems=(bare,), platform=estate.platform), [make_copy(1, machine="s99-db-1")])
    assert found.uncovered == (system.machines[0].key,)
    assert found.unknown_machines == ("s99-db-1",)
    assert found.problems >= 1


def test_machines_whose_files_nobody_can_compare_are_named(estate: Estate) -> None:
    found = report(estate, [])
    on_tape = {each.machine for system in found.systems for each in system.machines}
    windows = {machine.key for _, machine in estate.machines() if machine.image.startswith("windows")}
    assert found.opaque == tuple(sorted(on_tape & windows))
    assert estate.machine_by_name["s16-batch01"][1].key in found.opaque


def test_sizes_far_from_the_usual_are_named() -> None:
    def series(last: int) -> list[Copy]:
        sizes = [100, 104, 98, 101, last]
        return [make_copy(n, START + timedelta(days=n), size_bytes=size) for n, size in enumerate(sizes, 1)]

    assert size_anomalies(series(102)) == []
    assert [(each.size_bytes, each.usual_bytes) for each in size_anomalies(series(20))] == [(20, 100)]
    assert [each.size_bytes for each in size_anomalies(series(400))] == [400]
    assert size_anomalies(series(400)[-2:]) == []  # too little history to judge
    refers = make_copy(9, START + timedelta(days=9), size_bytes=1, needs=(1,))
    assert size_anomalies([*series(102), refers]) == []  # small on purpose


def test_a_report_without_anything_wrong_has_no_problems(estate: Estate) -> None:
    system = estate.system_by_id["s02"]
    only = Estate(systems=(system,), platform=estate.platform)
    copies = both_sides(only, "s02")
    drills = [Drill("s02", START - timedelta(days=1), True)]
    assert report(only, copies, drills=drills, keys={"lgwan-g1": ()}).problems == 0
    assert report(only, copies, drills=drills, keys={"lgwan-g1": ("not drilled",)}).problems == 1


def test_the_forecast_says_how_many_tapes_the_long_run_needs(estate: Estate) -> None:
    platform = estate.platform
    pool = next(each for each in platform.media_pools if each.id == OFFSITE)
    size = platform.media[0].capacity_gb * GIB // 10  # ten copies fill a tape
    copies = [
        make_copy(number, START - timedelta(days=number), pool=OFFSITE, offsite=True, size_bytes=size)
        for number in range(14)
    ]
    kept = retained(copies, retention_by_class(platform), NOW)
    tapes = [
        make_status("KYT001L8"),
        make_status("KYT002L8", state="writable"),
        make_status("KYT003L8", place="gone"),
    ]
    forecast = tape_forecast(
        platform, tapes=tapes, copies=copies, retained_ids=[each.copy.id for each in kept], as_of=NOW
    )
    found = next(each for each in forecast if each.pool == OFFSITE)
    assert (found.owned, found.full, found.writable, found.budget) == (2, 1, 1, pool.tapes)
    assert found.needed == 4  # 28 restore points are kept in the long run: 2.8 tapes, and one to write on
    assert found.retained_bytes == len(kept) * size
    assert found.empty_on is not None
    assert (found.empty_on - NOW.date()).days == 20  # half a copy a day on average: one tape lasts 20 days
    assert next(each for each in forecast if each.pool == ONSITE).needed == 0
    refers = make_copy(99, START + timedelta(hours=1), pool=OFFSITE, offsite=True, size_bytes=1, needs=(0,))
    forecast = tape_forecast(platform, tapes=tapes, copies=[*copies, refers], retained_ids=[], as_of=NOW)
    assert next(each for each in forecast if each.pool == OFFSITE).needed == 4  # its size is no sign of what is to come


def test_every_system_on_tape_has_pools_of_its_own_segment(estate: Estate) -> None:
    for system in estate.systems:
        if system.backup.backup_class.startswith("tape"):
            for pool in pools_of(estate, system, offsite=system.backup.offsite):
                assert pool.segment == system.segment
                assert system.classification.confidentiality in pool.confidentiality


def test_confidentiality_3_has_tapes_of_its_own(estate: Estate) -> None:
    for pool in estate.platform.media_pools:
        assert len({each.startswith("3") for each in pool.confidentiality}) == 1


def test_tapes_of_mynumber_and_of_unknown_pools_are_destroyed(estate: Estate) -> None:
    pools = estate.platform.media_pools
    assert all(must_destroy(pools, pool.id) for pool in pools if pool.segment == "mynumber")
    assert must_destroy(pools, "pool-of-the-past")
    assert not must_destroy(pools, OFFSITE)


def test_a_missing_pool_says_where_to_add_it(estate: Estate) -> None:
    with pytest.raises(NoPool, match=r"no off-site media pool for segment tax .* platform/backup.yml"):
        pool_for(estate.platform.media_pools, "tax", "2", offsite=True)


@pytest.mark.parametrize(
    ("text", "known"), [("KYT001L8", True), ("KYT001M8", True), ("KYT001", False), ("kyt001L8", False)]
)
def test_barcodes_have_six_characters_and_a_generation(text: str, known: bool) -> None:
    assert bool(BARCODE.fullmatch(text)) is known


def test_files_of_a_system_are_judged_beside_its_machines(estate: Estate) -> None:
    only = Estate(systems=(estate.system_by_id["infra-common"],), platform=estate.platform)
    (source,) = estate.platform.file_sources
    without = of(report(only, both_sides(only, "infra-common")), "infra-common")
    assert source.key in without.offsite_missing
    (line,) = [each for each in without.machines if each.machine == source.key]
    assert (line.within_rpo, line.offsite_required, line.rpo_hours) == (False, True, 24)
    copies = [
        make_copy(
            900 + number, START, machine=source.key, system="infra-common", offsite=side, tapes=(f"KYT90{number}L8",)
        )
        for number, side in enumerate((False, True))
    ]
    found = report(only, copies)
    (line,) = [each for each in of(found, "infra-common").machines if each.machine == source.key]
    assert (line.within_rpo, line.last_good_offsite, found.unknown_machines) == (True, START, ())


def test_files_that_no_class_copies_are_uncovered(estate: Estate) -> None:
    (source,) = estate.platform.file_sources
    platform = replace(estate.platform, file_sources=(replace(source, backup_class="none"),))
    only = Estate(systems=(estate.system_by_id["infra-common"],), platform=platform)
    assert source.key in report(only, []).uncovered
