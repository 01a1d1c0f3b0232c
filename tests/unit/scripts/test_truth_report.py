"""scripts/truth_report.py: an exit code for monitoring, one line per mistake, and files that are whole."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.small_estate import ROOT
from tests.support.truth_sample import LOST, NOW, sample_truth

sys.path.insert(0, str(ROOT / "scripts"))

import truth_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth")
    sample_truth(path)
    return path


def run(folder: Path, *arguments: str) -> int:
    """At the moment of the sample, unless the arguments name another: its copies lie in the future of an early day."""
    database = f"sqlite:///{folder / 'truth.sqlite3'}"
    moment = NOW.isoformat()
    return truth_report.main(
        ["--repository", str(folder / "estate"), "--database", database, "--as-of", moment, *arguments]
    )


def test_findings_are_exit_code_2_in_every_form(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder) == 2
    assert "要対応" in capsys.readouterr().out
    assert run(folder, "--format", "json") == 2
    assert json.loads(capsys.readouterr().out)["language"] == "ja"
    assert run(folder, "--output", str(tmp_path / "truth.html")) == 2
    assert LOST in (tmp_path / "truth.html").read_text(encoding="utf-8")
    assert run(folder, "--output", str(tmp_path / "truth.xlsx"), "--lang", "en") == 2
    assert zipfile.is_zipfile(tmp_path / "truth.xlsx")


def test_a_moment_of_the_past_is_told_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--as-of", "2026-11-24T12:00+09:00", "--format", "json") == 2
    tables = json.loads(capsys.readouterr().out)["tables"]
    assert tables["unreadable"]["rows"] == [], "the tape was lost a day later"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as-of", "yesterday"), "write it as 2026-12-01T18:00+09:00"),
        (("--format", "xlsx"), "--format xlsx needs --output FILE"),
        (("--output", "truth.pdf"), "no form is called .pdf"),
        (("--lang", "fr"), "invalid choice"),
    ],
)
def test_wrong_use_is_exit_code_1_and_one_line(
    folder: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(folder, *arguments)
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_without_records_nothing_is_known(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = f"sqlite:///{tmp_path / 'absent.sqlite3'}"
    assert truth_report.main(["--repository", str(folder / "estate"), "--database", absent]) == 1
    assert "there are no records yet" in capsys.readouterr().err
    assert truth_report.main(["--database", "postgresql://u:secret@host/db"]) == 1
    assert "secret" not in capsys.readouterr().err


def test_a_copy_that_was_written_past_the_chain_is_told_and_does_not_count(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tables(folder, capsys)
    assert before["unproven"]["rows"] == []
    # The newest copy on site: what pretends to be younger makes no machine any better.
    spoilt = tampered(folder, tmp_path, "UPDATE copies SET taken_at = '2026-12-08T00:00:00.000000Z' WHERE id = 5")
    after = tables(spoilt, capsys)
    (row,) = after["unproven"]["rows"]
    assert "copy 5 of s02-db-1: taken_at differ from the chain" in str(row)
    assert onsite(after) < onsite(before)


def test_a_broken_chain_is_no_report_and_exit_code_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tampered(folder, tmp_path, "UPDATE entries SET actor = 'nobody' WHERE id = 2")
    assert run(spoilt) == 1
    error = capsys.readouterr().err
    assert "the chain of records is broken" in error
    assert len(error.splitlines()) == 1


def test_a_chain_that_was_cut_off_is_found_by_a_head_that_was_kept(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a narrow terminal breaks the lines that are looked for
    assert run(folder, "--lang", "en") == 2
    told = capsys.readouterr().out
    assert "against no kept head" in told
    (head,) = set(re.findall(r"\d+:[0-9a-f]{64}", told))
    assert run(folder, "--lang", "en", "--anchor", head) == 2
    assert "1 kept heads too" in capsys.readouterr().out
    number, _, digest = head.partition(":")
    assert run(folder, "--anchor", f"{int(number) + 1}:{digest}") == 1
    assert "truncated" in capsys.readouterr().err


def tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(folder, "--format", "json") == 2
    return dict(json.loads(capsys.readouterr().out)["tables"])


def onsite(tables: dict[str, Any]) -> str:
    """When the newest good copy on site of the database was taken."""
    (found,) = (row for row in tables["machines"]["rows"] if row["machine"] == "s02-db-1")
    return str(found["onsite"])


def tampered(folder: Path, target: Path, statement: str) -> Path:
    """The sample, with a change that went past the records' own code."""
    copy = target / "sample"
    shutil.copytree(folder, copy)
    with sqlite3.connect(copy / "truth.sqlite3") as records:
        for (name,) in records.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            records.execute(f"DROP TRIGGER {name}")
        assert records.execute(statement).rowcount > 0
    return copy


def test_a_folder_that_cannot_be_written_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(folder, "--output", str(tmp_path / "file" / "truth.html")) == 1
    assert "cannot be written" in capsys.readouterr().err
