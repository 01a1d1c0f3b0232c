"""The command as people and schedulers use it, without a vCenter."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import columns
from tests.support.small_estate import ROOT, S02, copy_small, edit

SCRIPT = ROOT / "scripts/capacity_report.py"
DAY = "2026-11-24"


@pytest.fixture(scope="module")
def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("capacity_report_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines break where the test says, not where the terminal of whoever runs it does."""
    monkeypatch.delenv("COLUMNS", raising=False)


def run(command: ModuleType, repository: Path, *arguments: str) -> int:
    try:
        return int(command.main(["--repository", str(repository), "--as-of", DAY, *arguments]))
    except SystemExit as end:
        return int(str(end.code))


def report(command: ModuleType, repository: Path, folder: Path, *arguments: str) -> dict[str, dict[str, object]]:
    file = folder / "report.json"
    assert run(command, repository, "--output", str(file), *arguments) in {0, 2}
    tables: dict[str, dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))["tables"]
    return tables


def test_the_repository_alone_gives_a_table(
    command: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, repository) in {0, 2}
    said = capsys.readouterr()
    assert "令和8年11月24日" in said.out
    assert "vCenterは参照していません" in said.out
    assert said.err == ""


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_form_is_written_by_its_suffix_and_holds_the_same_numbers(
    command: ModuleType, repository: Path, tmp_path: Path, language: str
) -> None:
    for name in ("r.json", "r.html", "r.xlsx", "r.txt"):
        assert run(command, repository, "--lang", language, "--output", str(tmp_path / name)) in {0, 2}
    assert run(command, repository, "--lang", language, "--format", "csv", "--output", str(tmp_path / "csv")) in {0, 2}
    tables = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["tables"]
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    text = (tmp_path / "r.txt").read_text(encoding="utf-8")
    bill = f"{tables['cost_equipment']['totals']['bill_yen']:,}"
    assert bill in html
    assert bill in text
    # Powers of two are told as such.
    assert "GiB" in text
    assert not re.search(r"\b[kKMGT]B\b", text + html + (tmp_path / "r.json").read_text(encoding="utf-8"))
    for key, table in tables.items():
        with (tmp_path / "csv" / f"{key}.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))[1:]
        assert len(rows) == len(table["rows"])
        for row, values in zip(rows, table["rows"], strict=True):
            for cell, (column, kind) in zip(row, table["units"].items(), strict=True):
                if kind != "text" and values[column] is not None:
                    assert cell == str(values[column])


def test_filters_leave_what_they_name_and_the_parts_add_up(
    command: ModuleType, repository: Path, tmp_path: Path
) -> None:
    whole = report(command, repository, tmp_path)["systems"]["rows"]
    assert isinstance(whole, list)
    parts = [report(command, repository, tmp_path, "--system", row["system"])["systems"]["rows"] for row in whole]
    assert [said(row) for part in parts if isinstance(part, list) for row in part] == [said(row) for row in whole]


def said(row: dict[str, object]) -> dict[str, object]:
    """A row without what is 0: a system alone has no column of a tier that it does not use."""
    return {name: value for name, value in row.items() if value}


def test_a_question_is_answered_with_what_tips(
    command: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, repository) == 0
    capsys.readouterr()
    assert run(command, repository, "--what-if", "1 x m8 in lgwan") == 0
    assert "1 × m8: kyotsu-lgwan 収まる" in capsys.readouterr().out
    assert run(command, repository, "--what-if", "99999 x m8 in lgwan") == 2
    said = capsys.readouterr().out
    assert "99999 × m8: kyotsu-lgwan 収まらない" in said


def test_what_fits_and_would_pass_a_threshold_ends_with_two(
    command: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """4 x 8 GiB beside 88 of 128: 93.75 percent, the threshold is 90."""
    assert run(command, repository, "--what-if", "4 x m8 in lgwan") == 2
    assert "収まるが基準超過" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--system", "s99"), "s99"),
        (("--owner", "nobody"), "nobody"),
        (("--segment", "nowhere"), "nowhere"),
        (("--what-if", "four machines"), "4 x m8 in lgwan"),
        (("--what-if", "4 x unknown in lgwan"), "unknown"),
        (("--what-if", "4 x m8 in nowhere"), "nowhere"),
        (("--fiscal-year", "X9"), "X9"),
        (("--as-of", "yesterday"), "yesterday"),
        (("--as-of", "0001-01-01"), "from 1989-04-01"),
        (("--as-of", "9999-12-31"), "to 9998-03-31"),
        (("--to", "9999-12-31"), "to 9998-03-31"),
        (("--fiscal-year", "9999"), "9999"),
        (("--from", "2026-12-01", "--to", "2026-11-01"), "2026-12-01"),
        (("--fiscal-year", "R8", "--from", "2026-04-01"), "twice"),
        (("--format", "xlsx"), "--output"),
        (("--format", "csv", "--table", "nothing"), "nothing"),
        (("--table", "systems"), "csv"),
        (("--output", "report.pdf"), "no form is called .pdf"),
        (("--live", "inventory/nowhere"), "inventory/nowhere"),
        (("--history", "sqlite:////nowhere/records.sqlite3"), "history"),
        (("--history", "postgresql+psycopg://u:secret@127.0.0.1:1/x"), "--password-file"),
        (("--history", "mysql://x"), "sqlite"),
        (("--output", "/dev/null/report.html"), "report"),
        (("--output", "reports/"), "is a folder"),
        (("--format", "html", "--output", "reports/"), "is a folder"),
        (("--format", "csv", "--table", "systems", "--output", "reports/"), "is a folder"),
        (("--wrong",), "--wrong"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_ends_with_one_and_one_line(
    command: ModuleType,
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    assert run(command, repository, *arguments) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert "Traceback" not in said.err
    assert "secret" not in said.err + said.out


def test_a_database_that_is_not_there_costs_only_the_trend(
    command: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, repository, "--history", "sqlite:////nowhere/records.sqlite3") == 1
    said = capsys.readouterr()
    assert "s02" in said.out
    assert "履歴は使用していません" in said.out


def test_data_that_is_not_valid_is_told_with_its_line(
    command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = copy_small(tmp_path)
    edit(broken, S02, "owner: ", "owner: org-999 #")
    assert run(command, broken) == 1
    assert f"{S02}:" in capsys.readouterr().err


def test_an_estate_without_systems_is_reported_as_empty(
    command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = copy_small(tmp_path)
    for file in (empty / "systems").glob("*.yml"):
        file.unlink()
    flows = empty / "platform/flows.yml"
    between_networks = [
        text for text in flows.read_text(encoding="utf-8").split("  - id: ") if "management-ssh" in text
    ]
    flows.write_text(f"flows:\n  - id: {between_networks[0]}", encoding="utf-8")
    # A freeze of one system is for everybody now: one that nobody names is a mistake.
    edit(
        empty, "platform/patching.yml", 'end: "01-12", basis: assumed', 'end: "01-12", basis: assumed, everybody: true'
    )
    for form in ("table", "json", "csv", "html"):
        assert run(command, empty, "--format", form) == 0, capsys.readouterr().err
    assert "対象となるシステムがありません" in capsys.readouterr().out
    assert run(command, empty, "--output", str(tmp_path / "empty.xlsx")) == 0


def test_a_file_that_cannot_be_replaced_stays_as_it_is(
    command: ModuleType, repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "report.html"
    folder.mkdir()
    assert run(command, repository, "--output", str(folder)) == 1
    assert "report.html" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("form", ["table", "json", "csv", "html", "xlsx"])
def test_a_pipe_is_written_into_and_a_link_stays_a_link(
    command: ModuleType, repository: Path, tmp_path: Path, form: str
) -> None:
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target.txt"
    os.mkfifo(pipe)
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    for name in (pipe, link):
        assert run(command, repository, "--format", form, "--output", str(name)) in {0, 2}
    reader.join(timeout=30)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert link.is_symlink()
    assert len(read[0]) > 200
    if form not in {"xlsx", "html"}:  # a workbook holds the time at which it was made, a page numbers its drawings
        assert read[0] == target.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "target.txt"]


def test_all_tables_go_into_a_folder_also_with_a_dot_in_its_name(
    command: ModuleType, repository: Path, tmp_path: Path
) -> None:
    assert run(command, repository, "--format", "csv", "--output", f"{tmp_path}/r8.1/") in {0, 2}
    assert (tmp_path / "r8.1" / "divisions.csv").is_file()


def test_a_pipe_is_as_wide_as_columns_says_and_a_file_has_no_limit(
    command: ModuleType,
    repository: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    widest = {}
    for asked in ("80", "150"):
        monkeypatch.setenv("COLUMNS", asked)
        run(command, repository)
        widest[asked] = max(columns(line) for line in capsys.readouterr().out.splitlines())
    assert widest["80"] <= 80 < widest["150"] <= 150
    run(command, repository, "--output", str(tmp_path / "r.txt"))
    lines = (tmp_path / "r.txt").read_text(encoding="utf-8").splitlines()
    assert max(columns(line) for line in lines) > 150
    assert not any("省略" in line for line in lines)


def test_a_threshold_that_is_passed_ends_with_two(
    command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = copy_small(tmp_path)
    edit(strict, "platform/capacity.yml", "cluster_memory_percent: 90", "cluster_memory_percent: 1")
    assert run(command, strict) == 2
    assert "基準超過" in capsys.readouterr().out


def test_a_threshold_that_is_passed_does_not_hide_a_source_that_failed(
    command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = copy_small(tmp_path)
    edit(strict, "platform/capacity.yml", "cluster_memory_percent: 90", "cluster_memory_percent: 1")
    assert run(command, strict, "--history", "sqlite:////nowhere/records.sqlite3") == 2
    assert "records.sqlite3" in capsys.readouterr().err


def test_a_reader_that_leaves_gets_no_traceback(repository: Path) -> None:
    shell = f"{sys.executable} {SCRIPT} --repository {repository} --as-of {DAY} --all | head -1"
    finished = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert finished.stderr == ""
    assert len(finished.stdout.splitlines()) == 1


def test_help_says_what_the_codes_mean_and_shows_examples(
    command: ModuleType, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, repository, "--help") == 0
    said = capsys.readouterr().out
    assert "also where a source could not be read" in said
    for part in ("Exit codes", "threshold", "--what-if", "--fiscal-year", "Examples"):
        assert part in said
