"""patches/YYYY-MM.yml: what is refused, each with what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.data_file import DataFileError
from ansible_collections.kyotsu.platform.plugins.module_utils.patch.round_file import (
    read_acceptances,
    read_round,
    round_file,
)
from tests.support.builders import make_estate, make_machine, make_system

REPOSITORY = Path(__file__).parents[4]
ESTATE = make_estate(make_system("s01", make_machine("s01-db-1")))
GOOD = """\
round: "2026-11"
content: {snapshot: patch-2026-11, approved_by: 基盤管理グループ長, approved_on: "2026-11-11"}
answers:
  - {system: s01, applies: true, by: 担当, answered_on: "2026-11-12", exclude: [s01-db-1]}
"""
ACCEPTED = """\
accepted:
  - {system: s01, cves: [CVE-2026-0001], by: 総務部長, accepted_on: "2026-11-20", until: "2027-03-31", reason: 次期更改}
"""


def write(folder: Path, text: str, name: str = "2026-11.yml") -> Path:
    (folder / "patches").mkdir(exist_ok=True)
    path = folder / "patches" / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str, name: str = "2026-11.yml") -> str:
    with pytest.raises(DataFileError) as caught:
        read_round(REPOSITORY, write(folder, text, name), ESTATE)
    return str(caught.value)


def test_answers_are_read_as_the_planner_takes_them(tmp_path: Path) -> None:
    found = read_round(REPOSITORY, write(tmp_path, GOOD), ESTATE)
    answer = found.answer_by_system()["s01"]
    assert (answer.applies, answer.exclude, answer.answered_on) == (True, ("s01-db-1",), date(2026, 11, 12))


def test_the_file_of_a_round_is_named_by_the_month_of_its_update_day() -> None:
    assert round_file(Path("root"), date(2026, 11, 11)) == Path("root/patches/2026-11.yml")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("system: s01", "system: s99", "system s99 does not exist"),
        ("[s01-db-1]", "[s01-db-9]", "none of its machines: s01-db-1"),
        ("applies: true", "applies: false", "say why in `reason`"),
        ("applies: true", "applies: perhaps", "patches/2026-11.yml:4"),
        ("snapshot: patch-2026-11, ", "", 'the field "snapshot" is missing'),
        ("approved_on:", "manifests: {moon: " + "a" * 64 + "}, approved_on:", "names moon, which is no segment"),
        ('round: "2026-11"', 'round: "2026-12"', "must be called 2026-12.yml"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert told in refusal(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("system: s01", "system: s99", "accepted: system s99 does not exist"),
        ("CVE-2026-0001", "openssl", "accepted[0].cves[0]"),
        ("2027-03-31", "2026-11-19", "until 2026-11-19 must lie in the year from 2026-11-20"),
        ("2027-03-31", "2027-11-22", "accept it again then"),
        (", reason: 次期更改", "", 'the field "reason" is missing'),
    ],
)
def test_an_acceptance_names_a_system_cves_a_reason_and_an_end_within_a_year(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert told in refusal(tmp_path, GOOD + ACCEPTED.replace(old, new))


def test_what_was_accepted_in_an_earlier_round_is_read_too(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("2026-11", "2026-12"), "2026-12.yml")
    write(tmp_path, GOOD + ACCEPTED)
    (tmp_path / "patches/_schema").symlink_to(REPOSITORY / "patches/_schema")
    (found,) = read_acceptances(tmp_path, ESTATE)
    assert (found.cves, found.by, found.until) == (("CVE-2026-0001",), "総務部長", date(2027, 3, 31))


def test_a_repository_without_rounds_has_accepted_nothing(tmp_path: Path) -> None:
    assert read_acceptances(tmp_path, ESTATE) == ()


def test_two_answers_of_one_system_are_refused(tmp_path: Path) -> None:
    assert "s01 has more than one answer" in refusal(tmp_path, GOOD + GOOD.rsplit("answers:\n", maxsplit=1)[1])


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"2026-11\.yml"):
        read_round(REPOSITORY, tmp_path / "2026-11.yml", ESTATE)
