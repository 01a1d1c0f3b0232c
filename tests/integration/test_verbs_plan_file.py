"""A plan that is written, approved, and applied as it is or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.plan import canonical
from ansible_collections.kyotsu.platform.plugins.module_utils.review import REVIEW
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.provision import run_provision
from tests.support.estate_lab import EstateLab, Finished, statuses, wait_for_task
from tests.support.small_estate import S13

OTHER_WAVE = ("wave: canary", "wave: wave-1")


def write_plan(lab: EstateLab, tmp_path: Path, *arguments: str) -> Path:
    """A plan with one change, as a user writes it."""
    lab.edit(S13, *OTHER_WAVE)
    file = tmp_path / "plan.json"
    plan = lab.playbook("plan", "-e", f"output={file}", *arguments)
    assert plan.code == 0, plan.output
    return file


def digest_of(file: Path) -> str:
    return str(json.loads(file.read_text(encoding="utf-8"))["digest"])


def test_a_written_plan_is_applied(few: EstateLab, tmp_path: Path) -> None:
    file = write_plan(few, tmp_path)
    run = few.playbook("provision", "-e", f"plan={file}")
    assert run.code == 0, run.output
    assert "changed tag:kyotsu-wave" in run.output
    assert statuses(few.provision()) == {}
    # A plan that is done has nothing left: the same command is safe to repeat.
    few.reset_counters()
    again = few.playbook("provision", "-e", f"plan={file}")
    assert again.code == 0, again.output
    assert few.writing_calls() == 0


def assert_refused(run: Finished, *texts: str) -> None:
    assert run.code != 0
    assert "Traceback" not in run.output
    for text in texts:
        assert text in " ".join(run.output.split())


def moved_world(lab: EstateLab, _file: Path) -> None:
    with lab.machine("vc-mynumber", "s02-ap01") as machine:
        wait_for_task(machine.PowerOffVM_Task())


def changed_data(lab: EstateLab, _file: Path) -> None:
    lab.edit(S13, "size_gb: 40", "size_gb: 50")


def changed_description_only(lab: EstateLab, _file: Path) -> None:
    """Nothing else would be done, but it is not what was approved either."""
    lab.edit(S13, "shape_reason: {ja: 小規模", "shape_reason: {ja: 小さい")


def edited_file(_lab: EstateLab, file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8").replace("wave-1", "wave-2"), encoding="utf-8")


def edited_file_with_digest(_lab: EstateLab, file: Path) -> None:
    """Somebody who can compute the digest still cannot add a change."""

    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    content["plan"]["changes"][0]["after"] = "wave-2"
    content["digest"] = hashlib.sha256(canonical(content["plan"])).hexdigest()
    file.write_text(json.dumps(content), encoding="utf-8")


def no_json(_lab: EstateLab, file: Path) -> None:
    file.write_text("changes: []\n", encoding="utf-8")


def another_environment(_lab: EstateLab, file: Path) -> None:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    content["plan"]["environment"] = "production"
    file.write_text(json.dumps(content), encoding="utf-8")


def of_a_review(_lab: EstateLab, file: Path) -> None:
    """The same changes and a digest that fits, but compared offline: nobody looked at the vCenter."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    content["plan"]["kind"] = REVIEW
    content["digest"] = hashlib.sha256(canonical(content["plan"])).hexdigest()
    file.write_text(json.dumps(content), encoding="utf-8")


def no_file(_lab: EstateLab, file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("happens", "text"),
    [
        (moved_world, "vc-mynumber changed since"),
        (changed_data, "it was made from commit"),
        (changed_description_only, "it was made from commit"),
        (edited_file, "its content does not match its digest"),
        (edited_file_with_digest, "1 of its 1 changes are others now"),
        (no_json, "it is not JSON"),
        (another_environment, "its content does not match its digest"),
        (of_a_review, "it is a plan of kind 'review', provision takes 'live'"),
        (no_file, "No such file or directory"),
    ],
)
def test_a_plan_that_no_longer_holds_is_refused(
    few: EstateLab, tmp_path: Path, happens: Callable[[EstateLab, Path], None], text: str
) -> None:
    few.edit(S13, *OTHER_WAVE)
    file = tmp_path / "plan.json"
    few.plan(output=file)
    happens(few, file)
    few.reset_counters()
    with pytest.raises(VerbRefused, match=text):
        few.provision(plan_file=file)
    assert few.writing_calls() == 0


