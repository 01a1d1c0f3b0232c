"""The summary at the end of a run, as lines of text. Pure: the callback gives the results and prints the lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["en", "ja"]

# What needs a person stands first.
ORDER = ("failed", "refused", "held", "changed")
COLOURS = {"failed": "red", "refused": "red", "held": "yellow", "changed": "green"}
LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "failed": "failed",
        "refused": "refused",
        "held": "held",
        "changed": "changed",
        "would_change": "would change",
        "unchanged": "unchanged",
        "unmanaged": "unmanaged",
        "status": "STATUS",
        "object": "OBJECT",
        "vcenter": "VCENTER",
        "message": "WHAT / WHY",
        "create": "create",
        "more": "… and {count} more: {where}",
        "more_in_file": "see {file}",
        "more_verbose": "run with -v",
        "nothing": "Nothing to change: everything is as described.",
        "counts": "{seconds:.1f} s, {calls} calls to vCenter, digest {digest}",
        "plan_file": "Plan: {file}",
    },
    "ja": {
        "failed": "失敗",
        "refused": "拒否",
        "held": "保留",
        "changed": "変更",
        "would_change": "変更予定",
        "unchanged": "変更なし",
        "unmanaged": "管理対象外",
        "status": "状態",
        "object": "対象",
        "vcenter": "VCENTER",
        "message": "内容・理由",
        "create": "新規作成",
        "more": "… ほか {count} 件（{where}）",
        "more_in_file": "{file} を参照",
        "more_verbose": "-v を付けて実行すると全件表示",
        "nothing": "変更はありません。すべて定義のとおりです。",
        "counts": "{seconds:.1f} 秒、vCenter への呼出し {calls} 回、ダイジェスト {digest}",
        "plan_file": "計画: {file}",
    },
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line to print; `colour` is a name that Ansible knows, None for the terminal's own."""

    text: str
    colour: str | None = None


def summary_lines(
    result: Mapping[str, Any],
    *,
    language: Language = "en",
    width: int = 100,
    limit: int | None = 40,
    dry: bool = False,
) -> list[Line]:
    """Table and closing line of one verb.

    `result` is what a batch module returned, `width` the columns of the terminal, `limit` the most rows to show (None:
    all), `dry` true when nothing was really changed (plan, check mode).
    """
    labels = dict(LABELS[language])
    if dry:
        labels["changed"] = labels["would_change"]
    rows = sorted(
        (row for row in result["results"] if row["status"] in ORDER),
        key=lambda row: (ORDER.index(row["status"]), row["vcenter"], row["kind"], row["label"]),
    )
    lines = _table(rows if limit is None else rows[:limit], labels, width, language)
    hidden = 0 if limit is None else len(rows) - limit
    if hidden > 0:
        file = result.get("plan_file")
        where = labels["more_in_file"].format(file=file) if file else labels["more_verbose"]
        lines.append(Line(labels["more"].format(count=hidden, where=where)))
    if not rows:
        lines.append(Line(labels["nothing"], "green"))
    lines.extend(Line(str(note)) for note in result.get("notes") or ())
    if result.get("plan_file") and hidden <= 0:
        lines.append(Line(labels["plan_file"].format(file=result["plan_file"])))
    lines.append(_closing(result, labels))
    return lines


def columns(text: str) -> int:
    """Columns of a terminal that the text takes: full-width characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def pad(text: str, width: int) -> str:
    """The text followed by as many spaces as fill the columns."""
    return text + " " * max(0, width - columns(text))


def cut(text: str, width: int) -> str:
    """The text on one line in at most so many columns, with an ellipsis where something was cut off."""
    text = " ".join(text.split())
    if columns(text) <= width:
        return text
    kept = ""
    for character in text:
        if columns(kept + character) > width - 1:
            break
        kept += character
    return f"{kept}…"


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns, broken at spaces, or anywhere in a text without (Japanese)."""
    lines = [""]
    for word in text.split():
        if lines[-1] and columns(lines[-1]) + 1 + columns(word) <= width:
            lines[-1] += f" {word}"
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if columns(lines[-1]) + columns(character) > width:
                lines.append("")
            lines[-1] += character
    return lines


def _table(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str], width: int, language: Language) -> list[Line]:
    if not rows:
        return []
    cells = [
        (
            labels[row["status"]],
            _object(row),
            str(row["vcenter"]),
            _message(row, labels, language),
            COLOURS[row["status"]],
        )
        for row in rows
    ]
    head = (labels["status"], labels["object"], labels["vcenter"], labels["message"])
    widths = [max(columns(text) for text in column) for column in list(zip(head, *(c[:4] for c in cells), strict=True))]
    # The last column takes what is left of the terminal.
    rest = max(20, width - sum(widths[:3]) - 6)
    lines = [Line(_join(head, widths))]
    for row, cell in zip(rows, cells, strict=True):
        # A reason is read to its end, since what to do stands there; of a change the beginning is enough.
        parts = [cut(cell[3], rest)] if row["status"] == "changed" else wrap(cell[3], rest)
        lines.append(Line(_join((*cell[:3], parts[0]), widths), cell[4]))
        lines.extend(Line(_join(("", "", "", part), widths), cell[4]) for part in parts[1:])
    return lines


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = "  ".join(pad(cell, width) for cell, width in zip(cells[:3], widths, strict=False))
    return f"{first}  {cells[3]}".rstrip()


def _object(row: Mapping[str, Any]) -> str:
    return str(row["label"]) if row["kind"] == "machine" else f"{row['kind']} {row['label']}"


def _message(row: Mapping[str, Any], labels: Mapping[str, str], language: Language) -> str:
    """The reason if there is one, else what differs."""
    if row["message"]:
        return str((language == "ja" and row.get("message_ja")) or row["message"])
    return ", ".join(
        f"{change['field']}: {_value(change['before'])} -> {_value(change['after'])}"
        if change["field"]
        else labels["create"]
        for change in row["changes"]
    )


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} {_value(each)}" for key, each in value.items()) + "}"
    return "-" if value is None else str(value)


def _closing(result: Mapping[str, Any], labels: Mapping[str, str]) -> Line:
    summary = result["summary"]
    counts = ", ".join(
        f"{labels[status]} {summary.get(status, 0)}" for status in ("changed", "unchanged", "held", "refused", "failed")
    )
    if summary.get("unmanaged"):
        counts += f", {labels['unmanaged']} {summary['unmanaged']}"
    end = labels["counts"].format(
        seconds=result["seconds"], calls=sum(result["calls"].values()), digest=str(result["digest"])[:12]
    )
    worst = next((status for status in ORDER if summary.get(status)), None)
    return Line(f"{counts} | {end}", COLOURS[worst] if worst else "green")
