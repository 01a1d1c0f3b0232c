"""How findings read."""

from __future__ import annotations

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import (
    Finding,
    InvalidEstate,
    count,
    count_text,
    format_findings,
    sort_findings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

ERROR = Finding(
    rule="E-04",
    severity="error",
    file="systems/s02.yml",
    line=7,
    object="s02",
    message=Text(ja="組織がありません", en="there is no such organisation"),
    remedy=Text(ja="直してください", en="correct it"),
)
WARNING = Finding(
    rule="T-01",
    severity="warning",
    file="platform/equipment.yml",
    line=3,
    object="kyotsu",
    message=Text(ja="終了しました", en="has ended"),
    remedy=Text(ja="延長してください", en="extend it"),
)


def test_a_line_is_what_compilers_write() -> None:
    assert format_findings([ERROR], "en") == "systems/s02.yml:7: [E-04] there is no such organisation — correct it"


def test_a_warning_says_so_in_both_languages() -> None:
    assert "[T-01] warning: has ended — extend it" in format_findings([WARNING], "en")
    assert "[T-01] 警告: 終了しました — 延長してください" in format_findings([WARNING], "ja")


def test_the_order_is_that_of_the_files_and_nothing_is_said_twice() -> None:
    assert sort_findings([ERROR, WARNING, ERROR]) == (WARNING, ERROR)


def test_errors_and_warnings_are_counted_apart() -> None:
    assert count([ERROR, WARNING, ERROR]) == (2, 1)
    assert count_text([ERROR, WARNING, ERROR], "en") == "2 errors, 1 warning"
    assert count_text([], "ja") == "エラー 0 件、警告 0 件"


def test_the_exception_is_readable_as_it_is() -> None:
    assert str(InvalidEstate([ERROR])).splitlines() == [format_findings([ERROR], "en"), "1 error, 0 warnings"]
