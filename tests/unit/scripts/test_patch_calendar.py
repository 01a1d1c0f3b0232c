"""scripts/patch_calendar.py as a person runs it, over the repository's own estate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import patch_calendar


def test_the_table_explains_who_is_frozen(capsys: pytest.CaptureFixture[str]) -> None:
    assert patch_calendar.main(["--as-of", "2026-11-24", "--system", "s07"]) == patch_calendar.UNPLACED
    printed = capsys.readouterr().out
    assert "s07-db01: frozen (Making of the budget) until 03-01, next slot 2027-03-07 09:00" in printed


def test_a_system_with_times_for_all_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert patch_calendar.main(["--as-of", "2026-11-24", "--system", "s02", "--format", "json"]) == patch_calendar.OK
    document = json.loads(capsys.readouterr().out)
    assert {each["system"] for each in document["placed"]} == {"s02"}
    assert document["unplaced"] == []


def test_a_calendar_is_written_where_asked(tmp_path: Path) -> None:
    target = tmp_path / "reports" / "patch.ics"
    patch_calendar.main(["--as-of", "2026-11-24", "--format", "ics", "--output", str(target)])
    assert target.read_text(encoding="utf-8").startswith("BEGIN:VCALENDAR")


def test_every_owner_gets_a_page_and_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patch_calendar.main(["--as-of", "2026-11-24", "--notices", str(tmp_path)])
    pages = {path.stem for path in tmp_path.glob("*.html")}
    assert pages == {path.stem for path in tmp_path.glob("*.md")}
    assert f"{len(pages)} notices" in capsys.readouterr().out


def test_an_unknown_system_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert patch_calendar.main(["--system", "s99"]) == patch_calendar.MISUSE
    assert capsys.readouterr().err == "patch_calendar: no such system: s99\n"


def test_an_estate_that_is_not_sound_says_so_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert patch_calendar.main(["--repository", str(tmp_path)]) == patch_calendar.UNSOUND
    assert "the folder cannot be read" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    target = tmp_path / "file" / "patch.ics"
    assert patch_calendar.main(["--as-of", "2026-11-24", "--output", str(target)]) == patch_calendar.MISUSE
    assert capsys.readouterr().err.count("\n") == 1
