"""The papers of a key: the page with the locked key, the envelope with the words, the escrow sheets.

They are secret or half a secret: written to files of mode 0600 by the caller, printed, and the files deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import LockedKey, key_parts
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.pages import render

PARTS_PER_PAGE = 6


@dataclass(frozen=True, slots=True)
class EscrowSheet:
    """One sheet: its number, where it will lie, its words."""

    number: int
    site: str
    words: str


def key_page(templates: Path, locked: LockedKey, fingerprint: str, made_on: date) -> str:
    """The private key under its passphrase as QR codes, with what to do without this repository."""
    parts = key_parts(locked)
    pages = [parts[start : start + PARTS_PER_PAGE] for start in range(0, len(parts), PARTS_PER_PAGE)]
    return render(
        templates,
        "key_page.html.j2",
        locked=locked,
        fingerprint=fingerprint,
        made_on=made_on,
        pages=pages,
        count=len(parts),
        per_page=PARTS_PER_PAGE,
    )


def passphrase_page(templates: Path, locked: LockedKey, phrase: str, made_on: date) -> str:
    """The words, for the other envelope."""
    return render(templates, "passphrase.html.j2", locked=locked, words=phrase.split(), made_on=made_on)


def escrow_pages(templates: Path, locked: LockedKey, sheets: Sequence[EscrowSheet], needed: int, made_on: date) -> str:
    """The escrow sheets, one page each."""
    return render(templates, "escrow_sheet.html.j2", locked=locked, sheets=sheets, needed=needed, made_on=made_on)
