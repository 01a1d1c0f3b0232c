"""The key that a running client has, and every way in which nobody can be sure of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse, RunningClient, key_in_use
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import KeyStatus
from tests.support.tapes import START

OLD = KeyStatus("lgwan-g1", "SHA256:old", created_at=START, changed_at=START, superseded=True)
NEW = KeyStatus("lgwan-g2", "SHA256:new", created_at=START, changed_at=START)
OTHER = KeyStatus("mynumber-g1", "SHA256:other", created_at=START, changed_at=START)
STATUSES = {each.key_id: each for each in (OLD, NEW, OTHER)}
CLIENT = RunningClient(
    name="lgwan-fd", started=1_000, changed=900.0, key_file="/keys/lgwan-fd.pem", fingerprint="SHA256:new"
)


def test_a_client_that_was_started_after_its_key_was_put_there_has_that_key() -> None:
    found = key_in_use(STATUSES, "lgwan", CLIENT)
    assert found == KeyInUse(key_id="lgwan-g2", client="lgwan-fd", started=1_000)


def test_what_changed_in_the_second_of_the_start_was_read() -> None:
    assert isinstance(key_in_use(STATUSES, "lgwan", replace(CLIENT, changed=1_000.9)), KeyInUse)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"changed": 1_001.0}, "start the client anew"),
        ({"fingerprint": "SHA256:nobody's"}, "the records do not know as one of segment lgwan"),
        ({"fingerprint": "SHA256:other"}, "the records do not know as one of segment lgwan"),
        ({"fingerprint": "SHA256:old"}, "encrypts with lgwan-g1, and the key of segment lgwan is lgwan-g2"),
    ],
    ids=["rotated and not started anew", "unknown", "of another segment", "the one before"],
)
def test_nothing_is_written_with_a_key_that_is_not_surely_the_one_of_the_records(
    change: dict[str, Any], reason: str
) -> None:
    found = key_in_use(STATUSES, "lgwan", replace(CLIENT, **change))
    assert not isinstance(found, KeyInUse)
    assert reason in found.en
    assert "lgwan" in found.ja


def test_a_key_that_was_destroyed_is_not_known() -> None:
    statuses = {**STATUSES, "lgwan-g2": replace(NEW, destroyed=True), "lgwan-g1": replace(OLD, superseded=False)}
    found = key_in_use(statuses, "lgwan", CLIENT)
    assert not isinstance(found, KeyInUse)
    assert "do not know" in found.en
