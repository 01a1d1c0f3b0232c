"""Where the papers of a case go: written whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write_report(folder: Path, name: str, text: str) -> Path:
    """Write a file and give its path; a run that is killed leaves no half of it under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    fresh = folder / f".{name}.new"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path
