"""Retries."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import (
    ATTEMPTS,
    HostCredentials,
    retrying,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault


class Work:
    """Fails with the faults given, one by one, then succeeds."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = list(kinds)
        self.pauses: list[float] = []

    def __call__(self) -> str:
        if self.kinds:
            raise Fault("vc", self.kinds.pop(0), "")
        return "done"


def test_a_transient_fault_is_tried_again_with_growing_pauses() -> None:
    work = Work("TaskInProgress", "ResourceInUse", "ConcurrentAccess")
    assert retrying(work, sleep=work.pauses.append) == "done"
    assert work.pauses == sorted(work.pauses)
    assert len(work.pauses) == 3


def test_another_fault_is_not_tried_again() -> None:
    work = Work("NoDiskSpace")
    with pytest.raises(Fault, match="NoDiskSpace"):
        retrying(work, sleep=work.pauses.append)
    assert work.pauses == []


@pytest.mark.parametrize("kind", ["HostCommunication", "Timedout"])
def test_what_may_have_been_done_is_done_again_only_where_that_does_no_harm(kind: str) -> None:
    work = Work(kind)
    with pytest.raises(Fault, match=kind):
        retrying(work, sleep=work.pauses.append, repeatable=False)
    assert work.pauses == []
    again = Work(kind, "TaskInProgress")
    assert retrying(again, sleep=again.pauses.append) == "done"


def test_what_was_not_begun_is_begun_again_whatever_it_is() -> None:
    work = Work("TaskInProgress")
    assert retrying(work, sleep=work.pauses.append, repeatable=False) == "done"


def test_a_fault_that_does_not_pass_ends_the_attempts() -> None:
    work = Work(*["TaskInProgress"] * ATTEMPTS)
    with pytest.raises(Fault, match="TaskInProgress"):
        retrying(work, sleep=work.pauses.append)
    assert len(work.pauses) == ATTEMPTS - 1
    assert sum(work.pauses) < 15


def test_a_password_is_in_no_representation() -> None:
    assert "secret" not in repr(HostCredentials("root", "secret"))
