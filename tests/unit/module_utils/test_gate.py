"""What passes now and what waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.change import RISKS, Change
from ansible_collections.kyotsu.platform.plugins.module_utils.gate import Gate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Patching
from tests.support.builders import make_change, make_estate, make_freeze, make_machine, make_system

TOKYO = ZoneInfo("Asia/Tokyo")
TUESDAY_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=TOKYO)
SATURDAY_NIGHT = datetime(2026, 11, 28, 23, 0, tzinfo=TOKYO)
SUNDAY_NOON = datetime(2026, 11, 29, 12, 0, tzinfo=TOKYO)


def estate(**patch: Any) -> Estate:
    patching = Patching(**{"wave": "canary", "window": "saturday-night", **patch})
    return make_estate(make_system("s01", make_machine(), patch=patching))


def reason(change: Change, now: datetime, of: Estate | None = None, emergency: str | None = None) -> str | None:
    """Why a change is held, or None when it passes; exactly one of the two."""
    gated = Gate(of or estate(), now, emergency=emergency).decide([change])
    assert len(gated.passed) + len(gated.held) == 1
    assert [*gated.passed, *(each.change for each in gated.held)] == [change]
    return gated.held[0].reason.en if gated.held else None


def test_what_interrupts_nobody_passes_at_any_time_even_in_a_freeze() -> None:
    frozen = estate(freezes=("payment",))
    for now in (TUESDAY_NOON, datetime(2027, 1, 5, 12, tzinfo=TOKYO)):
        assert reason(make_change(risk="none"), now, frozen) is None


@pytest.mark.parametrize("risk", ["reboot", "outage"])
def test_what_interrupts_waits_for_the_window_of_the_machine(risk: str) -> None:
    held = reason(make_change(risk=risk), TUESDAY_NOON)
    assert held == f"{risk}: waits for window saturday-night, which opens 2026-11-28 21:00"
    assert reason(make_change(risk=risk), SATURDAY_NIGHT) is None
    assert reason(make_change(risk=risk), SUNDAY_NOON) is not None


def test_the_moment_may_be_given_in_utc() -> None:
    assert reason(make_change(), datetime(2026, 11, 28, 14, 0, tzinfo=UTC)) is None
    assert reason(make_change(), datetime(2026, 11, 28, 23, 0, tzinfo=UTC)) is not None


def test_the_patching_of_the_machine_goes_before_that_of_its_system() -> None:
    machine = make_machine(patch=Patching(wave="canary", window="sunday-day"))
    own = make_estate(make_system("s01", machine))
    assert reason(make_change(), SUNDAY_NOON, own) is None
    assert reason(make_change(), SATURDAY_NIGHT, own) is not None


def test_the_foundation_waits_for_the_maintenance_window_of_the_estate() -> None:
    vlan = make_change(kind="port_group", object="pg", field="vlan_id", risk="outage")
    assert "waits for window sunday-day" in str(reason(vlan, SATURDAY_NIGHT))
    assert reason(vlan, SUNDAY_NOON) is None


def test_an_item_that_is_called_like_a_machine_has_no_window_of_its_own() -> None:
    assert reason(make_change(kind="switch", field="mtu", risk="outage"), SATURDAY_NIGHT) is not None


def test_a_freeze_of_the_system_closes_its_window() -> None:
    # Saturday 9 January 2027.
    now = datetime(2027, 1, 9, 23, 0, tzinfo=TOKYO)
    assert reason(make_change(), now) is None
    assert reason(make_change(), now, estate(freezes=("payment",))) == "reboot: frozen until 01-12 (example)"


def test_a_freeze_for_everybody_needs_no_naming_and_holds_for_the_foundation() -> None:
    saturday, sunday = datetime(2027, 3, 27, 23, tzinfo=TOKYO), datetime(2027, 3, 28, 12, tzinfo=TOKYO)
    assert "frozen until 04-05" in str(reason(make_change(), saturday))
    vlan = make_change(kind="port_group", object="pg", field="vlan_id", risk="outage")
    assert "frozen until 04-05" in str(reason(vlan, sunday))


def test_a_freeze_begins_at_midnight_of_the_data_centre_inside_an_open_window() -> None:
    sunday_only = make_estate(
        make_system("s01", make_machine()),
        freezes=(make_freeze(id="f", start="2026-11-29", end="2026-11-29", everybody=True),),
    )
    assert reason(make_change(), datetime(2026, 11, 28, 14, 59, tzinfo=UTC), sunday_only) is None
    assert reason(make_change(), datetime(2026, 11, 28, 15, 0, tzinfo=UTC), sunday_only) is not None


def test_the_start_that_is_named_is_one_at_which_nothing_is_frozen() -> None:
    held = reason(make_change(), datetime(2027, 1, 2, 12, tzinfo=TOKYO), estate(freezes=("payment",)))
    assert held == "reboot: waits for window saturday-night, which opens 2027-01-02 21:00"
    held = reason(make_change(), datetime(2027, 1, 3, 12, tzinfo=TOKYO), estate(freezes=("payment",)))
    assert held == "reboot: waits for window saturday-night, which opens 2027-01-16 21:00"


@pytest.mark.parametrize("risk", ["reboot", "outage"])
def test_an_emergency_passes_windows_and_freezes(risk: str) -> None:
    now = datetime(2027, 1, 5, 12, tzinfo=TOKYO)
    assert reason(make_change(risk=risk), now, estate(freezes=("payment",)), "CVE-2026-1: exploited") is None


@pytest.mark.parametrize("emergency", ["", "  ", None])
def test_an_emergency_without_a_reason_is_none(emergency: str | None) -> None:
    assert reason(make_change(), TUESDAY_NOON, emergency=emergency) is not None


@pytest.mark.parametrize("risk", ["data", "destroy", "unheard-of"])
@pytest.mark.parametrize("emergency", [None, "everything burns"])
def test_what_destroys_never_passes(risk: str, emergency: str | None) -> None:
    held = reason(make_change(risk=risk), SATURDAY_NIGHT, emergency=emergency)
    assert held == f"risk {risk}: never applied by this verb"


def test_every_risk_is_decided_and_the_order_is_kept() -> None:
    changes = [make_change(risk=risk, field=risk) for risk in (*RISKS, *RISKS)]
    gated = Gate(estate(), SATURDAY_NIGHT).decide(changes)
    assert [change.field for change in gated.passed] == ["none", "reboot", "outage"] * 2
    assert [each.change.field for each in gated.held] == ["data", "destroy"] * 2


def start_before(
    change: Change, now: datetime, of: Estate | None = None, emergency: str | None = None
) -> list[datetime]:
    gated = Gate(of or estate(), now, emergency=emergency).decide([change])
    assert gated.passed == (change,)
    assert set(gated.start_before) <= {(change.vcenter, change.kind, change.object)}
    return list(gated.start_before.values())


@pytest.mark.parametrize("risk", ["reboot", "outage"])
def test_what_interrupts_must_begin_before_its_window_ends(risk: str) -> None:
    # Opened on Saturday at 21:00 for eight hours.
    assert start_before(make_change(risk=risk), SATURDAY_NIGHT) == [datetime(2026, 11, 29, 5, tzinfo=TOKYO)]


def test_a_freeze_that_begins_inside_a_window_ends_it_at_midnight() -> None:
    of = make_estate(
        make_system("s01", make_machine()),
        freezes=(make_freeze(id="f", start="2026-11-29", end="2026-11-29", everybody=True),),
    )
    assert start_before(make_change(), SATURDAY_NIGHT, of) == [datetime(2026, 11, 29, tzinfo=TOKYO)]


def test_what_interrupts_nobody_may_begin_at_any_time() -> None:
    assert start_before(make_change(risk="none"), SATURDAY_NIGHT) == []


def test_an_emergency_may_begin_at_any_time() -> None:
    assert start_before(make_change(), SATURDAY_NIGHT, emergency="CVE-2026-1: exploited") == []


def test_what_is_held_has_no_time_to_begin() -> None:
    assert Gate(estate(), TUESDAY_NOON).decide([make_change()]).start_before == {}


def test_machines_of_one_window_and_other_freezes_do_not_share_a_decision() -> None:
    free, frozen = make_machine("free"), make_machine("frozen", patch=None)
    systems = make_estate(
        make_system("s01", free),
        make_system("s02", frozen, patch=Patching(wave="canary", window="saturday-night", freezes=("payment",))),
    )
    gated = Gate(systems, datetime(2027, 1, 9, 23, tzinfo=TOKYO)).decide(
        [make_change(object="free"), make_change(object="frozen"), make_change(object="free", risk="outage")]
    )
    assert [change.object for change in gated.passed] == ["free", "free"]
    assert [each.change.object for each in gated.held] == ["frozen"]
