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


def test_a_fault_that_does_not_pass_ends_the_attempts() -> None:
    work = Work(*["TaskInProgress"] * ATTEMPTS)
    with pytest.raises(Fault, match="TaskInProgress"):
        retrying(work, sleep=work.pauses.append)
    assert len(work.pauses) == ATTEMPTS - 1
    assert sum(work.pauses) < 15


def test_a_password_is_in_no_representation() -> None:
    assert "secret" not in repr(HostCredentials("root", "secret"))
