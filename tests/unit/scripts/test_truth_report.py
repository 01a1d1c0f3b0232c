"""scripts/truth_report.py: an exit code for monitoring, one line per mistake, and files that are whole."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.small_estate import ROOT
from tests.support.truth_sample import LOST, sample_truth

sys.path.insert(0, str(ROOT / "scripts"))

import truth_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth")
    sample_truth(path)
    return path


def run(folder: Path, *arguments: str) -> int:
    database = f"sqlite:///{folder / 'truth.sqlite3'}"
    return truth_report.main(["--repository", str(folder / "estate"), "--database", database, *arguments])


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


def test_a_folder_that_cannot_be_written_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(folder, "--output", str(tmp_path / "file" / "truth.html")) == 1
    assert "cannot be written" in capsys.readouterr().err
