"""The papers of a retirement: notices, 廃止完了記録, 媒体処分作業指示書 and 消去証明, each on A4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Retirement, System
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import render
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.media import Treatment

# What fits on one page with room to write a serial by hand and two signatures.
ROWS_PER_PAGE = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One sheet to one owner. `affected`: the addressee's own system that the notice is about."""

    addressee: str
    role: Literal["owner", "dependant", "needed"]
    about: System
    affected: System
    names: tuple[str, ...]
    retirement: Retirement | None
    grace_days: int
    printed_on: date


def templates(repository: Path) -> tuple[Path, Path]:
    """Folders of the sheets: our own, and the one with the common style."""
    return repository / "roles/decommission/templates", repository / "roles/vault/templates"


def notice_sheet(folders: Sequence[Path], notice: Notice) -> str:
    """廃止のお知らせ."""
    last_day = date.fromisoformat(notice.retirement.date) if notice.retirement else None
    return render(folders, "notice.html.j2", notice=notice, last_day=last_day)


def completion_sheet(folders: Sequence[Path], content: Mapping[str, Any], digest: str) -> str:
    """廃止完了記録: one page per machine after the first, which says everything that they share."""
    return render(folders, "completion.html.j2", content=content, digest=digest, day=date.fromisoformat)


def erasure_sheet(folders: Sequence[Path], content: Mapping[str, Any], digest: str) -> str:
    """消去証明."""
    return render(folders, "erasure.html.j2", content=content, digest=digest, day=date.fromisoformat)


def worklist_sheets(
    folders: Sequence[Path], treatments: Sequence[Treatment], *, title: str, witness: str, printed_on: date, anchor: str
) -> str:
    """媒体処分作業指示書: a line per medium with its serial, and room for what the operators read off it."""
    pages = [treatments[start : start + ROWS_PER_PAGE] for start in range(0, len(treatments), ROWS_PER_PAGE)]
    return render(
        folders,
        "worklist.html.j2",
        pages=pages,
        count=len(treatments),
        per_page=ROWS_PER_PAGE,
        title=title,
        witness=witness,
        printed_on=printed_on,
        anchor=anchor,
    )