def test_a_plan_of_all_is_refused_under_a_limit_and_the_other_way_round(few: EstateLab, tmp_path: Path) -> None:
    file = write_plan(few, tmp_path)
    few.reset_counters()
    assert_refused(few.playbook("provision", "-e", f"plan={file}", "--limit", "s13*"), "it covers other machines")
    limited = tmp_path / "limited.json"
    assert few.playbook("plan", "-e", f"output={limited}", "--limit", "s13*").code == 0
    assert_refused(few.playbook("provision", "-e", f"plan={limited}"), "it covers other machines")
    assert few.writing_calls() == 0
    assert few.playbook("provision", "-e", f"plan={limited}", "--limit", "s13*").code == 0
    assert statuses(few.provision()) == {}


def test_check_mode_with_a_plan_file_shows_it_and_writes_nothing(few: EstateLab, tmp_path: Path) -> None:
    file = write_plan(few, tmp_path)
    few.reset_counters()
    run = few.playbook("provision", "--check", "-e", f"plan={file}")
    assert run.code == 0, run.output
    assert "would change  s13-db01" in run.output
    assert few.writing_calls() == 0


def test_where_approval_is_required_only_an_approved_plan_is_applied(few: EstateLab, tmp_path: Path) -> None:
    production = "  production: false\n"
    few.edit("inventory/lab/group_vars/all/target.yml", production, f"{production}  require_approval: true\n")
    file = write_plan(few, tmp_path)
    few.reset_counters()
    assert_refused(few.playbook("provision"), "no approval of plan")
    assert_refused(few.playbook("provision", "-e", f"plan={file}"), f"no approval of plan {digest_of(file)} counts now")
    assert few.writing_calls() == 0

    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    approval = few.records("approve", digest_of(file), "--role", "platform head", "--until", until)
    assert approval.code == 0, approval.output
    run = few.playbook("provision", "-e", f"plan={file}")
    assert run.code == 0, run.output
    assert statuses(few.provision()) == {}
    assert few.records("verify").code == 0


def test_an_approval_ends(few: EstateLab, tmp_path: Path) -> None:
    few.edit(S13, *OTHER_WAVE)
    file = tmp_path / "plan.json"
    few.plan(output=file)
    until = datetime.now(UTC) + timedelta(hours=1)
    assert few.records("approve", digest_of(file), "--role", "head", "--until", until.isoformat()).code == 0
    target = few.target(require_approval=True)
    few.reset_counters()
    with pytest.raises(VerbRefused, match="no approval of plan"):
        run_provision(target, names=None, check=False, plan_file=file, now=until + timedelta(seconds=1))
    assert few.writing_calls() == 0
    applied = run_provision(target, names=None, check=False, plan_file=file, now=until - timedelta(minutes=30))
    assert statuses(applied)["s13-db01"][0] == "changed"


def test_the_approval_of_one_plan_is_none_of_another(few: EstateLab, tmp_path: Path) -> None:
    few.edit(S13, *OTHER_WAVE)
    file = tmp_path / "plan.json"
    few.plan(output=file)
    until = datetime.now(UTC) + timedelta(hours=1)
    assert few.records("approve", digest_of(file), "--role", "head", "--until", until.isoformat()).code == 0
    few.edit(S13, "size_gb: 40", "size_gb: 400")
    few.plan(output=file)
    few.reset_counters()
    with pytest.raises(VerbRefused, match="no approval of plan"):
        run_provision(few.target(require_approval=True), names=None, check=False, plan_file=file, now=datetime.now(UTC))
    assert few.writing_calls() == 0


def test_a_plan_that_is_not_in_the_records_cannot_be_approved(few: EstateLab) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    approval = few.records("approve", "0" * 64, "--role", "head", "--until", until)
    assert approval.code == 2
    assert "Traceback" not in approval.output


@pytest.mark.parametrize("suffix", [".txt", ".json", ".html"])
def test_a_plan_is_written_in_the_form_of_its_suffix(few: EstateLab, tmp_path: Path, suffix: str) -> None:
    few.edit(S13, *OTHER_WAVE)
    file = tmp_path / "new" / f"plan{suffix}"
    digest = few.plan(output=file).digest
    text = file.read_text(encoding="utf-8")
    assert "s13-db01" in text
    assert digest in text


def test_another_suffix_is_refused(few: EstateLab, tmp_path: Path) -> None:
    run = few.playbook("plan", "-e", f"output={tmp_path / 'plan.pdf'}")
    assert_refused(run, "the suffix says the form, one of .txt, .json, .html")
