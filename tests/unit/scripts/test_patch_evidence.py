"""scripts/patch_evidence.py as a person runs it: over files of runs, the repository's own estate, and records."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import (
    Result,
    RunOutcome,
    read_run,
    write_run,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.patches import PatchMachine, Phase
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from scripts import patch_evidence
from tests.support.patch_sample import make_outcome, make_run
from tests.support.patch_steps import begun
from tests.support.small_estate import ROOT

WHOLE = ("--month", "2026-12", "--as-of", "2026-12-31")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """One run: a machine of s02 is patched and clean, one of s09 failed."""
    folder = tmp_path / "runs" / "2026-12"
    folder.mkdir(parents=True)
    good = make_outcome("s02-db-1", name="s02-db01", cves_after=())
    bad = make_outcome("s09-db-1", name="s09-db01", result=Result.FAILED, after=None)
    (folder / "run.json").write_text(write_run(make_run(good, bad)), encoding="utf-8")
    return folder


def call(tmp_path: Path, *arguments: str) -> int:
    return patch_evidence.main([*WHOLE, "--output", str(tmp_path / "out"), *arguments])


def owner_of(system: str) -> str:
    return load_estate(ROOT).estate.system_by_id[system].owner


def test_every_owner_gets_a_page_a_workbook_and_json_and_the_list_leads_to_them(
    tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "--runs", str(runs)) == patch_evidence.NEEDS_A_PERSON
    folder = tmp_path / "out" / "2026-12"
    stems = {path.stem for path in folder.glob("*.html")}
    assert {owner_of("s02"), owner_of("s09"), "index"} <= stems
    assert stems == {path.stem for path in folder.glob("*.xlsx")} == {path.stem for path in folder.glob("*.json")}
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{stem}.html"' in index for stem in stems - {"index"})
    assert f"{len(stems) - 1} owners, 1 runs; " in capsys.readouterr().out


def test_the_run_itself_lies_beside_as_it_was_recorded(tmp_path: Path, runs: Path) -> None:
    call(tmp_path, "--runs", str(runs), "--format", "json")
    (copy,) = (tmp_path / "out/2026-12/runs").glob("*.json")
    assert read_run(copy.read_bytes()) == read_run((runs / "run.json").read_bytes())


def test_a_system_alone_that_is_well_needs_nobody_and_names_nobody_else(tmp_path: Path, runs: Path) -> None:
    plan = tmp_path / "repository"
    for name in ("systems", "platform", "patches/_schema"):
        shutil.copytree(ROOT / name, plan / name)
    arguments = ("--runs", str(runs), "--system", "s02", "--repository", str(plan), "--as-of", "2026-12-12")
    code = call(tmp_path, *arguments)
    folder = tmp_path / "out/2026-12"
    assert {path.name for path in folder.iterdir()} == {f"{owner_of('s02')}.{form}" for form in patch_evidence.FORMS}
    document = json.loads((folder / f"{owner_of('s02')}.json").read_text(encoding="utf-8"))
    assert {row["system"] for row in document["tables"]["systems"]["rows"]} == {"s02"}
    # Its other machines have their time later in the month.
    assert code == patch_evidence.OK, document["alerts"]
    assert "s09" not in (folder / f"{owner_of('s02')}.html").read_text(encoding="utf-8")


def test_an_owner_is_found_by_id_and_by_name(tmp_path: Path, runs: Path) -> None:
    by_id = call(tmp_path, "--runs", str(runs), "--owner", owner_of("s09"), "--format", "html", "--lang", "en")
    assert by_id == patch_evidence.NEEDS_A_PERSON
    (page,) = (tmp_path / "out/2026-12").iterdir()
    assert "Evidence of patching, 2026-12" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--owner", "org-999"], "--owner org-999: no owner of that id or name"),
        (["--system", "s99"], "--system s99: no such system"),
        (["--as-of", "2026-11-30"], "--month 2026-12 has not begun on 2026-11-30"),
    ],
)
def test_what_does_not_exist_is_wrong_use_in_one_line(
    tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert call(tmp_path, "--runs", str(runs), *arguments) == patch_evidence.MISUSE
    captured = capsys.readouterr().err
    assert told in captured
    assert captured.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_month_that_is_none_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        patch_evidence.main(["--month", "2026-13"])
    assert ended.value.code == patch_evidence.MISUSE
    assert "2026-13 is not a month like 2026-12" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{}", '{"run_id": 3}', "not JSON"])
def test_a_file_that_is_no_run_is_named_and_nothing_is_written(
    tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (runs / "half.json").write_text(content, encoding="utf-8")
    assert call(tmp_path, "--runs", str(runs)) == patch_evidence.UNUSABLE
    captured = capsys.readouterr().err
    assert f"{runs / 'half.json'}: not the outcome of a patch run" in captured
    assert captured.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["absent", "absent.json"])
def test_a_source_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str) -> None:
    assert call(tmp_path, "--runs", str(tmp_path / path)) == patch_evidence.UNUSABLE
    assert capsys.readouterr().err == f"patch_evidence: {tmp_path / path}: No such file or directory\n"


def test_what_the_records_hold_of_the_month_is_the_same_as_the_runs_file(tmp_path: Path, runs: Path) -> None:
    database = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    wanted = read_run((runs / "run.json").read_bytes())
    with open_store(database, production=False) as store:
        for number, begin in enumerate((wanted.started_at, datetime(2026, 11, 30, 14, 59, tzinfo=UTC))):
            _record(store, replace(wanted, run_id=f"run-{number}", started_at=begin))
    call(tmp_path, "--database", database, "--format", "json")
    (copy,) = (tmp_path / "out/2026-12/runs").glob("*.json")
    found = read_run(copy.read_bytes())
    assert found.run_id == "run-0"
    assert found.machines == wanted.machines


def _record(store: Store, run: RunOutcome) -> None:
    """Put a run into the records as the verb does."""
    origin = Origin.here(run_id=run.run_id)
    machines = [
        PatchMachine(vcenter="vc", reference=f"vm-{number}", phase=Phase.PLANNED, outcome=each)
        for number, each in enumerate(run.machines)
    ]
    store.patches.start(begun(run), machines, origin)
    store.patches.close(run.run_id, machines, "", origin)
    store.patches.finish(run.run_id, (), origin)


def test_records_that_are_not_there_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "--database", f"sqlite:///{tmp_path / 'none.sqlite3'}") == patch_evidence.UNUSABLE
    captured = capsys.readouterr().err
    assert captured.startswith("patch_evidence: ")
    assert captured.count("\n") == 1


def test_a_password_in_the_address_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "--database", "postgresql://me:secret@host/records") == patch_evidence.UNUSABLE
    captured = capsys.readouterr().err
    assert "--password-file" in captured
    assert "secret" not in captured


def test_an_owner_of_a_file_cannot_lead_out_of_the_folder(tmp_path: Path, runs: Path) -> None:
    stranger = make_outcome("s99-db-1", owner="../../outside")
    (runs / "other.json").write_text(write_run(make_run(stranger, run_id="../x")), encoding="utf-8")
    call(tmp_path, "--runs", str(runs), "--format", "json")
    assert (tmp_path / "out/2026-12/------outside.json").exists()
    assert (tmp_path / "out/2026-12/runs/---x.json").exists()
    assert not list(tmp_path.rglob("outside.json"))
