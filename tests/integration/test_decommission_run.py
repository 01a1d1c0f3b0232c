"""A system goes its whole way out in a lab, with the clock moved by data; another system is looked at from outside."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.request import Erasure, Request
from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.run import run_decommission
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import read_document
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.estate_lab import OUTSIDE_WINDOW, EstateLab, machines_of, statuses, wait_for_task
from tests.support.retiring import (
    AFTER,
    BEFORE,
    GRACE_OVER,
    IN_GRACE,
    KEYS,
    NAMES,
    OTHER,
    OTHER_VCENTER,
    VCENTER,
    Retiring,
    lines,
    may_not_switch_on,
    noon,
    rewrite,
    right,
    seen,
)
from tests.support.small_estate import S02

ALL_STEPS = [
    "announce", "quarantine", "back-up", "verify", "copy-off-site", "delete", "release", "complete",
]  # fmt: skip


def around(lab: EstateLab) -> dict[str, Any]:
    """What hangs around machines in the vCenter: folders, resource pools, and ids of what its tags are attached to."""
    with lab.session(VCENTER) as session:
        found = {}
        for name, kind in (("folders", vim.Folder), ("pools", vim.ResourcePool)):
            view = session.content.viewManager.CreateContainerView(session.content.rootFolder, [kind], True)
            found[name] = sorted(each.name for each in view.view)
        tagged = session.tagging.read().attached
        return {**found, "tagged": dict(tagged), "ids": {each.name: each._moId for each in machines_of(session)}}


def test_a_system_goes_its_whole_way_and_nothing_else_is_touched(going: Retiring) -> None:
    lab = going.lab
    other = seen(lab, OTHER_VCENTER, OTHER)
    assert other is not None
    assert all(name in going.registered() for name in (*NAMES, OTHER))
    before = around(lab)
    own = seen(lab, VCENTER, "s02-db01")["folder"]  # type: ignore[index]
    assert {before["ids"][name] for name in NAMES} <= set(before["tagged"])
    assert before["folders"].count(own) == 1

    # Before the last day: notices only.
    found = lines(going.run(BEFORE))
    assert {found[f"{name}: announce"][0] for name in NAMES} == {"changed"}
    assert {found[f"{name}: quarantine"][0] for name in NAMES} == {"held"}
    assert "2026-11-30 is its last day of use" in found["s02-db01: quarantine"][1]
    sheet = (going.reports / "s02" / "notice-s02-org-301.html").read_text(encoding="utf-8")
    assert "システム廃止のお知らせ" in sheet
    assert "令和8年11月30日" in sheet
    assert seen(lab, VCENTER, "s02-db01")["power"] == "poweredOn"  # type: ignore[index]

    # The day after: quarantine and the copy.
    found = lines(going.run(AFTER))
    assert {found[f"{name}: verify"][0] for name in NAMES} == {"changed"}
    for name in NAMES:
        machine = seen(lab, VCENTER, name)
        assert machine is not None
        assert (machine["power"], machine["folder"], set(machine["connected"])) == ("poweredOff", "quarantine", {False})
        assert machine["attributes"]["kyotsu-quarantine"] == "2026-12-01"
        assert machine["locked"], "nobody was held off"
        may_not_switch_on(lab, VCENTER, name)
    assert found["s02-db01: copy-off-site"][0] == "held"
    assert {each.machine for each in going.silences()} == set(NAMES)

    # Provision leaves what is in quarantine as it is.
    lab.reset_counters()
    assert statuses(lab.provision(now=OUTSIDE_WINDOW)) == {}
    assert lab.writing_calls() == 0

    going.tape.courier()
    found = lines(going.run(IN_GRACE))
    assert "is in quarantine until 2026-12-31" in found["s02-db01: delete"][1]

    # Grace is over: the plan waits for its signatures, then goes as it was signed.
    outcome = going.run(GRACE_OVER)
    assert lines(outcome)["s02-db01: delete"] == ("held", "s02-db01: no approved plan")
    done = going.run(GRACE_OVER, approval=going.approve(outcome.digest), typing=right)
    assert {each.status for each in done.results} == {"changed"}, lines(done)
    assert len(going.typed) == len(NAMES)
    assert [seen(lab, VCENTER, name) for name in NAMES] == [None, None, None]
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS)

    # Nothing left: no file on a datastore, no folder, no tag, no name, no target; what is shared stays.
    after = around(lab)
    assert sorted([*after["folders"], own]) == before["folders"]
    assert after["pools"] == before["pools"]
    assert not set(after["tagged"]) & {before["ids"][name] for name in NAMES}
    stores = lab.laboratory.paths.root / "datastores" / VCENTER
    assert [path for path in stores.rglob("*.vmdk") if "s02" in str(path)] == []
    assert "s02-" not in going.registered()
    assert "s13-db01" in going.registered()
    assert going.silences() == []
    with lab.session(VCENTER) as session:
        assert "s02-db01" not in [machine.name for machine in machines_of(session)]

    # The file says retired and stays; the estate is still sound, and nothing is left to do.
    file = yaml.safe_load((lab.repository / S02).read_text(encoding="utf-8"))
    assert (file["status"], file["retirement"]["reusable_from"]) == ("retired", "2027-04-04")
    assert statuses(lab.provision(now=GRACE_OVER + timedelta(days=1))) == {}
    assert seen(lab, OTHER_VCENTER, OTHER) == other
    assert lab.records("verify").code == 0


def test_the_completion_record_says_what_where_when_by_whom_and_how_it_was_verified(going: Retiring) -> None:
    going.to_grace()
    going.delete()
    text = (going.reports / "s02" / "completion-record.json").read_text(encoding="utf-8")
    _, digest, content = read_document(text)
    assert content["state"] == "logically-deleted"
    assert content["media"]["state"] == "pending"
    assert [each["key"] for each in content["machines"]] == list(KEYS)
    database = content["machines"][2]
    assert [step["step"] for step in database["steps"]] == ALL_STEPS[:-1]
    assert database["approved"] == "CHG-1: p-002, p-003"
    assert database["last_copy"]["kept_until"] == "2032-01-04"
    assert len(database["disks"]) == 2
    page = (going.reports / "s02" / "completion-record.html").read_text(encoding="utf-8")
    assert digest in page
    assert "論理削除済・媒体処分未了" in page
    verified = going.command("decommission.py", "verify", str(going.reports / "s02" / "completion-record.json"))
    assert verified.code == 0, verified.output
    forged = going.reports / "forged.json"
    forged.write_text(text.replace("2032-01-04", "2022-01-04"), encoding="utf-8")
    refused = going.command("decommission.py", "verify", str(forged))
    assert refused.code == 1
    assert "it was changed" in refused.output


def test_undo_brings_everything_back_as_it_was(going: Retiring) -> None:
    # An operator has a role on one machine itself.
    with going.lab.session(VCENTER) as session, going.lab.machine(VCENTER, "s02-db01") as machine:
        manager = session.content.authorizationManager
        own = vim.AuthorizationManager.Permission(principal="operator", group=False, roleId=-1, propagate=False)
        manager.SetEntityPermissions(entity=machine, permission=[own])
    before = {name: seen(going.lab, VCENTER, name) for name in NAMES}
    assert before["s02-db01"]["permissions"] == [("operator", False, -1, False)]  # type: ignore[index]
    going.to_grace()
    quarantined = seen(going.lab, VCENTER, "s02-db01")
    assert quarantined is not None
    assert ("operator", False, -2, False) in quarantined["permissions"]
    outcome = going.run(IN_GRACE, order="undo", reason="the successor is late", names=NAMES)
    assert {each.status for each in outcome.results} == {"changed"}
    for name in NAMES:
        assert seen(going.lab, VCENTER, name) == before[name]
    # The lock is gone with it: who could switch it before can again.
    with going.lab.session(VCENTER, "operator") as session:
        (machine,) = [each for each in machines_of(session) if each.name == "s02-ap01"]
        wait_for_task(machine.PowerOffVM_Task())
        wait_for_task(machine.PowerOnVM_Task())
    assert going.steps() == {key: [] for key in KEYS}
    assert going.silences() == []
    # Nothing to correct: provision finds what it made.
    going.lab.edit(S02, "status: retiring", "status: in-service")
    content = yaml.safe_load((going.lab.repository / S02).read_text(encoding="utf-8"))
    del content["retirement"]
    (going.lab.repository / S02).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert statuses(going.lab.provision(now=OUTSIDE_WINDOW)) == {}


def test_undo_without_a_limit_brings_nothing_back(going: Retiring) -> None:
    going.run(AFTER)
    run = going.lab.playbook("decommission", "--tags", "undo", "-e", "reason=late", "-e", f"reports={going.reports}")
    assert run.code != 0
    assert "undo: name the machines (--limit NAMES)" in run.output
    assert "Traceback" not in run.output
    assert seen(going.lab, VCENTER, "s02-db01")["power"] == "poweredOff"  # type: ignore[index]


@pytest.mark.parametrize("words", [("--limit", "localhost"), ("-e", "names=")], ids=["limit", "names"])
def test_a_choice_that_leaves_no_machine_takes_none(going: Retiring, words: tuple[str, ...]) -> None:
    run = going.lab.playbook("decommission", *words, "-e", "as_of=2026-12-01", "-e", f"reports={going.reports}")
    assert run.code != 0
    assert "not in systems/: " in run.output
    assert "Traceback" not in run.output
    assert going.steps() == {}
    assert seen(going.lab, VCENTER, "s02-db01")["power"] == "poweredOn"  # type: ignore[index]


def test_what_was_restored_after_its_deletion_retires_again_with_a_case_of_its_own(
    going: Retiring, tmp_path: Path
) -> None:
    going.to_grace()
    going.delete()
    first = (going.reports / "s02/completion-record.json").read_text(encoding="utf-8")
    retired = (going.lab.repository / S02).read_text(encoding="utf-8")
    # In service again: the machines are back under their identity.
    rewrite(going.lab, S02, {"status": "in-service", "retirement": None})
    again = GRACE_OVER + timedelta(days=10)
    going.lab.foundation(now=again)
    made = going.lab.provision(now=again)
    assert {each.status for each in made.results} == {"changed"}, statuses(made)
    assert seen(going.lab, VCENTER, "s02-db01") is not None
    later = again + timedelta(days=1)

    # Nothing is certified of what is there again, whether its file says that it is gone or that it goes.
    assets, rows, paper = tmp_path / "assets.csv", tmp_path / "lines.csv", tmp_path / "certificate.pdf"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\n", encoding="utf-8")
    rows.write_text("serial,treatment,performed_on\nD1,destroyed,2027-01-05\n", encoding="utf-8")
    paper.write_bytes(b"%PDF-1.7")
    erasure = Erasure(assets=assets, certificate=paper, certificate_lines=rows, witness="鈴木")
    described = (going.lab.repository / S02).read_text(encoding="utf-8")
    (going.lab.repository / S02).write_text(retired, encoding="utf-8")
    refused = going.run(later, order="certify", names=list(NAMES), erasure=erasure)
    assert "there again after its deletion, so its data is not erased" in refused.results[0].message
    (going.lab.repository / S02).write_text(described, encoding="utf-8")
    going.retire(date=again.date().isoformat())
    shown = going.run(later, check=True)
    assert any("a new case" in note for note in shown.notes)
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS)
    refused = going.run(later, order="certify", names=list(NAMES), erasure=erasure)
    assert {each.status for each in refused.results} == {"refused"}, lines(refused)

    # All steps once more: another quarantine with its whole grace, another copy, another approval.
    going.tape.taken_at = later
    going.run(later)
    assert going.steps() == {key: ["announce", "quarantine", "back-up", "verify"] for key in KEYS}
    going.tape.courier()
    waits = lines(going.run(later + timedelta(days=2)))
    assert "is in quarantine until 2027-02-14" in waits["s02-db01: delete"][1]
    over = noon("2027-02-15")
    digest = going.run(over).digest
    term = {"change": "CHG-2", "valid_from": "2027-02-01T00:00:00+09:00", "valid_until": "2027-03-01T00:00:00+09:00"}
    done = going.run(over, approval=going.approve(digest, **term), typing=right)
    assert {each.status for each in done.results} == {"changed"}, lines(done)
    assert [seen(going.lab, VCENTER, name) for name in NAMES] == [None, None, None]
    assert going.steps() == dict.fromkeys(KEYS, ALL_STEPS)

    # Both records are kept, and each is the one that the chain knows.
    kept = going.reports / "s02/completion-record-2027-01-04.json"
    assert kept.read_text(encoding="utf-8") == first
    _, _, content = read_document((going.reports / "s02/completion-record.json").read_text(encoding="utf-8"))
    # Steps of the first case prove nothing of the second deletion.
    assert {tuple(step["step"] for step in each["steps"]) for each in content["machines"]} == {tuple(ALL_STEPS[:-1])}
    for document in (kept, going.reports / "s02/completion-record.json"):
        assert going.command("decommission.py", "verify", str(document)).code == 0
    assert going.lab.records("verify").code == 0


def test_undo_is_refused_after_the_deletion(going: Retiring) -> None:
    going.to_grace()
    going.delete()
    going.lab.edit(S02, "status: retired", "status: retiring")
    outcome = going.run(GRACE_OVER, order="undo", reason="too late", names=NAMES)
    assert {each.status for each in outcome.results} == {"refused"}


def test_check_mode_shows_every_step_and_changes_nothing(going: Retiring) -> None:
    going.lab.reset_counters()
    found = lines(going.run(AFTER, check=True))
    assert [label.partition(": ")[2] for label in found if label.startswith("s02-db01")] == ALL_STEPS
    assert found["s02-db01: announce"][0] == "changed"
    assert "comes after: notice" in found["s02-db01: quarantine"][1]
    assert going.lab.writing_calls() == 0
    assert going.steps() == {}
    assert not going.reports.exists()


def test_check_mode_of_a_deletion_shows_what_is_left_of_it_and_tells_an_approval_that_does_not_count(
    going: Retiring,
) -> None:
    going.to_grace()
    digest = going.run(GRACE_OVER).digest
    plan = (going.reports / "deletion-plan.json").read_text(encoding="utf-8")
    records = going.lab.records("list").output
    going.lab.reset_counters()
    found = lines(going.run(GRACE_OVER, check=True))
    assert found["s02-db01: delete"] == ("held", "s02-db01: no approved plan")
    with pytest.raises(VerbRefused, match="no plan of a deletion"):
        going.run(GRACE_OVER, check=True, approval=going.approve("b" * 64, change="CHG-2"))
    found = lines(going.run(GRACE_OVER, check=True, approval=going.approve(digest)))
    assert found["s02-db01: delete"] == ("changed", "machine and disks deleted: would be done")
    assert "comes after: machine and disks deleted" in found["s02-db01: release"][1]
    assert (going.typed, going.lab.writing_calls()) == ([], 0)
    assert going.lab.records("list").output == records
    assert (going.reports / "deletion-plan.json").read_text(encoding="utf-8") == plan


@pytest.mark.parametrize("order", ["advance", "undo", "media"])
def test_check_mode_without_records_makes_none(going: Retiring, tmp_path: Path, order: str) -> None:
    assets = tmp_path / "assets.csv"
    assets.write_text("serial,kind,equipment,datastores\nD1,disk,kyotsu,\n", encoding="utf-8")
    none = tmp_path / "none" / "records.sqlite3"
    request = Request(
        order=order,
        reports=going.reports,
        names=NAMES,
        check=True,
        now=AFTER,
        reason="late",
        erasure=Erasure(assets=assets, witness="鈴木"),
    )
    outcome = run_decommission(going.lab.target(records_url=f"sqlite:///{none}"), request, copies=going.tape)
    assert ("s02-db01: announce" in lines(outcome)) == (order == "advance")
    assert not none.parent.exists()
    assert not going.reports.exists()


def test_limit_takes_one_machine_and_leaves_its_neighbours(going: Retiring) -> None:
    going.run(AFTER, names=["s02-ap02"])
    assert list(going.steps()) == ["s02-ap-2"]
    assert seen(going.lab, VCENTER, "s02-ap01")["power"] == "poweredOn"  # type: ignore[index]


def test_a_second_run_of_the_same_day_does_nothing(going: Retiring) -> None:
    going.run(AFTER)
    going.lab.reset_counters()
    going.run(AFTER)
    assert going.lab.writing_calls() == 0
    assert len(going.tape.calls) == len(NAMES)


def test_the_last_copies_outlive_the_deletion_by_what_the_file_says(going: Retiring) -> None:
    going.to_grace()
    going.delete()
    case = going.cases()["s02-db-1"]
    released = json.loads(case.done["release"].evidence["released"])
    assert released["addresses"] == ["198.19.0.64"]
    assert case.done["release"].evidence["reusable_from"] == "2027-04-04"


def test_one_machine_retires_alone_and_its_system_stays(going: Retiring) -> None:
    lab = going.lab
    text = (lab.repository / S02).read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    retirement = content.pop("retirement")
    content["status"] = "in-service"
    for machine in content["machines"]:
        machine.pop("pair", None)
    content["machines"][2].update({"status": "retiring", "retirement": retirement})
    (lab.repository / S02).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    lab.provision(now=OUTSIDE_WINDOW, emergency="labels")
    going.run(noon("2026-12-01"))
    going.tape.courier()
    going.delete()
    assert going.steps() == {"s02-ap-2": ALL_STEPS}
    assert seen(lab, VCENTER, "s02-ap01")["power"] == "poweredOn"  # type: ignore[index]
    content = yaml.safe_load((lab.repository / S02).read_text(encoding="utf-8"))
    assert (content["status"], content["machines"][2]["status"]) == ("in-service", "retired")
    assert (going.reports / "s02-ap-2" / "completion-record.json").exists()


def test_the_playbook_says_what_waits_and_ends_well(going: Retiring) -> None:
    run = going.lab.playbook("decommission", "-e", "as_of=2026-11-25", "-e", f"reports={going.reports}")
    assert run.code == 0, run.output
    assert "s02-db01: quarantine" in run.output
    assert going.steps() == {key: ["announce"] for key in KEYS}


def test_without_tape_the_last_copy_is_refused_in_one_clear_line(going: Retiring) -> None:
    run = going.lab.playbook("decommission", "-e", "as_of=2026-12-01", "-e", f"reports={going.reports}")
    assert run.code != 0
    assert "Traceback" not in run.output
    assert going.steps() == {key: ["announce", "quarantine"] for key in KEYS}


def test_the_lab_that_is_looked_at_is_the_one_that_was_changed(going: Retiring) -> None:
    """So that the comparisons above are not of nothing."""
    machine = seen(going.lab, VCENTER, "s02-db01")
    assert isinstance(going.lab, EstateLab)
    assert machine is not None
    assert machine["attributes"]["kyotsu-key"] == "s02-db-1"
    assert len(machine["disks"]) == 2
