"""Approving as people do it: create, sign, check, and what comes after an emergency."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.plan import LIVE, Plan, plan_file_text
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.signatures import signature_file
from tests.support.approvals import Office, office
from tests.support.builders import make_change
from tests.support.small_estate import ROOT, copy_small

REQUIRED = ("--requester", "p-001", "--approver", "p-002", "--approver", "p-003", "--executor", "p-004")
NOW = ("--now", "2026-11-25T12:00:00+09:00")
ORIGIN = Origin(actor="tester", host="host", run_id="0123456789ab", commit="c0ffee")
PLAN = Plan(
    kind=LIVE,
    environment="lab",
    commit="c0ffee",
    part="everything",
    scope=None,
    observed={},
    changes=(make_change(vcenter="vc-mynumber", object="s02-db-1", risk="outage"),),
    refusals=(),
    unmanaged=(),
)


@pytest.fixture(scope="module")
def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("approve_script", ROOT / "scripts/approve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bureau(tmp_path: Path) -> Office:
    return office(copy_small(tmp_path), tmp_path / "keys")


def run(command: ModuleType, bureau: Office, *arguments: str) -> int:
    database = f"sqlite:///{bureau.repository}/records.sqlite3"
    return int(command.main(["--repository", str(bureau.repository), "--database", database, *arguments]))


def create(command: ModuleType, bureau: Office, plan: Plan = PLAN, change: str = "CHG-7") -> int:
    file = bureau.repository / "plan.json"
    file.write_text(plan_file_text(plan), encoding="utf-8")
    subject = ("create", "--plan", str(file), "--change", change, "--reason", "More memory: 16 GiB")
    return run(command, bureau, *subject, *REQUIRED, *NOW)


def sign_all(command: ModuleType, bureau: Office, file: Path) -> None:
    for identity in ("p-002", "p-003"):
        assert run(command, bureau, "sign", str(file), "--as", identity, "--key", str(bureau.key(identity))) == 0


def test_from_a_plan_to_a_signed_file(command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert create(command, bureau) == 0
    file = bureau.repository / "approvals/CHG-7.yml"
    assert "risk outage, interrupts s02" in capsys.readouterr().out
    assert run(command, bureau, "check") == 1
    said = capsys.readouterr().out
    assert "no valid signature of p-002, p-003" in said
    assert "p-002, p-003 の有効な署名がありません" in said
    sign_all(command, bureau, file)
    assert PLAN.digest in capsys.readouterr().out
    assert run(command, bureau, "check") == 0
    assert "1 approvals, 5 people, 0 findings" in capsys.readouterr().out


def test_only_a_live_plan_is_approved(command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert create(command, bureau, dataclasses.replace(PLAN, kind="review")) == 2
    assert "it is a plan of kind 'review'" in capsys.readouterr().err
    assert not (bureau.repository / "approvals/CHG-7.yml").exists()


def test_a_change_has_one_approval(command: ModuleType, bureau: Office) -> None:
    assert create(command, bureau) == 0
    assert create(command, bureau) == 2


def test_an_edited_plan_is_not_approved(command: ModuleType, bureau: Office) -> None:
    file = bureau.repository / "plan.json"
    file.write_text(plan_file_text(PLAN).replace('"outage"', '"none"'), encoding="utf-8")
    assert run(command, bureau, "create", "--plan", str(file), "--change", "CHG-7", "--reason", "x", *REQUIRED) == 2


def test_a_person_who_is_not_known(command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert create(command, bureau) == 0
    plan = str(bureau.repository / "plan.json")
    unknown = ("--requester", "p-999", "--approver", "p-002", "--executor", "p-004")
    assert run(command, bureau, "create", "--plan", plan, "--change", "CHG-8", "--reason", "x", *unknown) == 2
    assert "not in approvers.yml: p-999" in capsys.readouterr().err


@pytest.mark.parametrize("change", ["CHG-a/b", "chg-1", "../CHG-1", "CHG-1.yml"])
def test_a_change_number_that_is_none_leaves_no_file(command: ModuleType, bureau: Office, change: str) -> None:
    with pytest.raises(SystemExit) as end:
        create(command, bureau, change=change)
    assert end.value.code == 2
    assert [each.name for each in (bureau.repository / "approvals").iterdir() if each.suffix == ".yml"] == [
        "approvers.yml"
    ]


def test_nobody_signs_for_somebody_else(
    command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert create(command, bureau) == 0
    file = bureau.repository / "approvals/CHG-7.yml"
    assert run(command, bureau, "sign", str(file), "--as", "p-003", "--key", str(bureau.key("p-002"))) == 1
    assert "is not the key that approvers.yml has of p-003" in capsys.readouterr().err
    assert not signature_file(file, "p-003").exists()
    assert run(command, bureau, "sign", str(file), "--as", "p-001", "--key", str(bureau.key("p-001"))) == 2


def test_a_wrong_key_does_not_destroy_a_right_signature(command: ModuleType, bureau: Office) -> None:
    assert create(command, bureau) == 0
    file = bureau.repository / "approvals/CHG-7.yml"
    sign_all(command, bureau, file)
    assert run(command, bureau, "sign", str(file), "--as", "p-003", "--key", str(bureau.key("p-002"))) == 1
    assert run(command, bureau, "check") == 0


def test_a_signature_without_its_approval(
    command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    (bureau.repository / "approvals/CHG-9.yml.p-002.sig").write_bytes(b"")
    assert run(command, bureau, "check") == 1
    assert "CHG-9.yml.p-002.sig: no approval asks for this signature" in capsys.readouterr().out


def store_of(bureau: Office) -> Store:
    return open_store(f"sqlite:///{bureau.repository}/records.sqlite3", production=False)


def emergency(command: ModuleType, bureau: Office) -> None:
    payload = {
        "reason": "disk full",
        "environment": "lab",
        "risk": "outage",
        "owners": {"s02": ["org-301"]},
        "person": "p-004",
    }
    with store_of(bureau) as store:
        # Friday evening in Osaka; 23 November is no holiday of these people, so the term ends on Wednesday the 25th.
        store.chain.append(command.UNAPPROVED, "d" * 64, payload, ORIGIN, at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


def test_an_emergency_is_approved_afterwards(
    command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    emergency(command, bureau)
    assert run(command, bureau, "overdue", "--as-of", "2026-11-25") == 0
    assert run(command, bureau, "overdue", "--as-of", "2026-11-26") == 1
    assert "overdue since 2026-11-25" in capsys.readouterr().out

    subject = ("create", "--run-id", ORIGIN.run_id, "--change", "CHG-8", "--reason", "disk full")
    assert run(command, bureau, *subject, *REQUIRED, *NOW) == 0
    file = bureau.repository / "approvals/CHG-8.yml"
    assert run(command, bureau, "record", str(file), *NOW) == 1, "nobody has signed yet"
    sign_all(command, bureau, file)
    assert run(command, bureau, "record", str(file), *NOW) == 0
    with store_of(bureau) as store:
        (entry,) = store.chain.entries(kind=command.AFTERWARDS)
        details = json.loads(entry.payload_text)
    assert [each["person"] for each in details["signatures"]] == ["p-002", "p-003"]
    assert details["run_id"] == ORIGIN.run_id
    capsys.readouterr()
    # It was recorded in this moment, whatever day the test runs on: in time or late, and overdue no more.
    run(command, bureau, "overdue", "--as-of", "2026-11-26")
    assert "overdue since" not in capsys.readouterr().out


def test_a_run_that_nobody_knows(command: ModuleType, bureau: Office, capsys: pytest.CaptureFixture[str]) -> None:
    emergency(command, bureau)
    subject = ("create", "--run-id", "ffffffffffff", "--change", "CHG-8", "--reason", "x")
    assert run(command, bureau, *subject, *REQUIRED) == 2
    assert "the records know no emergency run ffffffffffff" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["create"],
        ["sign", "x"],
        ["overdue", "--as-of", "soon"],
        ["create", "--plan", "x", "--run-id", "y"],
        ["nonsense"],
    ],
)
def test_wrong_use(command: ModuleType, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2


def test_the_repositorys_own_approvals_are_sound(command: ModuleType) -> None:
    assert command.main(["check"]) == 0
