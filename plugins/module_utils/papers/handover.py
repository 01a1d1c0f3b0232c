"""基盤引継ぎ準備状況: how far every system is, page by page, with the countdown on each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.handover.readiness import (
    STATE_NAMES,
    Countdown,
    Readiness,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import render

ROWS_PER_PAGE = 20


def templates(repository: Path) -> tuple[Path, Path]:
    """Folders of the sheets: our own, and the one with the common style."""
    return repository / "roles/handover/templates", repository / "roles/vault/templates"


def readiness_sheets(
    folders: Sequence[Path],
    systems: Sequence[Readiness],
    countdowns: Sequence[Countdown],
    *,
    estate: str,
    as_of: date,
    digest: str,
    anchor: str,
) -> str:
    """One page per twenty systems. `digest`: that of the sealed set; `anchor`: head of the records' chain."""
    pages = [systems[start : start + ROWS_PER_PAGE] for start in range(0, len(systems), ROWS_PER_PAGE)] or [()]
    return render(
        folders,
        "readiness.html.j2",
        pages=pages,
        countdowns=countdowns,
        states={state: text.ja for state, text in STATE_NAMES.items()},
        estate=estate,
        as_of=as_of,
        digest=digest,
        anchor=anchor,
    )
