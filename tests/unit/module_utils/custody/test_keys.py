"""Keys: escrow that is proven, paper that is read back, sheets of which some suffice, rotation that loses nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import (
    KeyPaperUnreadable,
    LockedKey,
    checked_passphrase,
    join_parts,
    key_parts,
    lock_key,
    new_passphrase,
    unlock_key,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.keys import (
    PEOPLE,
    KeyEvent,
    escrow_gaps,
    key_id,
    keys_to_keep,
    refuse_destruction,
    replay_key,
    split_key_id,
    step_key,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.shares import join_sheets, split_passphrase
from tests.support.tapes import ESCROW, SITES, START, key_event, make_status, proven_key

LATER = START + timedelta(days=1)
PHRASE = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"


@pytest.fixture(scope="module")
def pem() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def gaps(events: list[KeyEvent], days: int = 0) -> list[str]:
    return escrow_gaps(replay_key(events), ESCROW, SITES, START.date() + timedelta(days=days))


def test_a_drilled_key_with_sheets_at_two_places_is_proven() -> None:
    assert gaps(proven_key()) == []


@pytest.mark.parametrize(
    ("events", "gap"),
    [
        ([], "not in the records"),
        ([key_event("create")], "not printed"),
        (proven_key()[:-1], "nobody has read"),
        ([*proven_key(), key_event("open", LATER)], "opened since the last drill"),
        ([*proven_key(), key_event("withdraw", LATER, sheet="4")], "changed since the last drill"),
        ([*proven_key(), key_event("withdraw", LATER, sheet="4")], "fewer than 2 sheets remain"),
        ([each for each in proven_key() if each.details["site"] != "annex" or each.action != "deposit"], "1 place"),
        ([*proven_key(), key_event("destroy", LATER)], "was destroyed"),
    ],
)
def test_what_is_missing_in_an_escrow_is_named(events: list[KeyEvent], gap: str) -> None:
    assert any(gap in each for each in gaps(events))


@pytest.mark.parametrize("site", ["data-centre", "remote-store", "unknown"])
def test_sheets_with_the_servers_or_with_the_tapes_do_not_count(site: str) -> None:
    moved = [
        replace(each, details={**each.details, "site": site}) if each.details["site"] == "annex" else each
        for each in proven_key()
    ]
    rule = replace(ESCROW, sites=(*ESCROW.sites, site))
    found = escrow_gaps(replay_key(moved), rule, SITES, START.date())
    assert any("1 place(s) that count" in each for each in found)


def test_a_drill_is_good_for_a_year() -> None:
    assert gaps(proven_key(), days=365) == []
    assert gaps(proven_key(), days=366) == ["the last drill is more than 12 months ago"]


@pytest.mark.parametrize("action", [action for action, people in PEOPLE.items() if people == 2])
def test_nobody_touches_a_key_alone(action: str) -> None:
    status = replay_key(proven_key())
    with pytest.raises(CustodyRefused, match="needs 2 different people by name, 1 given"):
        step_key(status, replace(key_event(action, LATER), people=("山田",)))  # type: ignore[arg-type]


def test_a_destroyed_key_stays_destroyed() -> None:
    status = replay_key([*proven_key(), key_event("destroy", LATER)])
    with pytest.raises(CustodyRefused, match="was destroyed"):
        step_key(status, key_event("drill", LATER))


def test_rotation_keeps_a_key_until_its_last_tape_is_destroyed() -> None:
    tapes = [
        make_status("KYT001L8", place="gone", fate="destroyed"),
        make_status("KYT002L8", place="gone", fate="lost"),
        make_status("KYT003L8", place="vault"),
    ]
    needed = keys_to_keep(tapes, {"KYT001L8": {"lgwan-g1"}, "KYT002L8": {"lgwan-g2"}, "KYT003L8": {"lgwan-g3"}})
    assert needed == {"lgwan-g2": ["KYT002L8"], "lgwan-g3": ["KYT003L8"]}
    refuse_destruction("lgwan-g1", needed)
    with pytest.raises(CustodyRefused, match="1 tapes still need it"):
        refuse_destruction("lgwan-g2", needed)


def test_a_key_id_says_segment_and_generation() -> None:
    assert key_id("lgwan", 2) == "lgwan-g2"
    assert split_key_id("tax-office-g12") == ("tax-office", 12)
    for bad in ("lgwan", "lgwan-g0", "-g1"):
        with pytest.raises(ValueError, match="no key id"):
            split_key_id(bad)


def test_paper_and_words_give_the_key_back_in_any_order(pem: bytes) -> None:
    phrase = new_passphrase()
    parts = key_parts(lock_key("lgwan-g1", pem, phrase))
    assert len(parts) > 1
    assert unlock_key(join_parts([*reversed(parts), parts[0]]), phrase.upper()) == pem


def test_other_words_do_not_open_it(pem: bytes) -> None:
    locked = lock_key("lgwan-g1", pem, new_passphrase())
    with pytest.raises(KeyPaperUnreadable, match="another envelope"):
        unlock_key(locked, new_passphrase())


def test_the_passphrase_is_not_in_any_error(pem: bytes) -> None:
    phrase = new_passphrase()
    with pytest.raises(KeyPaperUnreadable) as caught:
        unlock_key(lock_key("lgwan-g1", pem, new_passphrase()), phrase)
    assert phrase not in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (slice(1, None), "code 1 of"),
        (slice(0, 0), "no code was read"),
    ],
)
def test_a_page_that_is_not_whole_says_what_is_missing(pem: bytes, parts: slice, message: str) -> None:
    with pytest.raises(KeyPaperUnreadable, match=message):
        join_parts(key_parts(lock_key("lgwan-g1", pem, PHRASE))[parts])


def test_codes_of_two_pages_do_not_mix() -> None:
    one, other = LockedKey("lgwan-g1", b"a" * 900), LockedKey("mynumber-g1", b"b" * 900)
    with pytest.raises(KeyPaperUnreadable, match=r"mixed \(lgwan-g1, mynumber-g1\)"):
        join_parts([key_parts(one)[0], key_parts(other)[1]])


def test_a_code_that_was_changed_is_found() -> None:
    parts = [part.replace("YWFh", "YWFi", 1) for part in key_parts(LockedKey("lgwan-g1", b"a" * 900))]
    with pytest.raises(KeyPaperUnreadable, match="checksum does not match"):
        join_parts(parts)
    with pytest.raises(KeyPaperUnreadable, match="not part of a key page"):
        join_parts(["https://example.jp"])


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (PHRASE.replace("about", "xylophone"), "word 12 is not in the list"),
        (PHRASE.replace("about", "able"), "do not belong together"),
        ("abandon about", "has 12 words, 2 given"),
    ],
)
def test_a_word_that_was_read_wrong_is_noticed(typed: str, message: str) -> None:
    with pytest.raises(KeyPaperUnreadable, match=message):
        checked_passphrase(typed)


def test_four_letters_are_enough_for_each_word() -> None:
    assert checked_passphrase(" ".join(word[:4] for word in PHRASE.split())) == PHRASE


def test_any_two_of_four_sheets_give_the_passphrase() -> None:
    phrase = new_passphrase()
    sheets = split_passphrase(phrase, needed=2, sheets=4)
    for first in range(4):
        for second in range(4):
            if first != second:
                assert join_sheets([sheets[first], f"  {sheets[second].upper()} "]) == phrase


def test_one_sheet_says_nothing_and_sets_do_not_mix() -> None:
    phrase = PHRASE  # fixed: the message has words ("word", "wrong") that a new one may have too
    one, other = split_passphrase(phrase, needed=2, sheets=4), split_passphrase(phrase, needed=2, sheets=4)
    for given in ([one[0]], [one[0], other[1]], [one[0], one[1].replace(" ", " x", 1)], []):
        with pytest.raises(KeyPaperUnreadable) as caught:
            join_sheets(given)
        assert not set(phrase.split()) & set(str(caught.value).split())


@pytest.mark.parametrize(("needed", "sheets"), [(1, 4), (5, 4), (2, 17)])
def test_a_split_that_protects_nothing_is_refused(needed: int, sheets: int) -> None:
    with pytest.raises(ValueError, match="sheets"):
        split_passphrase(PHRASE, needed=needed, sheets=sheets)
