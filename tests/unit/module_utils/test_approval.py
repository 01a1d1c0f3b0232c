"""Who must agree to what, with real files and real signatures."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.approval import PlanFacts, problems
from ansible_collections.kyotsu.platform.plugins.module_utils.approval_files import (
    ApprovalError,
    approver_findings,
    read_approval,
    read_approvers,
    require_counting,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.signatures import (
    NAMESPACE,
    SignatureError,
    fingerprint,
    sign,
    signature_file,
)
from tests.support.approvals import DIGEST, Office, office
from tests.support.builders import make_platform

NOW = datetime.fromisoformat("2026-11-25T12:00:00+09:00")
FACTS: dict[str, Any] = {
    "digest": DIGEST,
    "environment": "lab",
    "risk": "outage",
    "owners": {"s02": ("org-301", "org-201")},
}


@pytest.fixture
def bureau(tmp_path: Path) -> Office:
    return office(tmp_path / "estate", tmp_path / "keys")


def why_not(
    bureau: Office, file: Path, *, now: datetime = NOW, actor: str | None = "tester", **facts: Any
) -> list[str]:
    approvers = read_approvers(bureau.repository)
    signed = read_approval(bureau.repository, file, approvers)
    found = problems(signed.approval, approvers, PlanFacts(**{**FACTS, **facts}), signed.signed_by, now, actor=actor)
    return [each.en for each in found]


def test_an_approval_that_counts(bureau: Office) -> None:
    assert why_not(bureau, bureau.write()) == []


@pytest.mark.parametrize(
    ("fields", "facts", "reason"),
    [
        ({}, {"digest": "b" * 64}, "it approves the plan aaaaaaaaaaaa…, this is bbbbbbbbbbbb…"),
        ({"environment": "production"}, {}, "it is for production, this is lab"),
        ({"risk": "reboot"}, {}, "it approves risk reboot, the plan has outage"),
        ({"systems": []}, {}, "it does not name s02"),
        ({"valid_until": "2026-11-25T12:00:00+09:00"}, {}, "it counts from"),
        ({"valid_from": "2026-11-25T12:00:01+09:00"}, {}, "it counts from"),
        ({"valid_until": "2026-11-20T12:00:00+09:00"}, {}, "its term ends before it begins"),
        (
            {"window": {"start": "2026-11-28T21:00:00+09:00", "end": "2026-11-29T05:00:00+09:00"}},
            {},
            "its window is 2026-11-28T21:00",
        ),
        ({"requester": "p-002", "approvers": ["p-002", "p-003"]}, {}, "p-002 has not the role requester"),
        ({"requester": "p-999"}, {}, "p-999 is not in approvers.yml"),
        ({"approvers": ["p-002", "p-001"]}, {}, "p-001 has not the role owner or platform"),
        ({"executors": ["p-001"]}, {}, "p-001 has not the role executor"),
        ({"executors": ["p-005"]}, {}, "tester is not one of those who may carry it out (p-005)"),
        ({"approvers": ["p-002"]}, {}, "s02 is interrupted and nobody of its owner (org-301) signed"),
        ({"approvers": ["p-003"]}, {}, "nobody signed for the platform"),
        ({}, {"owners": {"s02": ("org-390",)}}, "s02 is interrupted and nobody of its owner (org-390) signed"),
        ({"requester": "p-005", "approvers": ["p-005", "p-003"]}, {}, "p-005 is more than one"),
        ({"requester": "p-005", "executors": ["p-004", "p-005"]}, {}, "p-005 is more than one"),
        ({"approvers": ["p-005", "p-003"], "executors": ["p-004", "p-005"]}, {}, "p-005 is more than one"),
    ],
)
def test_an_approval_that_does_not_fit(
    bureau: Office, fields: dict[str, Any], facts: dict[str, Any], reason: str
) -> None:
    assert any(reason in each for each in why_not(bureau, bureau.write(**fields), **facts))


@pytest.mark.parametrize("risk", ["outage", "data", "destroy"])
def test_what_can_hurt_takes_three_people(bureau: Office, risk: str) -> None:
    file = bureau.write(requester="p-005", approvers=["p-005", "p-003"], risk=risk)
    assert any("p-005 is more than one" in each for each in why_not(bureau, file, risk=risk))


def test_one_person_may_do_what_interrupts_nobody(bureau: Office) -> None:
    file = bureau.write(requester="p-005", approvers=["p-005"], executors=["p-004", "p-005"], risk="none", systems=[])
    assert why_not(bureau, file, risk="none", owners={}) == []


def test_a_unit_above_the_owner_may_agree_for_it(bureau: Office) -> None:
    assert why_not(bureau, bureau.write(), owners={"s02": ("org-399", "org-301")}) == []


def test_inside_its_window_it_counts(bureau: Office) -> None:
    file = bureau.write(window={"start": "2026-11-28T21:00:00+09:00", "end": "2026-11-29T05:00:00+09:00"})
    assert why_not(bureau, file, now=datetime.fromisoformat("2026-11-28T13:00:00+00:00")) == []


@pytest.mark.parametrize(("field", "day"), [("valid_to", "2026-11-24"), ("valid_from", "2026-11-25")])
def test_who_approved_held_the_post_then_and_holds_it_now(bureau: Office, field: str, day: str) -> None:
    bureau.appoint(p_002={field: day})
    assert any("p-002 does not hold the post" in each for each in why_not(bureau, bureau.write()))


def test_an_edited_file_is_no_longer_signed(bureau: Office) -> None:
    file = bureau.write()
    file.write_bytes(file.read_bytes().replace(b"More memory", b"Less memory"))
    assert any("no valid signature of p-002, p-003" in each for each in why_not(bureau, file))


def test_a_missing_signature(bureau: Office) -> None:
    assert any("no valid signature of p-003" in each for each in why_not(bureau, bureau.write("p-002")))


def test_a_signature_by_somebody_elses_key_is_none(bureau: Office) -> None:
    file = bureau.write("p-002")
    sign(file, "p-003", bureau.key("p-002"))
    assert any("no valid signature of p-003" in each for each in why_not(bureau, file))


def test_a_signature_for_another_purpose_is_none(bureau: Office) -> None:
    file = bureau.write("p-002")
    key = bureau.key("p-003")
    made = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "file"],
        input=file.read_bytes(),
        capture_output=True,
        check=True,
    )
    assert NAMESPACE != "file"
    signature_file(file, "p-003").write_bytes(made.stdout)
    assert any("no valid signature of p-003" in each for each in why_not(bureau, file))


def test_rubbish_in_place_of_a_signature(bureau: Office) -> None:
    file = bureau.write("p-002")
    signature_file(file, "p-003").write_bytes(b"\x00\xff" * 100)
    assert any("no valid signature of p-003" in each for each in why_not(bureau, file))


def test_every_reason_is_told_in_both_languages(bureau: Office) -> None:
    """Who approves in an office reads Japanese; whoever runs the command may not."""
    file = bureau.write("p-002", systems=[], risk="reboot", executors=["p-005"])
    approvers = read_approvers(bureau.repository)
    signed = read_approval(bureau.repository, file, approvers)
    with pytest.raises(ApprovalError) as refused:
        require_counting(signed, approvers, PlanFacts(**FACTS), NOW, actor="tester")
    told = " ".join(refused.value.reasons)
    for en, ja in (
        ("it approves risk reboot", "承認された影響は reboot"),
        ("it does not name s02", "s02 が記載されていません"),
        ("no valid signature of p-003", "p-003 の有効な署名がありません"),
        ("nobody of its owner (org-301) signed", "所管（org-301）の署名がありません"),
        ("tester is not one of those", "tester は実施者（p-005）ではありません"),
    ):
        assert en in told
        assert ja in told
    assert all(" / " in reason and not reason.isascii() for reason in refused.value.reasons)


def test_an_approval_of_an_emergency_does_not_let_a_plan_pass(bureau: Office) -> None:
    file = bureau.write(kind="emergency", run_id="0123456789ab")
    approvers = read_approvers(bureau.repository)
    with pytest.raises(ApprovalError, match="afterwards"):
        require_counting(
            read_approval(bureau.repository, file, approvers), approvers, PlanFacts(**FACTS), NOW, actor="tester"
        )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"digest": "short"}, "digest"),
        ({"approvers": []}, "approvers"),
        ({"valid_until": "2026-12-01"}, "valid_until"),
        ({"more": 1}, "more"),
        ({"kind": "emergency"}, "run_id"),
        ({"reason": None}, "reason"),
    ],
)
def test_a_file_that_is_not_sound(bureau: Office, fields: dict[str, Any], reason: str) -> None:
    file = bureau.write("p-002", **fields)
    with pytest.raises(ApprovalError, match=reason):
        read_approval(bureau.repository, file, read_approvers(bureau.repository))


def test_a_file_under_another_name(bureau: Office) -> None:
    file = bureau.write()
    other = file.rename(file.with_name("CHG-2.yml"))
    with pytest.raises(ApprovalError, match=r"must be called CHG-1\.yml"):
        read_approval(bureau.repository, other, read_approvers(bureau.repository))


def test_a_file_that_is_not_there(bureau: Office) -> None:
    with pytest.raises(ApprovalError):
        read_approval(bureau.repository, bureau.repository / "approvals/CHG-9.yml", read_approvers(bureau.repository))


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ({"roles": ["platform"], "public_key": "ssh-ed25519 x y"}, "public_key"),
        ({"roles": []}, "roles"),
        ({"login": "tester"}, "more than one person is tester"),
        ({"id": "p-001"}, "more than one person is p-001"),
    ],
)
def test_people_that_are_not_sound(bureau: Office, person: dict[str, Any], reason: str) -> None:
    bureau.appoint(p_003=person)
    with pytest.raises(ApprovalError, match=reason):
        read_approvers(bureau.repository)


def test_who_approves_has_a_key_and_who_carries_out_a_login(bureau: Office) -> None:
    text = (bureau.repository / "approvals/approvers.yml").read_text(encoding="utf-8")
    for field in (f', "public_key": "{bureau.public_key("p-002")}"', ', "login": "tester"'):
        assert field in text
        (bureau.repository / "approvals/approvers.yml").write_text(text.replace(field, ""), encoding="utf-8")
        with pytest.raises(ApprovalError):
            read_approvers(bureau.repository)


def test_two_people_with_one_key_and_a_unit_that_does_not_exist(bureau: Office) -> None:
    bureau.appoint(p_003={"public_key": bureau.public_key("p-002"), "organisation": "org-404"})
    found = [each.en for each in approver_findings(read_approvers(bureau.repository), make_platform().organisations)]
    assert any("p-003 and p-002 have the same key" in each for each in found)
    assert any("p-003: organisation org-404 does not exist" in each for each in found)


def test_a_key_that_is_none_has_no_fingerprint() -> None:
    with pytest.raises(SignatureError, match="not a public key"):
        fingerprint("ssh-ed25519 AAAA")


def test_a_key_that_is_not_there_signs_nothing(bureau: Office, tmp_path: Path) -> None:
    file = bureau.write()
    with pytest.raises(SignatureError, match="did not sign"):
        sign(file, "p-002", tmp_path / "nowhere")
