"""Which acceptance speaks of an open vulnerability."""

from __future__ import annotations

from datetime import date
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.acceptance import Acceptance, acceptance_of

DAY = date(2026, 12, 1)


def acceptance(**changes: Any) -> Acceptance:
    return Acceptance(
        **{
            "system": "s01",
            "cves": ("CVE-2026-0001",),
            "by": "部長",
            "accepted_on": date(2026, 11, 20),
            "until": date(2026, 12, 31),
            "reason": "次期更改",
            **changes,
        }
    )


def test_it_speaks_of_its_system_and_its_cves_only() -> None:
    one = acceptance()
    assert acceptance_of([one], "s01", "CVE-2026-0001", DAY) == one
    assert acceptance_of([one], "s02", "CVE-2026-0001", DAY) is None
    assert acceptance_of([one], "s01", "CVE-2026-0002", DAY) is None


def test_it_does_not_speak_of_the_days_before_it_was_given() -> None:
    assert acceptance_of([acceptance()], "s01", "CVE-2026-0001", date(2026, 11, 19)) is None


def test_of_two_the_one_that_lasts_longer_counts_whatever_their_order() -> None:
    longer = acceptance(until=date(2027, 6, 30), by="次長")
    for order in ([acceptance(), longer], [longer, acceptance()]):
        assert acceptance_of(order, "s01", "CVE-2026-0001", DAY) == longer


def test_one_that_has_run_out_is_still_told() -> None:
    over = acceptance(until=date(2026, 11, 30))
    assert acceptance_of([over], "s01", "CVE-2026-0001", DAY) == over
