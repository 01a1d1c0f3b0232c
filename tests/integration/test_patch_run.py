"""playbooks/patch.yml over guests that boot: good ones, a bad package, one without room, one that is silent."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tarfile
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import create_snapshots
from lab.mirror.round_manifests import write_manifests
from tests.support.guest_lab import needs_guests
from tests.support.patch_lab import CHANGE, NEXT_NOON, NEXT_ROUND, NOON, ROUND, VCENTER, PatchLab, patch_lab

CANARY, DATABASE, APPLICATION = "s33-ap01", "s39-db01", "s39-ap01"
BAD, FULL, SILENT = "s39-web01", "s39-web02", "s39-web03"
NAMES = (CANARY, DATABASE, APPLICATION, BAD, FULL, SILENT)
SOURCES = "/etc/apt/sources.list.d/kyotsu.sources"
CONTENT, BROKEN = "patch-2026-11", "patch-2026-12"
BUDGET = json.dumps({"budget": {"failed": 1, "unreachable": 1, "rolled_back": 1}})

pytestmark = needs_guests


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PatchLab]:
    """The tests of this file follow one another."""
    with patch_lab(tmp_path_factory.mktemp("patch"), "patch-run", NAMES) as running:
        running.approve(ROUND, CONTENT, ["s33", "s39"])
        yield running


def test_01_check_mode_tells_batches_and_packages_and_writes_nothing(lab: PatchLab) -> None:
    for channel in ("canary", "wave-2"):
        lab.mirror.promote(channel, CONTENT, approved_by="A")
    before = lab.packages(DATABASE)
    run = lab.patch("--check", limit=[CANARY, DATABASE])
    assert run.code == 0, run.output
    assert f"batch 1: {CANARY}" in run.output
    assert f"batch 2: {DATABASE}" in run.output
    assert "kyotsu-sample-service" in run.output
    assert lab.packages(DATABASE) == before
    assert lab.snapshots(DATABASE) == ()
    assert lab.runs() == []
    with lab.store() as store:
        assert store.patches.runs("lab", ROUND) == []


def test_02_outside_its_window_a_machine_waits_and_nothing_is_recorded(lab: PatchLab) -> None:
    given = json.dumps({"emergency": ""})
    run = lab.patch("--extra-vars", given, limit=[DATABASE])
    assert run.code == 0, run.output
    assert f"not {DATABASE}: planned for 12-" in run.output
    with lab.store() as store:
        assert store.patches.runs("lab", ROUND) == []


def test_03_a_run_needs_a_change_and_an_answer(lab: PatchLab) -> None:
    assert "give the number of the change" in lab.patch(limit=[DATABASE], change="").output
    lab.approve(ROUND, CONTENT, ["s33"])
    run = lab.patch(limit=[DATABASE])
    assert f"not {DATABASE}: the owner has not answered whether it applies" in run.output
    lab.approve(ROUND, CONTENT, ["s33", "s39"])


def test_04_a_mirror_that_serves_another_content_than_the_approved_is_refused(lab: PatchLab) -> None:
    lab.approve(ROUND, CONTENT, ["s33", "s39"], manifests={"lgwan": "0" * 64})
    run = lab.patch(limit=[DATABASE], change="CHG-0")
    assert run.code == 2, run.output
    (evidence,) = lab.runs()
    assert "serves another content" in lab.outcomes(evidence)[DATABASE].reason
    assert f"{DATABASE} could not be patched" in evidence.findings[0]
    assert lab.snapshots(DATABASE) == ()
    next(lab.folder.glob(f"{ROUND}/*.json")).unlink()
    served = lab.mirror.root / "snapshots" / CONTENT / "manifest.json"
    manifests = {"lgwan": hashlib.sha256(served.read_bytes()).hexdigest()}
    lab.approve(ROUND, CONTENT, ["s33"], manifests=manifests)
    run = lab.patch("--check", limit=[CANARY])
    assert run.code == 0, run.output
    assert "kyotsu-sample-service" in run.output
    assert "serves another content" not in run.output
    assert "content is not proven" not in run.output
    lab.approve(ROUND, CONTENT, ["s33", "s39"])


def test_05_each_machine_comes_out_as_it_should(lab: PatchLab) -> None:
    lab.mirror.promote("wave-3", BROKEN, approved_by="A")
    lab.say(BAD, f"sed -i s/wave-2/wave-3/ {SOURCES}; echo of-before >/var/log/of-before.log")
    lab.say(FULL, "dd if=/dev/zero of=/full bs=1M 2>/dev/null; rm -f /tmp/*; truncate -s -20M /full")
    before = {name: lab.packages(name) for name in NAMES}
    files, health = lab.files(BAD), lab.health(BAD)
    lab.say(SILENT, "(sleep 1; ip link set eth0 down) >/dev/null 2>&1 &")

    run = lab.patch("--extra-vars", BUDGET)
    assert run.code == 2, run.output
    (evidence,) = lab.runs()
    found = lab.outcomes(evidence)
    assert {name: each.result for name, each in found.items()} == {
        CANARY: Result.PATCHED,
        DATABASE: Result.PATCHED,
        APPLICATION: Result.PATCHED,
        BAD: Result.ROLLED_BACK,
        FULL: Result.SKIPPED,
        SILENT: Result.UNREACHABLE,
    }, run.output
    assert evidence.stopped == ""
    assert "make room first" in found[FULL].reason
    assert "not healthy: FAIL kyotsu-sample-service 1.2" in found[BAD].reason
    batches = {name: each.batch for name, each in found.items()}
    assert batches[CANARY] < batches[DATABASE] < batches[APPLICATION] < batches[BAD]

    # In the guests themselves.
    for name in (CANARY, DATABASE, APPLICATION):
        assert lab.packages(name)["kyotsu-sample-service"] == "1.1"
        assert lab.health(name).startswith("OK ")
        assert found[name].after is not None
        assert found[name].after.packages == lab.packages(name)
        assert found[name].restarted
        assert found[name].cves_closed
    assert (lab.packages(BAD), lab.files(BAD), lab.health(BAD)) == (before[BAD], files, health)
    assert lab.packages(FULL) == before[FULL]
    with tarfile.open(found[BAD].logs) as logs:
        assert "var/log/of-before.log" in logs.getnames()


def test_06_each_machine_that_was_touched_has_one_snapshot_that_says_why(lab: PatchLab) -> None:
    found = lab.outcomes(lab.runs()[0])
    for name in NAMES:
        if name == SILENT:
            continue
        snapshots = lab.snapshots(name)
        assert len(snapshots) == (0 if name == FULL else 1), name
        for each in snapshots:
            assert each.label is not None
            assert (each.label.purpose, each.label.change) == ("patch", CHANGE)
            assert found[name].snapshot is not None
            assert found[name].snapshot.reference == each.reference


def test_07_silence_was_asked_for_those_that_were_touched_and_has_ended(lab: PatchLab) -> None:
    file = lab.services.laboratory.paths.root / "monitoring/silences.json"
    silences = json.loads(file.read_text(encoding="utf-8"))
    assert {each["machine"] for each in silences} == {CANARY, DATABASE, APPLICATION, BAD}
    assert all(each["ended"] for each in silences)
    assert {CHANGE in each["reason"] for each in silences} == {True}


def test_08_the_records_say_what_the_file_says(lab: PatchLab) -> None:
    (evidence,) = lab.runs()
    with lab.store() as store:
        assert store.patches.outcome(evidence.run_id) == evidence
        assert store.chain.verify().ok


def test_09_later_the_checks_can_be_run_again(lab: PatchLab) -> None:
    names = [CANARY, DATABASE, APPLICATION, BAD]
    run = lab.playbook("patch", *lab.arguments("--tags", "verify-only", limit=names))
    assert run.code == 0, run.output
    lab.say(DATABASE, "service kyotsu-sample-service stop")
    run = lab.playbook("patch", *lab.arguments("--tags", "verify-only", limit=[*names, SILENT]))
    assert run.code == 2
    assert f"{DATABASE}: not healthy" in run.output
    assert f"{SILENT}: its run has not seen it at the end (unreachable" in run.output
    lab.say(DATABASE, "service kyotsu-sample-service start")


def test_10_a_second_run_patches_the_rest_and_touches_no_finished_machine(lab: PatchLab) -> None:
    lab.say(BAD, f"sed -i s/wave-3/wave-2/ {SOURCES}")
    lab.say(FULL, "rm /full")
    starts = lab.say(DATABASE, "wc -l </var/lib/kyotsu-sample-service/history")
    limit = [CANARY, DATABASE, APPLICATION, BAD, FULL]
    # As production asks for it: nothing goes without the digest of what the mirrors serve.
    lab.require_content(True)
    refused = lab.patch(limit=limit)
    assert refused.code == 2, refused.output
    assert "content.manifests has no digest for lgwan" in refused.output
    assert len(lab.runs()) == 1
    write_manifests(lab.repository, load_estate(lab.repository).estate, [lab.mirror], ROUND)
    run = lab.patch(limit=limit)
    lab.require_content(False)
    assert run.code == 0, run.output
    assert "content is not proven" not in run.output
    second = lab.outcomes(lab.runs()[1])
    assert {name: each.result for name, each in second.items() if each.batch} == {
        BAD: Result.PATCHED,
        FULL: Result.PATCHED,
    }
    assert {(bool(second[name].manifest_sha256), second[name].reason) for name in (BAD, FULL)} == {(True, "")}
    assert "has this round's updates" in second[DATABASE].reason
    assert len(lab.snapshots(DATABASE)) == 1
    assert lab.say(DATABASE, "wc -l </var/lib/kyotsu-sample-service/history") == starts


def test_11_a_tight_budget_stops_the_next_batch_and_a_database_waits_for_a_person(lab: PatchLab) -> None:
    lab.approve(NEXT_ROUND, BROKEN, ["s33", "s39"])
    lab.mirror.promote("wave-2", BROKEN, approved_by="A")  # the canary's channel stays: it has nothing new
    limit = [CANARY, DATABASE, APPLICATION]
    run = lab.patch(limit=limit, at=NEXT_NOON, change="CHG-2")
    assert run.code == 2, run.output
    # Snapshots of the round before are past their last day, and block their systems until they are gone.
    assert "its system has a snapshot that should be gone" in run.output
    assert lab.runs(NEXT_ROUND) == []
    cleaned = lab.patch("--tags", "cleanup", limit=NAMES, at=NEXT_NOON)
    assert cleaned.code == 0, cleaned.output

    run = lab.patch(limit=limit, at=NEXT_NOON, change="CHG-2")
    assert run.code == 2, run.output
    (evidence,) = lab.runs(NEXT_ROUND)
    found = lab.outcomes(evidence)
    assert found[CANARY].result is Result.UNCHANGED
    assert found[CANARY].reason == "its content is not proven"
    assert found[DATABASE].result is Result.DECISION_NEEDED
    assert found[APPLICATION].result is Result.SKIPPED
    assert evidence.stopped == "1 failed (budget 0)"
    assert "not begun: 1 failed (budget 0)" in found[APPLICATION].reason
    assert lab.packages(APPLICATION)["kyotsu-sample-service"] == "1.1"
    # The database is not brought back: it still has the bad package, and a person has a sheet.
    assert lab.packages(DATABASE)["kyotsu-sample-service"] == "1.2"
    assert "役割 db" in found[DATABASE].reason_ja
    sheet = (lab.folder / NEXT_ROUND / found[DATABASE].decision_sheet).read_text(encoding="utf-8")
    assert "切戻し判断" in sheet
    assert DATABASE in sheet


def test_12_cleanup_lists_first_removes_what_is_due_and_keeps_what_is_held(lab: PatchLab) -> None:
    held = SnapshotLabel(
        purpose="patch", change="CHG-0", run_id="x", expires_on=date(2026, 11, 1), legal_hold="監査 2026-11"
    )
    with lab.services.estate_lab.machine(VCENTER, APPLICATION) as machine:
        reference = machine._moId
    with lab.services.estate_lab.session(VCENTER) as session:
        assert [each.error for each in create_snapshots(session, [reference], held)] == [""]
        mine = dataclasses.replace(held, legal_hold=None, expires_on=NOON.date() - timedelta(days=1))
        assert [each.error for each in create_snapshots(session, [reference], mine)] == [""]

    listed = lab.patch("--check", "--tags", "cleanup", limit=NAMES)
    assert listed.code == 0, listed.output
    assert listed.output.count(": due") == 1
    assert len(lab.snapshots(APPLICATION)) == 2
    run = lab.patch("--tags", "cleanup", limit=NAMES)
    assert run.code == 0, run.output
    assert "held (legal hold: 監査 2026-11" in run.output
    assert [each.label for each in lab.snapshots(APPLICATION)] == [held]
