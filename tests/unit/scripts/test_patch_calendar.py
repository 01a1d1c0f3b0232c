"""scripts/patch_calendar.py as a person runs it, over the repository's own estate and rounds of the test's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from icalendar import Calendar

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from scripts import patch_calendar
from tests.support.small_estate import ROOT

ROUND = """\
round: "2026-11"
content: {snapshot: patch-2026-11, approved_by: 主査, approved_on: "2026-11-11"}
answers:
  - {system: s02, applies: true, by: 担当, answered_on: "2026-11-12"}
  - {system: s13, applies: false, by: 担当, answered_on: "2026-11-12", reason: 検証中}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The estate without any round: what is planned is a draft."""
    copy = tmp_path / "repository"
    for name in ("systems", "platform", "patches/_schema"):
        shutil.copytree(ROOT / name, copy / name)
    return copy


def call(repository: Path, *arguments: str) -> int:
    return patch_calendar.main(["--repository", str(repository), "--as-of", "2026-11-24", *arguments])


def test_the_table_explains_who_is_frozen(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(repository, "--system", "s07") == patch_calendar.UNPLACED
    printed = capsys.readouterr().out
    assert "s07-db01: frozen (Making of the budget) until 03-01, next slot 2027-03-07 09:00" in printed


def test_the_answers_of_the_round_are_heeded(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "patches/2026-11.yml").write_text(ROUND, encoding="utf-8")
    assert call(repository, "--system", "s02", "--system", "s13", "--system", "s33") == patch_calendar.UNPLACED
    printed = capsys.readouterr().out
    assert "declined by 担当 on 2026-11-12: 検証中" in printed
    assert "s33-ap01: the owner has not answered whether it applies: escalate" in printed
    assert "draft" not in printed


def test_a_system_with_times_for_all_ends_well(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(repository, "--system", "s02", "--format", "json") == patch_calendar.OK
    document = json.loads(capsys.readouterr().out)
    assert {each["system"] for each in document["placed"]} == {"s02"}
    assert document["unplaced"] == []


def test_a_calendar_is_written_where_asked(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "reports" / "patch.ics"
    call(repository, "--format", "ics", "--output", str(target))
    assert target.read_text(encoding="utf-8").startswith("BEGIN:VCALENDAR")


def test_every_owner_gets_a_page_a_text_and_a_calendar_of_its_own(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "notices"
    call(repository, "--notices", str(folder))
    pages = {path.stem for path in folder.glob("*.html")}
    assert pages == {path.stem for path in folder.glob("*.md")} == {path.stem for path in folder.glob("*.ics")}
    estate = load_estate(ROOT).estate
    owner = estate.system_by_id["s02"].owner
    summaries = [
        str(event["summary"])
        for event in Calendar.from_ical((folder / f"{owner}.ics").read_text("utf-8")).walk("VEVENT")
    ]
    assert summaries
    assert {estate.system_by_id[each.split()[1]].owner for each in summaries} == {owner}
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
