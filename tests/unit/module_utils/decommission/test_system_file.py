"""The one edit of a description: comments, order and everything else stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.decommission.system_file import mark_retired
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.builders import make_machine, make_system

BLOCK = """id: s01
# A remark that stays.
status: retiring  # since spring
retirement:
  date: "2026-11-30"
machines:
  - key: s01-db-1
    name: s01-db01
    status: retiring
    retirement: {date: "2026-11-30"}
    disks: [{name: system}]
  - key: s01-db-10
    name: s01-db10
"""
DAY = "2027-04-04"
DATABASE = make_machine("s01-db-1")


def repository(folder: Path, text: str) -> tuple[Path, Path]:
    (folder / "systems").mkdir(parents=True)
    file = folder / "systems" / "s01-x.yml"
    file.write_text(text, encoding="utf-8")
    return folder, file


def test_the_system_is_marked_and_its_machines_are_left_alone(tmp_path: Path) -> None:
    folder, file = repository(tmp_path, BLOCK)
    assert mark_retired(folder, make_system("s01", slug="x"), None, reusable_from=DAY)
    expected = BLOCK.replace("status: retiring  #", "status: retired  #").replace(
        'retirement:\n  date: "2026', f'retirement:\n  reusable_from: "{DAY}"\n  date: "2026'
    )
    assert file.read_text(encoding="utf-8") == expected


def test_one_machine_is_marked_and_its_system_is_left_alone(tmp_path: Path) -> None:
    folder, file = repository(tmp_path, BLOCK)
    assert mark_retired(folder, make_system("s01", slug="x"), DATABASE, reusable_from=DAY)
    expected = BLOCK.replace("    status: retiring\n", "    status: retired\n").replace(
        '    retirement: {date: "2026-11-30"}', f'    retirement: {{reusable_from: "{DAY}", date: "2026-11-30"}}'
    )
    assert file.read_text(encoding="utf-8") == expected


def test_what_says_retired_already_is_not_written(tmp_path: Path) -> None:
    folder, file = repository(tmp_path, BLOCK.replace("status: retiring  #", "status: retired  #"))
    before = file.stat().st_mtime_ns
    assert not mark_retired(folder, make_system("s01", slug="x"), None, reusable_from=DAY)
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "text",
    [
        "{id: s01, status: retiring, retirement: {date: '2026-11-30'}}\n",
        "id: s01\nstatus: &state retiring\nretirement: {date: '2026-11-30'}\n",
    ],
)
def test_a_file_that_is_written_otherwise_is_left_to_a_person(tmp_path: Path, text: str) -> None:
    folder, file = repository(tmp_path, text)
    with pytest.raises(VerbRefused, match="by hand"):
        mark_retired(folder, make_system("s01", slug="x"), None, reusable_from=DAY)
    assert file.read_text(encoding="utf-8") == text
