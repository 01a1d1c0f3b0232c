"""What a content snapshot would close, per system."""

from __future__ import annotations

import json
from datetime import timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.content import Offer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.forecast import (
    SystemForecast,
    forecast,
    last_seen,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import RunOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.vulnerabilities import read_tracker
from tests.support.builders import make_estate, make_machine, make_system
from tests.support.patch_sample import AFTER, BEFORE, START, make_outcome, make_run


def fixed(version: str) -> dict[str, object]:
    return {"releases": {"bookworm": {"status": "resolved", "fixed_version": version}}}


TRACKER = read_tracker(
    json.dumps(
        {
            "openssl": {"CVE-2026-0001": fixed("3.0.22-1"), "CVE-2026-0002": fixed("3.0.23-1")},
            "sudo": {"CVE-2026-0003": fixed("1.9.13-2")},
        }
    ).encode(),
    "bookworm",
)
CONTENT = {
    name: Offer(package=name, version=version, source=name, source_version=version)
    for name, version in (("openssl", "3.0.22-1"), ("sudo", "1.9.13-2"))
}
ESTATE = make_estate(
    make_system("s01", make_machine("s01-db-1"), make_machine("s01-ap-1", role="ap")),
    make_system("s02", make_machine("s02-ap-1", image="windows-2022")),
    make_system("s03", make_machine("s03-ap-1", status="planned")),
)


def view(*runs: RunOutcome) -> SystemForecast:
    (found,) = forecast(ESTATE, last_seen(runs), TRACKER, CONTENT)
    return found


def unpatched(key: str = "s01-db-1") -> RunOutcome:
    return make_run(make_outcome(key, before=BEFORE, after=None))


def test_it_tells_what_would_be_closed_and_what_would_remain() -> None:
    found = view(unpatched())
    assert found.closed == {"CVE-2026-0001": ("name-s01-db-1",), "CVE-2026-0003": ("name-s01-db-1",)}
    assert found.remaining == {"CVE-2026-0002": ("name-s01-db-1",)}


def test_a_machine_that_has_it_already_loses_nothing() -> None:
    found = view(make_run(make_outcome(after=AFTER)))
    assert found.closed == {}
    assert set(found.remaining) == {"CVE-2026-0002"}


def test_the_newest_sighting_counts_whatever_the_order_of_the_runs() -> None:
    later = make_run(
        make_outcome(after=AFTER, finished_at=START + timedelta(days=30)),
        run_id="later",
        started_at=START + timedelta(days=30),
    )
    for order in ((unpatched(), later), (later, unpatched())):
        assert view(*order).closed == {}
        assert view(*order).seen_since == START + timedelta(days=30)


def test_a_machine_that_nobody_has_seen_is_unknown_and_not_clean() -> None:
    assert view(unpatched()).unknown == ("name-s01-ap-1",)
    nothing = view()
    assert (nothing.machines, len(nothing.unknown), nothing.seen_since, nothing.closed) == (2, 2, None, {})


def test_a_run_that_did_not_reach_a_machine_is_no_sighting() -> None:
    assert last_seen([make_run(make_outcome(before=None, after=None))]) == {}


def test_windows_machines_and_those_that_do_not_exist_yet_are_not_spoken_of() -> None:
    assert [each.system for each in forecast(ESTATE, {}, TRACKER, CONTENT)] == ["s01"]
