"""A disk counts as read whole only by vCenter's own count of it."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.last_stream import size_problem


@pytest.mark.parametrize(
    ("came", "sent", "problem"),
    [
        (4096, {"disk-0": 4096, "disk-1": 512}, ""),
        (4096, {}, ""),  # this vCenter keeps no count of any disk
        (2048, {"disk-0": 4096}, "2048 bytes came, vCenter has sent 4096"),
        (8192, {"disk-0": 4096}, "8192 bytes came, vCenter has sent 4096"),
        (4096, {"disk-1": 512}, "has not sent this one"),
        (0, {}, "0 bytes came"),
        (0, {"disk-0": 0}, "0 bytes came"),
    ],
    ids=["whole", "no manifest", "short", "too long", "missing in the manifest", "nothing", "nothing was sent"],
)
def test_a_disk_is_held_against_what_vcenter_has_sent(came: int, sent: dict[str, int], problem: str) -> None:
    found = size_problem("disk-0", came, sent)
    assert problem in found
    assert bool(found) is bool(problem)
