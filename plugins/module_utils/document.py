"""One file as it was read: its values, and the line of each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

# Findings of one file; a file with more is not read further: it is another file, or broken as a whole.
FINDINGS_LIMIT = 50

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read. `value` is None where a finding says why; `lines` gives the line of each path."""

    file: str
    value: Any
    lines: dict[Keys, int] = field(default_factory=dict)
    traps: frozenset[Keys] = frozenset()  # paths that a finding already speaks of
    findings: tuple[Finding, ...] = ()

    def line(self, path: Keys) -> int:
        """Line of the path, else of the nearest thing around it that is written down."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return 1


def unreadable(file: str, line: int, message: Text, remedy: Text, *, thing: str = "") -> Finding:
    """A finding of rule E-02: the file, or a part of it, cannot be read."""
    return Finding(rule="E-02", severity="error", file=file, line=line, object=thing, message=message, remedy=remedy)
