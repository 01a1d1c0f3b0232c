"""Patch runs from the files that they have written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import OutcomeError, RunOutcome, read_run


def runs_of_files(path: Path) -> Iterator[RunOutcome]:
    """The run of a file, or those of every JSON file below a folder. Raises OutcomeError with the file, OSError."""
    for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
        try:
            yield read_run(file.read_bytes())
        except OutcomeError as error:
            raise OutcomeError(f"{file}: {error}") from error
