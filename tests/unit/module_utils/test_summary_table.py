from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import (
    columns,
    cut,
    pad,
    summary_lines,
    wrap,
)


def row(label: str, status: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {
        "vcenter": "vc-kyotsu",
        "kind": "machine",
        "object": label,
        "label": label,
        "status": status,
        "message": message,
        "changes": [],
        **more,
    }


def outcome(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts = dict.fromkeys(("changed", "unchanged", "failed", "held", "refused", "unmanaged"), 0)
    for each in rows:
        counts[each["status"]] += 1
    return {
        "results": list(rows),
        "summary": counts | {"unchanged": 7},
        "digest": "0123456789abcdef",
        "calls": {"vc-kyotsu": 5, "vc-mynumber": 4},
        "seconds": 1.25,
        "plan_file": None,
        "notes": [],
        **more,
    }


def texts(result: dict[str, Any], **options: Any) -> list[str]:
    return [line.text for line in summary_lines(result, **options)]


def change(field: str, before: Any, after: Any) -> dict[str, Any]:
    return {"field": field, "before": before, "after": after, "risk": "none", "reason": ""}


def test_nothing_to_change_is_said_in_one_line_with_the_counts() -> None:
    assert texts(outcome()) == [
        "Nothing to change: everything is as described.",
        "changed 0, unchanged 7, held 0, refused 0, failed 0 | 1.2 s, 9 calls to vCenter, digest 0123456789ab",
    ]


def test_what_needs_a_person_stands_first() -> None:
    lines = texts(outcome(row("a", "changed"), row("b", "held"), row("c", "failed"), row("d", "refused")))
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["failed", "c"],
        ["refused", "d"],
        ["held", "b"],
        ["changed", "a"],
    ]


def test_a_failure_shows_its_reason_and_a_change_shows_its_fields() -> None:
    changed = row("s01-db01", "changed", changes=[change("cpu", 2, 4), change("disks", [40], [40, 80])])
    lines = texts(outcome(row("s01-web01", "failed", "no datastore has room"), changed))
    assert "failed   s01-web01  vc-kyotsu  no datastore has room" in lines
    assert "changed  s01-db01   vc-kyotsu  cpu: 2 -> 4, disks: [40] -> [40, 80]" in lines


def test_a_new_machine_is_called_so_and_not_shown_field_by_field() -> None:
    lines = texts(outcome(row("s01-db01", "changed", changes=[change("", None, {"cpu": 2})])))
    assert lines[1].endswith("create")


def test_an_object_that_is_no_machine_is_named_with_its_kind() -> None:
    assert "port_group lgwan-servers" in texts(outcome(row("lgwan-servers", "changed", kind="port_group")))[1]


def test_more_rows_than_the_limit_are_counted_and_the_plan_is_named() -> None:
    rows = [row(f"m{number:02}", "changed") for number in range(45)]
    lines = texts(outcome(*rows, plan_file="reports/plan.json"), limit=40)
    assert lines[41] == "… and 5 more: see reports/plan.json"
    assert len(lines) == 43
    assert "… and 5 more: run with -v" in texts(outcome(*rows), limit=40)


def test_without_a_limit_all_rows_are_shown() -> None:
    rows = [row(f"m{number:02}", "changed") for number in range(45)]
    assert len(texts(outcome(*rows), limit=None)) == 47


def test_a_plan_says_would_change() -> None:
    lines = texts(outcome(row("a", "changed")), dry=True)
    assert lines[1].startswith("would change  a")
    assert lines[-1].startswith("would change 1, ")


def test_labels_are_japanese_when_asked_and_columns_still_line_up() -> None:
    lines = texts(outcome(row("s01-db01", "held", "作業時間帯を待つ"), row("例の機械", "failed", "x")), language="ja")
    assert lines[0].split() == ["状態", "対象", "VCENTER", "内容・理由"]
    assert {columns(line.partition("vc-kyotsu")[0]) for line in lines[1:3]} == {columns(lines[0].partition("VC")[0])}
    assert lines[-1].startswith("変更 0, 変更なし 7, 保留 1, 拒否 0, 失敗 1 | 1.2 秒")


def test_a_reason_is_japanese_where_there_is_one() -> None:
    rows = (
        row("s01-db01", "held", "waits", message_ja="待ちます"),
        row("s01-db02", "failed", "no room", message_ja=None),
    )
    assert [line.split()[-1] for line in texts(outcome(*rows), language="ja")[1:3]] == ["room", "待ちます"]
    assert [line.split()[-1] for line in texts(outcome(*rows))[1:3]] == ["room", "waits"]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_long_reason_is_wrapped_to_the_terminal_and_shown_to_its_end(width: int) -> None:
    lines = texts(outcome(row("s01-db01", "failed", "missing " * 30 + "run playbooks/foundation.yml")), width=width)
    assert max(columns(line) for line in lines[:-1]) <= max(width, 51)
    assert "runplaybooks/foundation.yml" in "".join("".join(lines).split())


def test_a_long_list_of_changes_is_cut_to_the_terminal() -> None:
    changes = [change(f"field{number}", 0, number) for number in range(50)]
    lines = texts(outcome(row("s01-db01", "changed", changes=changes)), width=80)
    assert columns(lines[1]) <= 80
    assert lines[1].endswith("…")
    assert len(lines) == 3


def test_a_reason_of_several_lines_stays_on_one() -> None:
    assert "first second" in texts(outcome(row("a", "failed", "first\n  second")))[1]


def test_unmanaged_machines_and_notes_are_not_forgotten() -> None:
    result = outcome(notes=["The lock holds on this controller only."])
    result["summary"]["unmanaged"] = 3
    lines = texts(result)
    assert "The lock holds on this controller only." in lines
    assert "unmanaged 3" in lines[-1]


def test_the_closing_line_has_the_colour_of_the_worst() -> None:
    assert summary_lines(outcome())[-1].colour == "green"
    assert summary_lines(outcome(row("a", "changed"), row("b", "held")))[-1].colour == "yellow"
    assert summary_lines(outcome(row("a", "changed"), row("b", "failed")))[-1].colour == "red"


def test_full_width_characters_take_two_columns_and_combining_ones_none() -> None:
    assert columns("保留") == 4
    assert columns("か\u3099") == 2
    assert pad("保", 4) == "保  "
    assert cut("保留中", 5) == "保留…"
    assert cut("abc", 3) == "abc"
    assert wrap("作業時間帯を待つ", 6) == ["作業時", "間帯を", "待つ"]
    assert wrap("wait for the window", 9) == ["wait for", "the", "window"]
    assert wrap("", 9) == [""]
