"""Where the tapes of a restore are and what comes first."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import PLACES, Place
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import NothingToRestore
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.route import route_of
from tests.support.tapes import make_status

VAULT = Vault(
    site="remote-store",
    courier="courier",
    recurrence="FREQ=WEEKLY;BYDAY=TU",
    recall_working_days=2,
    holidays=("2026-11-23",),
    basis="assumed",
)
FRIDAY = date(2026, 11, 20)


def test_a_tape_in_the_library_needs_nothing() -> None:
    (stop,) = route_of(["KYT001L8"], {"KYT001L8": make_status()}, [VAULT], FRIDAY)
    assert (stop.todo, stop.recall, stop.expected, stop.where) == (None, False, None, "slot 1")


def test_a_tape_in_the_vault_is_recalled_and_comes_after_closed_days() -> None:
    status = make_status(place="vault", position="CASE-LG-01", case="CASE-LG-01")
    (stop,) = route_of(["KYT001L8"], {"KYT001L8": status}, [VAULT], FRIDAY)
    assert stop.recall
    assert stop.todo is not None
    assert "CASE-LG-01" in stop.todo.en
    # Saturday, Sunday and a holiday do not count.
    assert stop.expected == date(2026, 11, 25)


def test_a_tape_that_was_recalled_is_not_recalled_again() -> None:
    status = make_status(place="vault", position="", recalled_for="restore of s05-db01")
    (stop,) = route_of(["KYT001L8"], {"KYT001L8": status}, [VAULT], FRIDAY)
    assert not stop.recall
    assert stop.todo is not None
    assert "restore of s05-db01" in stop.todo.en


@pytest.mark.parametrize("place", [place for place in PLACES if place not in {"drive", "slot", "gone"}])
def test_every_other_place_says_in_both_languages_what_to_do(place: Place) -> None:
    (stop,) = route_of(["KYT001L8"], {"KYT001L8": make_status(place=place)}, [VAULT], FRIDAY)
    assert stop.todo is not None
    assert stop.todo.en
    assert stop.todo.ja


def test_a_tape_that_is_gone_or_unknown_ends_the_restore() -> None:
    with pytest.raises(NothingToRestore, match="is gone"):
        route_of(["KYT001L8"], {"KYT001L8": make_status(place="gone", fate="lost")}, [VAULT], FRIDAY)
    with pytest.raises(NothingToRestore, match="restore-from-nothing"):
        route_of(["KYT009L8"], {}, [VAULT], FRIDAY)
