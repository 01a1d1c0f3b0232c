"""What Ansible registers of a guest, as values."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.answers import answer_of

GUEST: dict[str, Any] = {
    "packages": {"openssl": "1"},
    "sources": {"openssl": "1"},
    "kernel": "6.1",
    "services": ["ssh"],
    "boot_id": "b/1",
    "restart_needed": True,
}


@pytest.mark.parametrize("registered", [None, {}, {"skipped": True, "changed": False}])
def test_a_task_that_did_not_run_is_no_answer(registered: dict[str, Any] | None) -> None:
    assert answer_of(registered) is None


def test_an_unreachable_guest_is_told_with_its_reason_on_one_line() -> None:
    found = answer_of({"unreachable": True, "msg": "Failed to connect:\n timed out"})
    assert found is not None
    assert (found.reachable, found.succeeded, found.error) == (False, False, "Failed to connect: timed out")


def test_a_failure_keeps_what_was_seen_before_it() -> None:
    found = answer_of(
        {"failed": True, "msg": "no room", "ready": False, "guest": GUEST, "upgrades": [{"package": "x"}]}
    )
    assert found is not None
    assert (found.error, found.ready, found.upgrades) == ("no room", False, ("x",))
    assert found.facts is not None
    assert found.facts.packages == {"openssl": "1"}


def test_health_is_unknown_unless_somebody_asked() -> None:
    assert answer_of({"guest": GUEST}).healthy is None  # type: ignore[union-attr]
    for code, healthy in ((0, True), (1, False), (2, False)):
        found = answer_of({"guest": GUEST, "health": {"code": code, "text": "x"}})
        assert found is not None
        assert found.healthy is healthy


def test_updates_of_windows_are_titles() -> None:
    found = answer_of({"upgrades": ["KB1 for Windows"]})
    assert found is not None
    assert found.upgrades == ("KB1 for Windows",)


def test_packages_that_are_kept_back_are_kept() -> None:
    found = answer_of({"upgrades": [], "kept_back": ["openssl", "sudo"]})
    assert found is not None
    assert found.kept_back == ("openssl", "sudo")
