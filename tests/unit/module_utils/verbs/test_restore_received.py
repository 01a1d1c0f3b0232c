"""What vCenter says it got of each disk: all of it, or the restore fails."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import check_received
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import RestoreFailed, RestoreSource
from tests.support.manifests import make_manifest

MANIFEST = make_manifest()
SOURCE = RestoreSource(job_id=1, manifest=MANIFEST, digest="", jobs={})
NAMES = [disk.name for disk in MANIFEST.disks]
SENT = dict.fromkeys(NAMES, 4096)


def test_what_came_whole_or_is_counted_by_nobody_is_accepted() -> None:
    check_received(SOURCE, [4096] * len(NAMES), SENT)
    check_received(SOURCE, [None] * len(NAMES), SENT)


@pytest.mark.parametrize(
    ("first", "message"),
    [(None, "vCenter got nothing of 4096 bytes"), (2048, "vCenter got 2048 of 4096 bytes"), (0, "got 0 of 4096")],
    ids=["not counted beside one that is", "short", "empty"],
)
def test_a_disk_that_is_not_whole_fails_the_restore(first: int | None, message: str) -> None:
    assert len(NAMES) > 1
    with pytest.raises(RestoreFailed, match=message):
        check_received(SOURCE, [first, *[4096] * (len(NAMES) - 1)], SENT)


def test_a_disk_of_which_nothing_was_sent_fails_the_restore() -> None:
    with pytest.raises(RestoreFailed, match="of 0 bytes"):
        check_received(SOURCE, [None] * len(NAMES), SENT | {NAMES[0]: 0})
