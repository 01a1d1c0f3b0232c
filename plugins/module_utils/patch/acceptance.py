"""Open vulnerabilities that somebody has accepted by name, and until when. They stand in the files of the rounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """受容: who bears the risk of these CVEs of one system, from a day until a day, both included, and why."""

    system: str
    cves: tuple[str, ...]
    by: str
    accepted_on: date
    until: date
    reason: str


def acceptance_of(acceptances: Iterable[Acceptance], system: str, cve: str, day: date) -> Acceptance | None:
    """What was said of a CVE of a system by a day: the acceptance that lasts longest, also one that has run out.

    Whoever shows it compares `until` with the day: an acceptance that is over is told, not forgotten.
    """
    found = [each for each in acceptances if each.system == system and cve in each.cves and each.accepted_on <= day]
    return max(found, key=lambda each: (each.until, each.accepted_on), default=None)
