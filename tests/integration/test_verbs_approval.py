"""What a signed file lets pass in a real lab, what it does not, and an emergency that goes before its approval."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Entry, current_actor
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.drift import run_drift
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.provision import run_provision
from tests.support.approvals import Office, office
from tests.support.estate_lab import INSIDE_WINDOW, OUTSIDE_WINDOW, EstateLab, statuses
from tests.support.small_estate import S02

# A power cycle of s02-ap02, whose owner is org-301.
MEMORY = (S02, "memory_gb: 6", "memory_gb: 12")
TERM = {"valid_from": "2026-11-24T00:00:00+09:00", "valid_until": "2099-01-01T00:00:00+09:00", "risk": "reboot"}


@pytest.fixture
def bureau(few: EstateLab, tmp_path: Path) -> Office:
    made = office(few.repository, tmp_path / "keys")
    made.appoint(login=current_actor())
    few.edit(*MEMORY)
    return made


def provision(few: EstateLab, *, now: datetime = INSIDE_WINDOW, **options: Any) -> Outcome:
    return run_provision(few.target(require_approval=True), names=None, check=False, now=now, **options)


def digest(few: EstateLab, now: datetime = INSIDE_WINDOW) -> str:
    return str(few.plan(part="machines", now=now).digest)


def entries(few: EstateLab, kind: str) -> Sequence[Entry]:
    with open_store(few.records_url, production=False) as store:
        return store.chain.entries(kind=kind)


def test_a_signed_file_lets_its_plan_pass_and_is_kept_in_the_records(few: EstateLab, bureau: Office) -> None:
    file = bureau.write(digest=digest(few), **TERM)
    outcome = provision(few, approval=file)
    assert statuses(outcome)["s02-ap02"][0] == "changed"
    assert any("approved by CHG-1: p-002, p-003" in note for note in outcome.notes)
    (approval,) = entries(few, "approval")
    details = json.loads(approval.payload_text)["details"]
    assert details["change"] == "CHG-1"
    assert [each["person"] for each in details["signatures"]] == ["p-002", "p-003"]
    assert all(each["fingerprint"].startswith("SHA256:") for each in details["signatures"])
    assert few.records("verify").code == 0


def test_what_a_file_left_in_the_records_does_not_outlive_its_window(few: EstateLab, bureau: Office) -> None:
    window = {"start": "2026-11-28T21:00:00+09:00", "end": "2026-11-28T23:00:00+09:00"}
    plan = few.repository / "plan.json"
    few.plan(part="machines", output=plan, now=INSIDE_WINDOW)
    file = bureau.write(digest=json.loads(plan.read_text(encoding="utf-8"))["digest"], window=window, **TERM)
    assert statuses(provision(few, approval=file, plan_file=plan))["s02-ap02"][0] == "changed"
    # Somebody takes the memory back: the plan is what it was, and its time has passed.
    few.edit(S02, "memory_gb: 12", "memory_gb: 6")
    few.provision(now=INSIDE_WINDOW, emergency="back to the start")
    few.edit(*MEMORY)
    few.reset_counters()
    with pytest.raises(VerbRefused, match="no approval of plan"):
        provision(few, plan_file=plan)
    with pytest.raises(VerbRefused, match="its window is"):
        provision(few, approval=file, plan_file=plan, now=datetime.fromisoformat("2026-11-28T23:30+09:00"))
    assert few.writing_calls() == 0


def test_the_playbook_takes_the_file(few: EstateLab, bureau: Office) -> None:
    file = bureau.write(digest=digest(few), **TERM)
    run = few.playbook("provision", "-e", f"approval={file}", "-e", "emergency=test")
    assert run.code == 0, run.output
    assert len(entries(few, "approval")) == 1


def test_a_file_counts_even_where_none_is_required(few: EstateLab, bureau: Office) -> None:
    file = bureau.write("p-002", digest=digest(few), **TERM)
    few.reset_counters()
    with pytest.raises(VerbRefused, match="no valid signature of p-003"):
        few.provision(approval=file, now=INSIDE_WINDOW)
    assert few.writing_calls() == 0


# One lab for all of them: none changes anything.
DO_NOT_FIT: tuple[tuple[dict[str, Any], str], ...] = (
    ({"digest": "0" * 64}, "it approves the plan 000000000000…"),
    ({"environment": "production"}, "it is for production"),
    ({"systems": []}, "it does not name s02"),
    ({"approvers": ["p-002"]}, r"nobody of its owner \(org-301\) signed"),
    ({"valid_from": "2098-01-01T00:00:00+09:00"}, "it counts from"),
    ({"executors": ["p-005"]}, "is not one of those who may carry it out"),
)


def test_a_file_that_does_not_fit_changes_nothing(few: EstateLab, bureau: Office) -> None:
    plan = digest(few)
    few.reset_counters()
    for fields, reason in DO_NOT_FIT:
        file = bureau.write(**{"digest": plan, **TERM, **fields})
        with pytest.raises(VerbRefused, match=reason):
            provision(few, approval=file)
    assert few.writing_calls() == 0
    assert entries(few, "approval") == []


def test_an_emergency_goes_before_its_approval_and_is_kept_as_such(few: EstateLab, bureau: Office) -> None:
    with pytest.raises(VerbRefused, match="no approval of plan"):
        provision(few)
    outcome = provision(few, now=OUTSIDE_WINDOW, emergency="memory is exhausted")
    assert statuses(outcome)["s02-ap02"][0] == "changed"
    (entry,) = entries(few, "unapproved-run")
    payload = json.loads(entry.payload_text)
    assert (payload["reason"], payload["risk"], payload["owners"]["s02"][0]) == (
        "memory is exhausted",
        "reboot",
        "org-301",
    )
    assert any(f"run {entry.run_id} has no approval yet" in note for note in outcome.notes)
    # Who reads the report on drift is told, once the working days for its approval are over.
    now = datetime.now(UTC)
    assert run_drift(few.target("reader"), now=now).report.overdue == ()
    late = run_drift(few.target("reader"), now=now + timedelta(days=21)).as_result()
    assert [(each["run_id"], each["actor"]) for each in late["overdue"]] == [(entry.run_id, current_actor())]
    assert "memory is exhausted" in late["text"]


def test_an_emergency_by_somebody_who_is_no_executor(few: EstateLab, bureau: Office) -> None:
    bureau.appoint(login="somebody-else")
    few.reset_counters()
    with pytest.raises(VerbRefused, match="may not run an emergency without an approval"):
        provision(few, now=OUTSIDE_WINDOW, emergency="memory is exhausted")
    assert few.writing_calls() == 0
    assert entries(few, "unapproved-run") == []
