"""When the next batch must not start."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.budget import Budget
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result

BUDGET = Budget(failed=1, unreachable=1, rolled_back=1)


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNREACHABLE, Result.ROLLED_BACK, Result.DECISION_NEEDED])
def test_one_is_within_a_budget_of_one_and_two_are_not(result: Result) -> None:
    assert BUDGET.exceeded([result]) == ""
    assert BUDGET.exceeded([result, result]).startswith("2 ")


def test_each_kind_has_its_own_budget() -> None:
    assert BUDGET.exceeded([Result.FAILED, Result.UNREACHABLE, Result.ROLLED_BACK]) == ""


def test_who_waits_for_a_decision_counts_as_failed() -> None:
    assert BUDGET.exceeded([Result.FAILED, Result.DECISION_NEEDED]) == "2 failed (budget 1)"


def test_good_and_skipped_machines_never_stop_a_run() -> None:
    assert Budget().exceeded([Result.PATCHED, Result.UNCHANGED, Result.SKIPPED] * 50) == ""


def test_without_a_budget_the_first_silent_machine_stops_it() -> None:
    assert Budget().exceeded([Result.PATCHED, Result.UNREACHABLE]) == "1 unreachable (budget 0)"
