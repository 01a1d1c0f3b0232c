"""The timer that the runbook shows goes with the interval that the data names."""

from __future__ import annotations

import yaml

from tests.support.small_estate import ROOT

EVERY_HOUR = 60


def test_the_runbook_shows_a_timer_of_the_described_interval() -> None:
    data = yaml.safe_load((ROOT / "platform/collection.yml").read_text(encoding="utf-8"))
    minutes = data["collection"]["interval_minutes"]
    runbook = (ROOT / "docs/runbooks/collect.md").read_text(encoding="utf-8")
    assert f"every {minutes} minutes" in runbook
    assert minutes == EVERY_HOUR, "change OnCalendar and the cron line of the runbook too, then this test"
    assert "OnCalendar=hourly" in runbook
    assert "\n4 * * * * kyotsu " in runbook
