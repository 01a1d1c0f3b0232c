"""Later: which machines are as their run left them, by what the records and a look at them say."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import Answer
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import MachineOutcome, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.patch_run.verify import Verified, judge
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import Phase
from tests.support.patch_sample import AFTER, BEFORE, make_outcome
from tests.support.patch_steps import make_row

NAME = make_outcome().name
WELL = Answer(facts=AFTER, healthy=True)
SKIPPED = make_outcome(result=Result.SKIPPED, started_at=None, finished_at=None, before=None, after=None)


def judged(*attempts: MachineOutcome, answer: Answer | None = WELL, phase: Phase = Phase.CLOSED) -> Verified:
    rows = [make_row(each, phase) for each in attempts]
    return judge("2026-12", [NAME], rows, {} if answer is None else {NAME: answer})


def test_a_healthy_machine_with_the_packages_of_its_run_is_good() -> None:
    assert judged(make_outcome()).good == (NAME,)


def test_other_packages_than_its_run_left_are_named() -> None:
    found = judged(make_outcome(), answer=Answer(facts=BEFORE, healthy=True))
    assert found.wrong == {NAME: "packages are not as the run left them: openssl, sudo"}


@pytest.mark.parametrize("answer", [None, Answer(reachable=False, error="no route"), WELL])
def test_a_machine_that_never_came_back_from_its_upgrade_is_wrong(answer: Answer | None) -> None:
    found = judged(make_outcome(result=Result.UNREACHABLE, reason="timed out", after=None), answer=answer)
    assert "its run has not seen it at the end (unreachable: timed out)" in found.wrong[NAME]
    assert (found.good, found.never) == ((), ())


def test_a_later_attempt_that_lost_a_patched_machine_counts() -> None:
    assert NAME in judged(make_outcome(), make_outcome(result=Result.UNREACHABLE, after=None)).wrong


def test_a_later_run_that_did_not_begin_with_a_machine_changes_nothing() -> None:
    assert judged(make_outcome(), SKIPPED).good == (NAME,)


def test_a_machine_in_the_middle_of_a_run_is_wrong() -> None:
    assert "has not come to its end with it (restarting)" in judged(make_outcome(), phase=Phase.RESTARTING).wrong[NAME]


def test_only_a_machine_that_no_run_has_begun_with_was_never_patched() -> None:
    assert judged(SKIPPED).never == (NAME,)
    assert judged().never == (NAME,)
