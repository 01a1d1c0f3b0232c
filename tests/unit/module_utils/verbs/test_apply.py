"""The clock of a run."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.apply import clock_since

LONG_AGO = datetime(2018, 4, 1, 12, tzinfo=UTC)


def test_the_clock_of_a_run_counts_on_from_the_moment_that_was_given() -> None:
    assert timedelta(hours=1) <= clock_since(LONG_AGO, time.monotonic() - 3600)() - LONG_AGO < timedelta(hours=2)
    clock = clock_since(LONG_AGO, time.monotonic())
    assert LONG_AGO <= clock() <= clock()
