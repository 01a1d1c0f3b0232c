"""Records with tapes in their slots, in the exit ports, at the vault."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import issue
from tests.support.empty_records import empty_records
from tests.support.small_estate import copy_small
from tests.support.vault_desk import CASE, ORIGIN, POOL, TAPES, Desk, plan_of


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two tapes are registered and full, in their slots."""
    found = Desk(tmp_path, copy_small(tmp_path), empty_records(tmp_path / "records.sqlite3"))
    for number, tape in enumerate(TAPES, 1):
        found.record(tape, "register", pool=POOL, library="library-1", position=str(number))
        found.record(tape, "close")
    return found


@pytest.fixture
def ordered(desk: Desk) -> Desk:
    """They are ordered and in the exit ports."""
    with desk.store() as store:
        issue(store, plan_of(*TAPES), {}, ORIGIN)
    for number, tape in enumerate(TAPES, 1):
        desk.record(tape, "eject", order="WO-20261201-01", position=str(number))
    return desk


@pytest.fixture
def at_vault(ordered: Desk) -> Desk:
    """They have arrived at the vault."""
    for step in ("take-out", "hand-over", "arrive"):
        assert ordered.scan(step, CASE, "SEAL-1", *TAPES).done.troubles == []
    return ordered
