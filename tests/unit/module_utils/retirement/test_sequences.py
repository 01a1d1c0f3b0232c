"""Random sequences of valid and invalid commands against a model: never a deletion without a verified copy."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import LegalHold, Text
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import (
    Case,
    RetirementEvent,
    RetirementRefused,
    advance,
    replay,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.guards import (
    Confirmation,
    Facts,
    Medium,
    Permission,
    refusals,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import ENDS, STEPS, TABLE, Step

KEY = "s06-db-1"
NAME = "s06-db01"
START = datetime(2026, 10, 1, tzinfo=UTC)
HOLD = LegalHold(since="2026-01-05", reason=Text(ja="訴訟", en="Law suit"), ordered_by="法務課")

# Random commands would hardly ever get past the quarantine: most steps are the next right one.
commands = st.one_of(st.just("next"), st.just("next"), st.just("next"), st.sampled_from(STEPS))
# A fact that is spoiled now and then.
mostly = st.integers(0, 9).map(lambda number: number != 0)


@st.composite
def facts(draw: st.DrawFn, today: date) -> Facts:
    """Facts of one moment; each is in order nine times out of ten."""
    digest = "a" * 64
    return Facts(
        name=NAME,
        as_of=today,
        status="retiring" if draw(mostly) else "in-service",
        last_day=START.date() if draw(mostly) else None,
        ours=draw(mostly),
        legal_hold=None if draw(mostly) else HOLD,
        dependants=() if draw(mostly) else ("s09",),
        records_confirmed=draw(mostly),
        last_copy_years=5 if draw(mostly) else None,
        backup_running=not draw(mostly),
        newest_write=START,
        read_back_equal=draw(mostly),
        offsite_required=draw(st.booleans()),
        grace_days=draw(st.integers(1, 20)),
        permission=Permission(
            digest=digest,
            approved_digest=digest if draw(mostly) else None,
            signed_by=frozenset({"owner", "head"}) if draw(mostly) else frozenset({"owner"}),
            executor="engineer",
        ),
        confirmation=Confirmation(typed=NAME if draw(mostly) else None),
        media=(
            Medium(serial="D1", treatment="destroyed" if draw(mostly) else None, must_destroy=True, on_asset_list=True),
        ),
        certificate_attached=draw(mostly),
        witness="職員" if draw(mostly) else "",
    )


def next_step(case: Case, wants_copy: bool) -> Step:
    for step in STEPS:
        if step in case.done or step in ENDS or (step == "copy-off-site" and not wants_copy):
            continue
        return step
    return "announce"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_sequence_of_commands_deletes_without_a_verified_copy(data: st.DataObject) -> None:
    case = Case(machine=KEY)
    kept: list[RetirementEvent] = []
    now = START
    model: set[Step] = set()  # a second bookkeeping, by hand
    for command in data.draw(st.lists(commands, min_size=1, max_size=25)):
        now += timedelta(days=data.draw(st.integers(0, 12)))
        known = data.draw(facts(now.date()))
        step: Step = next_step(case, known.offsite_required) if command == "next" else cast("Step", command)
        event = RetirementEvent(
            machine=KEY, step=step, happened_at=now, by="engineer", evidence=dict.fromkeys(TABLE[step].evidence, "x")
        )
        refused = bool(refusals(case, step, known))
        try:
            after = advance(case, event)
        except RetirementRefused:
            continue
        if refused:
            continue
        case = after
        kept.append(event)
        if step == "delete":
            assert {"announce", "quarantine", "back-up", "verify"} <= model
            assert known.read_back_equal
            assert known.ours
            assert known.legal_hold is None
            assert "copy-off-site" in model or not known.offsite_required
            quarantined = case.at("quarantine")
            assert quarantined is not None
            assert now.date() >= quarantined.date() + timedelta(days=known.grace_days or 0)
            assert known.confirmation == Confirmation(typed=NAME)
        if step == "certify":
            assert {"delete", "release", "complete"} <= model
            assert known.certificate_attached
        if step in ENDS:
            # Called off while the machine is there; a new case after its deletion only.
            assert ("delete" in model) == (step == "reopen")
            model.clear()
        else:
            assert step not in model
            model.add(step)
    assert set(case.done) == model
    # What the records keep gives the same case again: a run that was killed goes on from there.
    assert replay(KEY, kept) == case


def test_the_whole_way_is_reachable() -> None:
    """So that the property above is not true of nothing."""
    digest = "a" * 64
    good = Facts(
        name=NAME,
        as_of=date(2027, 1, 1),
        status="retiring",
        last_day=START.date(),
        ours=True,
        records_confirmed=True,
        last_copy_years=5,
        backup_running=False,
        read_back_equal=True,
        grace_days=30,
        permission=Permission(
            digest=digest, approved_digest=digest, signed_by=frozenset({"owner", "head"}), executor="engineer"
        ),
        confirmation=Confirmation(typed=NAME),
        media=(Medium(serial="D1", treatment="destroyed", must_destroy=True, on_asset_list=True),),
        certificate_attached=True,
        witness="職員",
    )
    case = Case(machine=KEY)
    for day, step in enumerate(each for each in STEPS if each not in ENDS):
        known = dataclasses.replace(good, as_of=(START + timedelta(days=40 + day)).date())
        assert refusals(case, step, known) == ()
        case = advance(
            case,
            RetirementEvent(
                machine=KEY,
                step=step,
                happened_at=START + timedelta(days=day),
                by="engineer",
                evidence=dict.fromkeys(TABLE[step].evidence, "x"),
            ),
        )
    assert case.last == "certify"
