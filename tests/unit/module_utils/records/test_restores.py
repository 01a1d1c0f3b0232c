"""Restores and drills in the records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RestoreStateError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.restores import NewRestore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

ORIGIN = Origin(actor="a", host="h", run_id="r1", commit="c")


def new(**fields: Any) -> NewRestore:
    usual: dict[str, Any] = {
        "purpose": "restore",
        "machine": "s05-db-1",
        "system": "s05",
        "copy_id": 1,
        "manifest_digest": "a" * 64,
        "tapes": ("KYT001L8", "KYT002L8"),
        "recalled": True,
        "vcenter": "vc-kyotsu",
        "name": "s05-db01",
        "working_name": "restoring-r1-s05-db-1",
        "working_uuid": "6a0f8f0e-0000-4000-8000-000000000001",
    }
    return NewRestore(**{**usual, **fields})


def test_a_restore_is_open_until_it_has_ended(store: Store) -> None:
    record = store.restores.start(new(), ORIGIN)
    assert (record.id, record.state, record.tapes, record.recalled) == (1, "started", ("KYT001L8", "KYT002L8"), True)
    store.restores.verified(record.id, size_bytes=10, stream_seconds=2.0, origin=ORIGIN)
    assert [each.state for each in store.restores.unfinished()] == ["verified"]
    store.restores.finish(record.id, state="finished", seconds=3.0, message="booted", origin=ORIGIN)
    assert store.restores.unfinished() == []
    assert store.restores.of_machine("s05-db-1")[0].ended_at is not None


def test_only_what_ended_well_feeds_the_prediction(store: Store) -> None:
    for state in ("finished", "failed"):
        record = store.restores.start(new(), ORIGIN)
        store.restores.verified(record.id, size_bytes=10, stream_seconds=2.0, origin=ORIGIN)
        store.restores.finish(record.id, state=state, seconds=3.0, message="", origin=ORIGIN)  # type: ignore[arg-type]
    assert [(each.bytes, each.stream_seconds, each.seconds) for each in store.restores.measurements()] == [
        (10, 2.0, 3.0)
    ]


def test_an_end_is_not_written_twice(store: Store) -> None:
    record = store.restores.start(new(), ORIGIN)
    store.restores.finish(record.id, state="failed", seconds=1.0, message="", origin=ORIGIN)
    with pytest.raises(RestoreStateError, match="is not started or verified"):
        store.restores.finish(record.id, state="finished", seconds=1.0, message="", origin=ORIGIN)
    with pytest.raises(RestoreStateError, match="no restore 7"):
        store.restores.get(7)


def test_every_step_is_in_the_chain(store: Store) -> None:
    record = store.restores.start(new(), ORIGIN)
    store.restores.finish(record.id, state="failed", seconds=1.0, message="the tape broke", origin=ORIGIN)
    entries = store.chain.entries(kind="restore", subject="s05-db-1")
    assert ['"event":"started"' in entries[0].payload_text, '"event":"failed"' in entries[1].payload_text] == [True] * 2
    assert "the tape broke" in entries[1].payload_text
    assert store.chain.verify().ok


def test_the_last_drill_is_the_last_one_that_was_passed(store: Store) -> None:
    first = store.database.clock()
    for number, passed in enumerate((True, True, False)):
        at = first + timedelta(days=number)
        store.restores.certify("s05", {"number": number}, at=at, passed=passed, origin=ORIGIN)
    assert [drill.passed for drill in store.restores.drills()] == [True, True, False]
    assert store.restores.last_drills() == {"s05": first + timedelta(days=1)}
