from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.arguments import finish, time_of
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome


class Ended(Exception):
    """How a module ends: with a result, good or bad."""

    def __init__(self, **result: Any) -> None:
        self.result = result


class Module:
    params: dict[str, Any]

    def exit_json(self, **result: Any) -> NoReturn:
        raise Ended(failed=False, **result)

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        raise Ended(failed=True, msg=msg, **result)


def test_an_expected_failure_becomes_one_message() -> None:
    def run() -> Outcome:
        raise VerbRefused("vc-kyotsu refuses the password")

    with pytest.raises(Ended) as ended:
        finish(Module(), run)
    assert ended.value.result == {"failed": True, "msg": "vc-kyotsu refuses the password"}


def test_a_bug_keeps_its_traceback() -> None:
    def run() -> Outcome:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        finish(Module(), run)


def test_an_outcome_becomes_the_result() -> None:
    outcome = Outcome(results=(), unchanged=0, unmanaged=(), digest="abc", seconds=0.1, calls={})
    with pytest.raises(Ended) as ended:
        finish(Module(), lambda: outcome)
    assert ended.value.result == {"failed": False, **outcome.as_result()}


def test_no_time_means_the_present() -> None:
    assert time_of({"now": None}) is None


def test_a_time_keeps_its_offset() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert time_of({"now": "2026-11-24T22:30:00+09:00"}) == datetime(2026, 11, 24, 22, 30, tzinfo=tokyo)


@pytest.mark.parametrize("text", ["tomorrow", "2026-11-24T22:30:00", "2026-13-01T00:00:00+09:00"])
def test_a_time_that_is_not_clear_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(VerbRefused, match="write for example"):
        time_of({"now": text})
