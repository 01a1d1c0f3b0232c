"""Findings before and after: what a change breaks and mends. Lines move with every edit, so they do not count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding

_LINE_NUMBER = re.compile(r"(\.(?:yml|json)):\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsDifference:
    """Findings that are new, those that are gone, and those that stay."""

    broken: tuple[Finding, ...]
    satisfied: tuple[Finding, ...]
    standing: tuple[Finding, ...]


def compare_findings(before: Iterable[Finding], after: Iterable[Finding]) -> FindingsDifference:
    """Match what is the same finding; where only its numbers differ it still stands."""
    old, new = list(before), list(after)
    standing: list[Finding] = []
    for identity in (_exact, _about):
        known = Counter(identity(each) for each in old)
        rest = []
        for finding in new:
            key = identity(finding)
            if known[key] > 0:
                known[key] -= 1
                standing.append(finding)
                old.pop(next(place for place, each in enumerate(old) if identity(each) == key))
            else:
                rest.append(finding)
        new = rest
    return FindingsDifference(broken=tuple(new), satisfied=tuple(old), standing=tuple(standing))


def _exact(finding: Finding) -> tuple[str, ...]:
    return finding.rule, finding.severity, finding.object, _LINE_NUMBER.sub(r"\1", finding.message.en)


def _about(finding: Finding) -> tuple[str, ...]:
    """A finding about a whole file has no object."""
    return finding.rule, finding.severity, finding.object or finding.file
