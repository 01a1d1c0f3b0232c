"""What the tracker's file says of installed versions, and what a patch closes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.vulnerabilities import (
    Difference,
    Tracker,
    TrackerError,
    difference,
    read_tracker,
    vulnerabilities,
)


def tracker(**entries: dict[str, Any]) -> Tracker:
    """Of one source package "openssl": CVE (with _ for -) -> what the release says of it."""
    content = {
        "openssl": {
            cve.replace("_", "-"): {
                "description": "text",
                "scope": "local",
                "releases": {"bookworm": said, "trixie": {"status": "open", "urgency": "high"}},
            }
            for cve, said in entries.items()
        }
    }
    return read_tracker(json.dumps(content).encode(), "bookworm")


FIXED = {"status": "resolved", "fixed_version": "3.0.22-1~deb12u2", "urgency": "medium", "repositories": {}}


@pytest.mark.parametrize(
    ("version", "is_open"),
    [
        ("3.0.20-1~deb12u2", True),
        ("3.0.22-1~deb12u1", True),
        ("3.0.22-1~deb12u2", False),
        ("3.0.22-1", False),  # a tilde sorts before everything
        ("1:1.0-1", False),  # and an epoch after
    ],
)
def test_a_version_below_the_fix_has_the_vulnerability(version: str, is_open: bool) -> None:
    found = vulnerabilities({"openssl": version}, tracker(CVE_2026_0001=FIXED))
    assert [each.cve for each in found] == (["CVE-2026-0001"] if is_open else [])


@pytest.mark.parametrize(
    "said",
    [
        {**FIXED, "fixed_version": "0"},
        {**FIXED, "urgency": "unimportant"},
    ],
)
def test_what_never_touched_the_release_is_not_counted(said: dict[str, str]) -> None:
    assert vulnerabilities({"openssl": "1.0-1"}, tracker(CVE_2026_0001=said)) == ()


def test_one_without_a_fix_is_open_in_every_version() -> None:
    (found,) = vulnerabilities({"openssl": "99-1"}, tracker(CVE_2026_0001={"status": "open", "urgency": "high"}))
    assert (found.fixed_version, found.urgency) == (None, "high")


def test_a_release_that_the_tracker_does_not_name_has_none() -> None:
    content = json.dumps({"openssl": {"CVE-2026-0001": {"releases": {"trixie": FIXED}}}}).encode()
    assert vulnerabilities({"openssl": "1.0-1"}, read_tracker(content, "bookworm")) == ()


def test_a_package_that_the_tracker_lacks_has_none() -> None:
    assert vulnerabilities({"bash": "5.2-1"}, tracker(CVE_2026_0001=FIXED)) == ()


def test_a_patch_closes_what_no_package_has_any_more() -> None:
    known = read_tracker(
        json.dumps(
            {
                source: {"CVE-2026-0001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "2-1"}}}}
                for source in ("one", "other")
            }
        ).encode(),
        "bookworm",
    )
    before = vulnerabilities({"one": "1-1", "other": "1-1"}, known)
    half = vulnerabilities({"one": "2-1", "other": "1-1"}, known)
    assert difference(before, half) == Difference(closed=(), remaining=("CVE-2026-0001",), added=())
    whole = vulnerabilities({"one": "2-1", "other": "2-1"}, known)
    assert difference(before, whole) == Difference(closed=("CVE-2026-0001",), remaining=(), added=())
    assert difference(whole, before).added == ("CVE-2026-0001",)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"openssl": {"CVE-1": {"releases": {"bookworm": 3}}}}'])
def test_another_file_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(TrackerError, match="not the security tracker's JSON"):
        read_tracker(content, "bookworm")
