"""Who is meant: by the description alone, in the order in which they go."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.candidates import (
    Candidate,
    candidates,
    dependants,
    grace_days,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import (
    Dependency,
    LegalHold,
    Retirement,
    Text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import Case, RetirementEvent
from tests.support.builders import make_estate, make_machine, make_system

GONE = Retirement(date="2026-11-30", reason=Text(ja="廃止", en="Gone"), requested_by="室長", approved_by="室長")
HOLD = LegalHold(since="2026-01-05", reason=Text(ja="訴訟", en="Law suit"), ordered_by="法務課")


def found(estate: Estate, names: list[str] | None = None, cases: dict[str, Case] | None = None) -> list[Candidate]:
    return list(candidates(estate, desired_state(estate, {}), names, cases or {}))


def case(key: str, *steps: str) -> Case:
    done = {
        step: RetirementEvent(machine=key, step=step, happened_at=datetime(2026, 12, 1, tzinfo=UTC), by="x")  # type: ignore[arg-type]
        for step in steps
    }
    return Case(machine=key, done=done)  # type: ignore[arg-type]


def three(**fields: Any) -> Estate:
    machines = (
        make_machine("s01-db-1", name="s01-db01", role="db"),
        make_machine("s01-web-1", name="s01-web01", role="web"),
        make_machine("s01-ap-1", name="s01-ap01", role="ap"),
    )
    return make_estate(make_system("s01", *machines, **{"status": "retiring", "retirement": GONE, **fields}))


def test_what_stands_above_goes_first() -> None:
    assert [each.name for each in found(three())] == ["s01-web01", "s01-ap01", "s01-db01"]


def test_nothing_that_is_in_service_is_meant_unless_it_is_named() -> None:
    estate = three(status="in-service", retirement=None)
    assert found(estate) == []
    assert [each.status for each in found(estate, ["s01-db01"])] == ["in-service"]


def test_what_is_retired_is_meant_while_its_case_has_steps_left() -> None:
    estate = three(status="retired")
    assert found(estate) == []
    assert [each.key for each in found(estate, cases={"s01-db-1": case("s01-db-1", "announce")})] == ["s01-db-1"]


def test_a_machine_that_retires_alone_is_a_unit_of_its_own() -> None:
    machines = (
        make_machine("s01-db-1", name="s01-db01", role="db"),
        make_machine("s01-ap-1", name="s01-ap01", role="ap", status="retiring", retirement=GONE),
    )
    (alone,) = found(make_estate(make_system("s01", *machines)))
    assert (alone.unit, alone.whole) == ("s01-ap-1", False)


def test_a_hold_of_the_system_holds_each_machine() -> None:
    assert {each.legal_hold for each in found(three(legal_hold=HOLD))} == {HOLD}


def needing(status: str = "in-service") -> Estate:
    need = Dependency(system="s01", reason=Text(ja="利用", en="Uses"))
    other = make_system("s02", make_machine("s02-db-1", name="s02-db01"), status=status, depends_on=(need,))
    estate = three()
    return dataclasses.replace(estate, systems=(*estate.systems, other))


@pytest.mark.parametrize(
    ("status", "expected"), [("in-service", ("s02",)), ("retiring", ("s02",)), ("planned", ()), ("retired", ())]
)
def test_who_needs_it_blocks_it_until_it_is_gone_itself(status: str, expected: tuple[str, ...]) -> None:
    estate = needing(status)
    (candidate, *_) = found(three())
    assert dependants(estate, candidate, {}) == expected


def test_a_dependant_whose_machines_are_deleted_blocks_nothing() -> None:
    (candidate, *_) = found(three())
    assert dependants(needing("retiring"), candidate, {"s02-db-1": case("s02-db-1", "delete")}) == ()


@pytest.mark.parametrize("machine", [None, "in-service"], ids=["the system", "one machine of it"])
def test_a_dependant_that_was_restored_after_its_deletion_blocks_again(machine: str | None) -> None:
    (candidate, *_) = found(three())
    estate = needing("in-service" if machine is None else "retiring")
    *others, last = estate.systems
    restored = dataclasses.replace(last, machines=(dataclasses.replace(last.machines[0], status=machine),))
    estate = dataclasses.replace(estate, systems=(*others, restored))
    assert dependants(estate, candidate, {"s02-db-1": case("s02-db-1", "delete")}) == ("s02",)


@pytest.mark.parametrize(("own", "expected"), [(None, 30), (60, 60), (7, 30)])
def test_grace_is_never_shorter_than_the_policy(own: int | None, expected: int) -> None:
    estate = three(retirement=dataclasses.replace(GONE, grace_days=own))
    assert grace_days(estate, found(estate)[0]) == expected


def test_without_a_retirement_no_grace_is_known() -> None:
    estate = three(status="in-service", retirement=None)
    assert grace_days(estate, found(estate, ["s01-db01"])[0]) is None
