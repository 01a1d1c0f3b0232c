"""Each guard, tried to get past: the one situation in which it must hold, with everything else in order."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import (
    Case,
    RetirementEvent,
    RetirementRefused,
    advance,
    replay,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.codes import Code
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import (
    Confirmation,
    Facts,
    Medium,
    Permission,
    refusals,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import STEPS, TABLE, Step

KEY = "s06-db-1"
START = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
HOLD = LegalHold(since="2026-01-05", reason=Text(ja="訴訟", en="Law suit"), ordered_by="法務課")
WAY: tuple[Step, ...] = (
    "announce",
    "quarantine",
    "back-up",
    "verify",
    "copy-off-site",
    "delete",
    "release",
    "complete",
)
DESTROYED = Medium(serial="DISK-1", treatment="destroyed", must_destroy=True, on_asset_list=True)
# Everything in order for every step; each test spoils one thing.
GOOD = Facts(
    name="s06-db01",
    as_of=date(2026, 12, 1),
    status="retiring",
    last_day=date(2026, 9, 30),
    ours=True,
    records_confirmed=True,
    last_copy_years=5,
    backup_running=False,
    newest_write=START,
    read_back_equal=True,
    offsite_required=True,
    grace_days=30,
    permission=Permission(
        digest="d" * 64, approved_digest="d" * 64, signed_by=frozenset({"owner", "head"}), executor="engineer"
    ),
    confirmation=Confirmation(typed="s06-db01"),
    media=(DESTROYED,),
    certificate_attached=True,
    witness="職員 立会",
)


def event(step: Step, day: int, **fields: Any) -> RetirementEvent:
    values: dict[str, Any] = {
        "machine": KEY,
        "step": step,
        "happened_at": START + timedelta(days=day),
        "by": "engineer",
        "evidence": dict.fromkeys(TABLE[step].evidence, "given"),
    }
    return RetirementEvent(**{**values, **fields})


def case_until(step: Step) -> Case:
    """The case in which everything before `step` has been done, a day apart."""
    before = () if step == "undo" else WAY[: WAY.index(step)] if step in WAY else WAY
    return replay(KEY, [event(each, day) for day, each in enumerate(before)])


def codes(step: Step, **spoiled: Any) -> list[str]:
    return [each.code for each in refusals(case_until(step), step, dataclasses.replace(GOOD, **spoiled))]


@pytest.mark.parametrize("step", [*WAY, "certify"])
def test_with_everything_in_order_no_step_is_refused(step: Step) -> None:
    assert codes(step) == []
    advance(case_until(step), event(step, 90))


ALWAYS: tuple[tuple[dict[str, Any], Code], ...] = (
    ({"status": "in-service"}, "status"),
    ({"ours": False}, "not-ours"),
    ({"legal_hold": HOLD}, "legal-hold"),
)
# One thing out of order at a step, and the guard that must say so.
CASES: tuple[tuple[Step, dict[str, Any], Code], ...] = (
    *((step, spoiled, code) for step in ("announce", "back-up", "verify", "copy-off-site") for spoiled, code in ALWAYS),
    *(("reopen", spoiled, code) for spoiled, code in ALWAYS),
    ("back-up", {"dependants": ("s13",)}, "dependants"),
    ("quarantine", {"status": "in-service"}, "status"),
    ("quarantine", {"ours": False}, "not-ours"),
    ("quarantine", {"legal_hold": HOLD}, "legal-hold"),
    ("quarantine", {"dependants": ("s13",)}, "dependants"),
    ("quarantine", {"last_day": date(2026, 12, 1)}, "too-early"),
    ("quarantine", {"last_day": None}, "too-early"),
    ("quarantine", {"records_confirmed": False}, "records"),
    ("quarantine", {"last_copy_years": None}, "last-copy"),
    ("back-up", {"backup_running": True}, "backup-running"),
    ("verify", {"read_back_equal": False}, "read-back"),
    ("delete", {"status": "in-service"}, "status"),
    ("delete", {"ours": False}, "not-ours"),
    ("delete", {"legal_hold": HOLD}, "legal-hold"),
    ("delete", {"dependants": ("s13",)}, "dependants"),
    ("delete", {"records_confirmed": False}, "records"),
    ("delete", {"backup_running": True}, "backup-running"),
    ("delete", {"last_day": None}, "too-early"),
    ("delete", {"last_copy_years": None}, "last-copy"),
    ("delete", {"read_back_equal": False}, "read-back"),
    ("delete", {"newest_write": START + timedelta(days=3)}, "changed-since"),
    ("delete", {"snapshots": (START,)}, "old-snapshot"),
    ("delete", {"as_of": date(2026, 10, 31)}, "grace"),
    ("delete", {"grace_days": None}, "grace"),
    ("delete", {"permission": None}, "approval"),
    ("delete", {"confirmation": None}, "no-terminal"),
    ("delete", {"confirmation": Confirmation(typed=None)}, "no-terminal"),
    ("delete", {"confirmation": Confirmation(typed="s06-db02")}, "name"),
    ("delete", {"confirmation": Confirmation(typed="")}, "name"),
    ("certify", {"certificate_attached": False}, "certificate"),
    ("certify", {"witness": " "}, "witness"),
    ("certify", {"media": ()}, "media"),
    ("certify", {"media": (dataclasses.replace(DESTROYED, on_asset_list=False),)}, "serial"),
    ("certify", {"media": (dataclasses.replace(DESTROYED, treatment="purged"),)}, "treatment"),
    ("certify", {"media": (dataclasses.replace(DESTROYED, treatment=None),)}, "treatment"),
)


@pytest.mark.parametrize(("step", "spoiled", "code"), CASES)
def test_one_thing_out_of_order_is_refused_by_its_guard_alone(step: Step, spoiled: dict[str, Any], code: Code) -> None:
    assert codes(step, **spoiled) == [code]


@pytest.mark.parametrize("step", STEPS)
def test_each_guard_of_each_step_has_a_case_above(step: Step) -> None:
    """A guard that is new at a step fails here until somebody has tried to get past it."""
    case = case_until(step)
    found = {
        each.code for _, spoiled, _ in CASES for each in refusals(case, step, dataclasses.replace(GOOD, **spoiled))
    }
    assert found == {code for tried, _, code in CASES if tried == step}


PERMISSIONS = (
    Permission(digest="d", approved_digest="e", signed_by=frozenset({"owner", "head"}), executor="engineer"),
    Permission(digest="d", approved_digest="d", signed_by=frozenset({"owner"}), executor="engineer"),
    # Who executes has approved, too: that leaves one.
    Permission(digest="d", approved_digest="d", signed_by=frozenset({"owner", "engineer"}), executor="engineer"),
    Permission(digest="d", signed_by=frozenset({"owner", "head"}), executor="engineer"),
)


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_another_plan_or_one_signature_is_no_permission(permission: Permission) -> None:
    assert codes("delete", permission=permission) == ["approval"]


def test_the_last_day_of_grace_is_still_grace() -> None:
    quarantined = START + timedelta(days=1)
    end = quarantined.date() + timedelta(days=30)
    assert codes("delete", as_of=end - timedelta(days=1)) == ["grace"]
    assert codes("delete", as_of=end) == []


def test_a_snapshot_made_with_the_copy_does_not_stand_in_the_way() -> None:
    assert codes("delete", snapshots=(START + timedelta(days=5),)) == []


def test_off_site_counts_only_for_owners_that_have_it() -> None:
    without = replay(KEY, [event(each, day) for day, each in enumerate(WAY[:4])])
    assert [each.code for each in refusals(without, "delete", GOOD)] == ["off-site"]
    local = dataclasses.replace(GOOD, offsite_required=False)
    assert refusals(without, "delete", local) == ()


def test_a_medium_that_may_be_used_again_is_well_purged() -> None:
    medium = Medium(serial="T1", treatment="purged", must_destroy=False, on_asset_list=True)
    assert codes("certify", media=(medium,)) == []


def test_what_nobody_has_looked_up_refuses() -> None:
    unknown = Facts(name="s06-db01", as_of=date(2026, 12, 1))
    assert [each.code for each in refusals(Case(machine=KEY), "delete", unknown)] == [
        "status",
        "not-ours",
        "too-early",
        "records",
        "last-copy",
        "backup-running",
        "read-back",
        "off-site",
        "approval",
        "no-terminal",
    ]


def test_every_refusal_speaks_both_languages() -> None:
    for step in STEPS:
        for each in refusals(Case(machine=KEY), step, Facts(name="s06-db01", as_of=date(2026, 12, 1))):
            assert each.text.en
            assert each.text.ja


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (("announce", "delete"), "delete comes after verify"),
        (("quarantine",), "quarantine comes after announce"),
        (("announce", "announce"), "announce is done already"),
        ((*WAY, "undo"), "undo is not possible any more after delete"),
        ((*WAY[:7], "certify"), "certify comes after complete"),
        ((*WAY[:5], "reopen"), "reopen comes after delete"),
        ((*WAY, "reopen", "certify"), "certify comes after complete"),
        ((*WAY, "reopen", "delete"), "delete comes after verify"),
        ((*WAY, "reopen", "reopen"), "reopen comes after delete"),
    ],
)
def test_the_table_is_closed(steps: tuple[Step, ...], told: str) -> None:
    with pytest.raises(RetirementRefused, match=told):
        replay(KEY, [event(each, day) for day, each in enumerate(steps)])


def test_a_step_without_its_evidence_is_refused() -> None:
    with pytest.raises(RetirementRefused, match="needs evidence: backup"):
        advance(case_until("back-up"), event("back-up", 9, evidence={"backup": " ", "tapes": "OSA001L8"}))


def test_a_step_before_the_last_one_in_time_is_refused() -> None:
    with pytest.raises(RetirementRefused, match="lies before the last step"):
        advance(case_until("verify"), event("verify", 0))


def test_a_step_of_another_machine_is_refused() -> None:
    with pytest.raises(RetirementRefused, match="the case is that of s06-db-1"):
        advance(case_until("verify"), event("verify", 9, machine="s06-db-2"))


def test_what_was_restored_after_its_deletion_goes_the_whole_way_again() -> None:
    """Nothing of the first case counts for the second: no copy, no grace, no approval, no certificate."""
    first = [event(each, day) for day, each in enumerate(WAY)]
    reopened = replay(KEY, [*first, event("reopen", 20)])
    assert (reopened.done, reopened.is_deleted) == ({}, False)
    assert [each.code for each in refusals(reopened, "delete", GOOD)] == ["off-site"]  # and its order, by the table
    second = replay(KEY, [*first, event("reopen", 20), *(event(each, 21 + day) for day, each in enumerate(WAY))])
    assert list(second.done) == list(WAY)


def test_an_undone_case_begins_anew() -> None:
    case = replay(KEY, [event("announce", 0), event("quarantine", 1), event("undo", 2), event("announce", 3)])
    assert (case.last, sorted(case.done)) == ("announce", ["announce"])
