"""Who goes now and who does not, from the estate, the owners' answers, records and what vCenter has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Dependency, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.planner import plan_round
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.schedule import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.scope import Place, Scope, World, decide, is_due
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.guest_power import DiskModes
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared
from tests.support.builders import make_estate, make_machine, make_system

UPDATE_DAY = date(2026, 11, 11)
ALONE = DiskModes(shared=False, independent=False)
ESTATE = make_estate(
    make_system(
        "s01",
        make_machine("s01-db-1", name="s01-db01"),
        make_machine("s01-ap-1", name="s01-ap01", role="ap", stateless=True),
    ),
    make_system("s02", make_machine("s02-ap-1", name="s02-ap01", role="ap")),
)
NAMES = ("s01-db01", "s01-ap01", "s02-ap01")
YES = Answer(applies=True, by="a", answered_on=UPDATE_DAY)
START = plan_round(ESTATE, as_of=UPDATE_DAY, answers={"s01": YES, "s02": YES}).placed[0].start


def place(**fields: Any) -> Place:
    return Place(**{"vcenter": "vc", "reference": "vm-1", "on": True, "disks": (), "modes": ALONE, **fields})


def world(estate: Estate, **fields: Any) -> World:
    places = {machine.key: place() for _, machine in estate.machines()}
    return World(**{"places": places, "overdue": {}, "free_gb": {}, **fields})


def scope(estate: Estate = ESTATE, **fields: Any) -> Scope:
    prepared = Prepared(estate=estate, desired=desired_state(estate, {}), commit="c", now=fields.pop("now", START))
    values: dict[str, Any] = {
        "done": {},
        "copied_at": None,
        "emergency": True,
        "windows_ready": False,
        "at_once": 10,
        "canary": 1,
    }
    given = fields.pop("world", None) or world(estate)
    answers = fields.pop("answers", {"s01": YES, "s02": YES})
    return decide(prepared, given, fields.pop("names", NAMES), answers, **{**values, **fields})


def codes(found: Scope) -> dict[str, str]:
    return {key: reason.code for key, reason in found.refused.items()}


def test_in_an_emergency_all_go_in_the_order_of_their_tiers() -> None:
    found = scope()
    assert codes(found) == {}
    assert found.batches == (("s01-db-1",), ("s01-ap-1", "s02-ap-1"))


def test_a_limit_leaves_the_others_out_without_a_word() -> None:
    found = scope(names=["s02-ap01"])
    assert (found.batches, codes(found)) == ((("s02-ap-1",),), {})


def test_without_an_emergency_only_those_whose_time_is_now() -> None:
    found = scope(emergency=False, now=START - timedelta(days=1))
    assert found.batches == ()
    assert set(codes(found).values()) == {"later"}


def test_an_owner_who_has_not_answered_keeps_its_machines_out_of_an_emergency_too() -> None:
    assert codes(scope(answers={"s01": YES})) == {"s02-ap-1": "not-answered"}


def test_what_is_done_is_not_done_again_and_says_since_when() -> None:
    outcome = MachineOutcome(
        key="s01-db-1",
        name="s01-db01",
        system="s01",
        owner="o",
        role="db",
        segment="lgwan",
        wave="w",
        batch=1,
        result=Result.PATCHED,
        finished_at=START,
    )
    found = scope(done={"s01-db-1": outcome})
    assert codes(found) == {"s01-db-1": "done"}
    assert found.refused["s01-db-1"].text.en.startswith("has this round's updates since 2026-11-")


def test_what_an_attempt_has_begun_goes_first_whatever_stands_against_it() -> None:
    found = scope(begun=["s02-ap-1"], emergency=False, now=START - timedelta(days=1), answers={})
    assert found.batches == (("s02-ap-1",),)
    assert "s02-ap-1" not in found.refused


def test_a_machine_that_is_on_its_way_out_is_left_alone() -> None:
    places = {**world(ESTATE).places, "s02-ap-1": place(quarantined="2026-11-20")}
    assert codes(scope(world=world(ESTATE, places=places))) == {"s02-ap-1": "quarantined"}


def test_windows_needs_its_collection() -> None:
    images = tuple(replace(each, os_family="windows") for each in ESTATE.platform.images)
    estate = replace(ESTATE, platform=replace(ESTATE.platform, images=images))
    assert set(codes(scope(estate)).values()) == {"no-windows"}
    assert codes(scope(estate, windows_ready=True)) == {}


def test_who_may_not_go_back_by_itself_is_known_before_anything_is_touched() -> None:
    found = scope()
    assert set(found.only_by_a_person) == {"s01-db-1", "s02-ap-1"}
    shared = {**world(ESTATE).places, "s01-ap-1": place(modes=DiskModes(shared=True, independent=False))}
    assert "s01-ap-1" in scope(world=world(ESTATE, places=shared)).only_by_a_person


def test_disks_that_nobody_has_seen_leave_the_revert_to_a_person() -> None:
    role = {"s01-db-1": scope().only_by_a_person["s01-db-1"]}
    assert "role db" in role["s01-db-1"].en
    unread = {**world(ESTATE).places, "s01-ap-1": place(modes=None)}
    found = scope(world=world(ESTATE, places=unread)).only_by_a_person
    assert found["s01-ap-1"].en == "vCenter does not show its disks"
    # Role and stateless are data: they hold for a machine that vCenter does not show as well.
    found = scope(world=world(ESTATE, places={}), begun=["s01-db-1", "s01-ap-1"]).only_by_a_person
    assert found["s01-db-1"] == role["s01-db-1"]
    assert found["s01-ap-1"].en == "vCenter does not show its disks"
    assert "stateless" in found["s02-ap-1"].en


def test_what_a_system_stands_on_goes_before_it() -> None:
    first, second = ESTATE.systems
    depends = (Dependency(reason=Text(ja="", en=""), system="s02"),)
    estate = replace(ESTATE, systems=(replace(first, depends_on=depends), second))
    assert scope(estate).batches == (("s02-ap-1",), ("s01-db-1",), ("s01-ap-1",))


def test_a_system_may_state_its_own_order() -> None:
    first, second = ESTATE.systems
    estate = replace(ESTATE, systems=(replace(first, role_order=("ap", "db")), second))
    assert scope(estate, names=["s01-db01", "s01-ap01"]).batches == (("s01-ap-1",), ("s01-db-1",))


def test_only_a_label_of_a_patch_run_that_nobody_holds_is_due() -> None:
    label = SnapshotLabel(purpose="patch", change="c", run_id="r", expires_on=UPDATE_DAY)
    later = UPDATE_DAY + timedelta(days=1)
    assert is_due(label, later)
    assert not is_due(label, UPDATE_DAY)
    assert not is_due(replace(label, legal_hold="audit"), later)
    assert not is_due(replace(label, purpose="backup"), later)
    assert not is_due(None, later)


def test_what_vcenter_and_the_records_say_against_a_machine_needs_somebody_and_the_plan_does_not() -> None:
    off = {**world(ESTATE).places, "s02-ap-1": place(on=False)}
    assert scope(world=world(ESTATE, places=off)).blocked == {"s02-ap-1"}
    assert scope(world=world(ESTATE, overdue={"s02": "x"})).blocked == {"s02-ap-1"}
    assert scope(copied_at={}).blocked == {"s01-db-1", "s01-ap-1", "s02-ap-1"}
    assert scope(answers={}).blocked == frozenset()
    assert scope(emergency=False, now=START - timedelta(days=1)).blocked == frozenset()


def test_a_machine_that_is_not_in_service_says_so_and_is_no_fault() -> None:
    retiring = replace(ESTATE, systems=(ESTATE.systems[0], replace(ESTATE.systems[1], status="retiring")))
    found = scope(retiring, names=["s02-ap01"])
    assert (found.batches, codes(found)) == ((), {"s02-ap-1": "not-in-service"})
    assert found.blocked == frozenset()
