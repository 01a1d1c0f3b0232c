"""Every page of the repository leads to files and headings that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.small_estate import ROOT

_FENCED = re.compile(r"```.*?```", re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FOLDERS = ("docs", "lab", "tests", "roles", "platform", "systems", "approvals", "patches")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


def text_of(page: Path) -> str:
    """The page without what it shows as code."""
    return _CODE.sub("", _FENCED.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """The names that a page's headings have in a link, as the hosting services make them."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages_with_links() -> None:
    assert ROOT / "README.md" in PAGES
    assert len(_LINK.findall(text_of(ROOT / "README.md"))) > 10


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_a_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in _LINK.findall(text_of(page)):
        file, _, anchor = target.partition("#")
        if ":" in file:
            continue  # on the network, where a test does not look
        there = (page.parent / file) if file else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []
