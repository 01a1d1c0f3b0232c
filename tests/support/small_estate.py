"""A small valid estate to break: each test starts from a copy, with the real schemas."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "support" / "estates" / "small"
AS_OF = date(2026, 11, 24)

S02 = "systems/s02-public-assistance.yml"
S13 = "systems/s13-common-codes.yml"
VDI = "systems/vdi-lgwan.yml"


def copy_small(target: Path) -> Path:
    """The small estate with the repository's own schemas in a new folder `estate` of `target`."""
    repository = target / "estate"
    shutil.copytree(SMALL, repository)
    for folder in ("systems", "platform"):
        shutil.copytree(ROOT / folder / "_schema", repository / folder / "_schema")
    return repository


def edit(repository: Path, file: str, old: str, new: str) -> None:
    """Replace the first `old`, which must be there: a test whose edit does nothing proves nothing."""
    path = repository / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(repository: Path, file: str, text: str) -> int:
    """Line, counted from 1, of the first line that holds the text."""
    lines = (repository / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
