"""A scan moves what was found as ordered, once, and names everything else."""

from __future__ import annotations

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vault.orders import issue
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.tapes import BOTH
from tests.support.vault_desk import CASE, ORIGIN, TAPES, Desk, plan_of

ONE, TWO = TAPES


def test_what_is_scanned_as_ordered_is_recorded_with_its_papers(ordered: Desk) -> None:
    outcome = ordered.scan("take-out", CASE, "SEAL-1", ONE, TWO)
    assert (outcome.done.troubles, outcome.done.recorded, outcome.done.changed) == ([], 2, True)
    with ordered.store() as store:
        event = store.custody.history(ONE)[-1].event
    assert event.people == BOTH
    assert event.evidence == {"order": "WO-20261201-01", "case": CASE, "seal": "SEAL-1"}


def test_the_same_scan_again_records_nothing(ordered: Desk) -> None:
    ordered.scan("take-out", CASE, "SEAL-1", ONE, TWO)
    again = ordered.scan("take-out", CASE, "SEAL-1", ONE, TWO)
    assert (again.done.troubles, again.done.recorded, again.done.changed) == ([], 0, False)
    assert ordered.actions(ONE).count("take-out") == 1


def test_check_mode_says_the_same_and_writes_nothing(ordered: Desk) -> None:
    outcome = ordered.scan("take-out", CASE, "SEAL-1", ONE, check=True)
    assert [each.kind for each in outcome.done.troubles] == ["missing"]
    assert (outcome.done.recorded, outcome.done.changed) == (0, True)
    assert ordered.places() == dict.fromkeys(TAPES, "exit-port")
    with ordered.store() as store:
        assert store.chain.entries(kind="vault-scan") == []


def test_a_missing_tape_does_not_keep_the_other_from_moving(ordered: Desk) -> None:
    outcome = ordered.scan("take-out", CASE, "SEAL-1", ONE)
    assert [(each.kind, each.tape) for each in outcome.done.troubles] == [("missing", TWO)]
    assert ordered.places() == {ONE: "hand-over", TWO: "exit-port"}
    # It is found a minute later: packed into the same case.
    assert ordered.scan("take-out", CASE, "SEAL-1", ONE, TWO).done.troubles == []
    assert ordered.places() == dict.fromkeys(TAPES, "hand-over")


def test_a_seal_that_was_chosen_before_must_be_the_one(desk: Desk) -> None:
    with desk.store() as store:
        issue(store, plan_of(ONE), {CASE: "SEAL-77"}, ORIGIN)
    desk.record(ONE, "eject", order="WO-20261201-01", position="1")
    assert [each.kind for each in desk.scan("take-out", CASE, "SEAL-78", ONE).done.troubles] == ["wrong-seal"]
    assert desk.scan("take-out", CASE, "SEAL-77", ONE).done.troubles == []


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        ((CASE, "SEAL-2", ONE, TWO), ["wrong-seal", "wrong-seal"]),
        ((CASE, "NOSEAL", ONE, TWO), ["seal-broken", "seal-broken"]),
        (("CASE-MN-01", "SEAL-1", ONE, CASE, "SEAL-1", TWO), ["wrong-case"]),
        ((CASE, "SEAL-1", ONE, TWO, "KYT009L8"), ["unknown-tape"]),
        ((CASE, "SEAL-1", ONE, TWO, "?"), ["unread"]),
        ((CASE, "SEAL-1", ONE, "CASE-LG-02", "SEAL-1", ONE), ["two-cases", "two-cases", "missing"]),
    ],
)
def test_every_difference_at_the_hand_over_is_told(ordered: Desk, lines: tuple[str, ...], kinds: list[str]) -> None:
    ordered.scan("take-out", CASE, "SEAL-1", ONE, TWO)
    outcome = ordered.scan("hand-over", *lines)
    assert [each.kind for each in outcome.done.troubles] == kinds
    result = outcome.as_result()
    assert [each["kind"] for each in result["findings"]] == kinds
    assert all(each["todo_ja"] and each["todo"] for each in result["findings"])


def test_a_scan_with_differences_is_in_the_chain_once(ordered: Desk) -> None:
    for _ in range(2):
        ordered.scan("take-out", "CASE-MN-01", "SEAL-1", ONE, TWO)
    with ordered.store() as store:
        (entry,) = store.chain.entries(kind="vault-scan")
    assert '"kind":"wrong-case"' in entry.payload_text


def test_the_way_back_takes_the_seal_of_the_vault(at_vault: Desk) -> None:
    at_vault.run("recall", tapes=(ONE,), reason="restore", people=BOTH)
    with at_vault.store() as store:
        assert issue(store, plan_of(incoming=(ONE,)), {}, ORIGIN).sheets[0].number == "WO-20261201-02"
    assert at_vault.scan("leave-vault", CASE, "SEAL-9", ONE).done.troubles == []
    assert [each.kind for each in at_vault.scan("come-home", CASE, "SEAL-8", ONE).done.troubles] == ["wrong-seal"]
    assert at_vault.scan("come-home", CASE, "SEAL-9", ONE).done.troubles == []
    assert at_vault.places() == {ONE: "hand-over", TWO: "vault"}


def test_one_person_is_not_two(ordered: Desk) -> None:
    with pytest.raises(VerbRefused, match="2 different people"):
        ordered.scan("take-out", CASE, "SEAL-1", ONE, TWO, people=("山田 太郎",))
    assert ordered.places() == dict.fromkeys(TAPES, "exit-port")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scan": None}, "needs scan: write -e scan=FILE"),
        ({"people": ()}, "needs people"),
    ],
)
def test_what_is_missing_is_named(ordered: Desk, options: dict[str, object], message: str) -> None:
    with pytest.raises(VerbRefused, match=message):
        ordered.scan("take-out", CASE, "SEAL-1", ONE, **options) if "people" in options else ordered.run(
            "take-out", people=BOTH
        )


def test_an_empty_scan_and_one_that_is_no_text_are_refused_in_one_line(ordered: Desk) -> None:
    file = ordered.folder / "bad.txt"
    for content, message in ((b"", "the scan is empty"), (b"\xff\xfe\x00\x81", "neither UTF-8 nor Shift_JIS")):
        file.write_bytes(content)
        with pytest.raises(VerbRefused, match=message):
            ordered.run("take-out", scan=file, people=BOTH)
    with pytest.raises(VerbRefused, match="cannot be read: No such file"):
        ordered.run("take-out", scan=ordered.folder / "absent", people=BOTH)


def test_without_an_order_there_is_nothing_to_compare_with(desk: Desk) -> None:
    with pytest.raises(VerbRefused, match="no order was issued"):
        desk.scan("take-out", CASE, "SEAL-1", ONE)
