"""Progress for a person who waits: one JSON line per event in a file that the callback reads while the module runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

ENVIRONMENT = "KYOTSU_PROGRESS_FILE"


class Progress:
    """Appends lines to the progress file; without one (a module run by hand) it stays silent."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` defaults to the file that the callback named in the environment."""
        named = os.environ.get(ENVIRONMENT)
        self._path = path or (Path(named) if named else None)

    def say(self, text: str) -> None:
        """Show one line."""
        if self._path is None:
            return
        # One write of one short line: appends of several writers do not mix.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")


class Counter:
    """Says how many of a known number are done, in tenths, so that a long batch shows about ten lines."""

    def __init__(self, progress: Progress, what: str, total: int) -> None:
        """`what` names the things that are counted, in the plural."""
        self._progress = progress
        self._what = what
        self._total = total
        self._done = 0
        self._failed = 0
        self._said = 0

    def count(self, *, failed: bool = False) -> None:
        """One more is done."""
        self._done += 1
        self._failed += failed
        tenth = self._done * 10 // self._total if self._total else 10
        if tenth > self._said or self._done == self._total:
            self._said = tenth
            note = f", {self._failed} failed" if self._failed else ""
            self._progress.say(f"{self._what}: {self._done} of {self._total}{note}")
