"""Preparing a verb: the data of the moment, and no other moment than the present where it writes in production."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target, target_from
from tests.support.small_estate import copy_small

NIGHT = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)


def target(repository: Path, environment: str) -> Target:
    return target_from(
        {
            "environment": environment,
            "production": environment == "production",
            "repository": str(repository),
            "records_url": "sqlite:///unused",
            "vcenters": [],
        }
    )


def test_a_writing_run_in_production_goes_by_the_clock(tmp_path: Path) -> None:
    with pytest.raises(VerbRefused, match="goes by the clock"):
        prepare(target(copy_small(tmp_path), "production"), NIGHT, writes=True)


@pytest.mark.parametrize(("environment", "writes"), [("production", False), ("lab", True)])
def test_elsewhere_another_time_may_be_asked_for(tmp_path: Path, environment: str, *, writes: bool) -> None:
    assert prepare(target(copy_small(tmp_path), environment), NIGHT, writes=writes).now == NIGHT
