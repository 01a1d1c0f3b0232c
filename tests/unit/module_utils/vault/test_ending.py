"""Content is given up by one command, for named tapes, and never for what is kept or must be destroyed."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.registering import check_new
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.small_estate import AS_OF
from tests.support.tapes import BOTH
from tests.support.vault_desk import TAPES, Desk

MYNUMBER = "KYT007L8"


@pytest.fixture
def expired(desk: Desk) -> Desk:
    """One tape of lgwan and one of mynumber whose retention is over."""
    desk.record(MYNUMBER, "register", pool="mynumber-c3-offsite", library="library-1", position="7")
    desk.record(MYNUMBER, "close")
    for tape in (TAPES[0], MYNUMBER):
        desk.record(tape, "expire", reason="retention is over")
    return desk


def test_tapes_of_mynumber_are_destroyed_never_erased(expired: Desk) -> None:
    for check in (True, False):
        with pytest.raises(VerbRefused, match="are destroyed, never used again"):
            expired.run("erase", tapes=(MYNUMBER,), people=BOTH, check=check)
    outcome = expired.run("destroy", tapes=(MYNUMBER,), people=BOTH, certificate="C-7", reason="end", check=True)
    assert outcome.done.changed
    assert expired.places()[MYNUMBER] == "slot"


def test_erasing_names_its_tapes_and_its_people(expired: Desk) -> None:
    with pytest.raises(VerbRefused, match="needs tapes"):
        expired.run("erase", people=BOTH)
    with pytest.raises(VerbRefused, match="needs people"):
        expired.run("erase", tapes=TAPES[:1])
    with pytest.raises(VerbRefused, match="cannot erase a tape that is full"):
        expired.run("erase", tapes=(TAPES[1],), people=BOTH)


def test_check_mode_erases_nothing_and_leaves_no_trace(expired: Desk) -> None:
    outcome = expired.run("erase", tapes=(TAPES[0],), people=BOTH, check=True)
    assert "would be erased" in outcome.text()
    with expired.store() as store:
        assert store.chain.entries(kind="tape-release") == []
        assert store.custody.statuses()[TAPES[0]].state == "expired"


def test_the_intent_is_in_the_chain_before_the_tape_is_touched(expired: Desk) -> None:
    # There is no tape software here: it fails there, after the intent and before the ledger.
    with pytest.raises(VerbRefused, match=r"no-settings\.json"):
        expired.run("erase", tapes=(TAPES[0],), people=BOTH)
    with expired.store() as store:
        (entry,) = store.chain.entries(kind="tape-release")
        assert entry.subject == TAPES[0]
        assert store.custody.statuses()[TAPES[0]].state == "expired"


@pytest.mark.parametrize(
    ("pool", "barcodes", "owned", "message"),
    [
        ("lgwan-offsite", ["KYT001L8"], 0, "has no pool lgwan-offsite; it has internet-c3-onsite"),
        ("lgwan-c3-offsite", ["KYT001L9"], 0, "L8 at the end"),
        ("lgwan-c3-offsite", ["KYT01L8"], 0, "six letters or digits"),
        ("lgwan-c3-offsite", ["KYT001L8"], 40, "would own 41 tapes, its budget is 40"),
    ],
)
def test_new_tapes_that_do_not_fit_the_data_are_refused(
    desk: Desk, pool: str, barcodes: list[str], owned: int, message: str
) -> None:
    platform = load_estate(desk.repository, as_of=AS_OF).estate.platform
    with pytest.raises(VerbRefused, match=message):
        check_new(platform, pool, barcodes, owned=owned)
    check_new(platform, "lgwan-c3-offsite", ["KYT001L8"], owned=39)
