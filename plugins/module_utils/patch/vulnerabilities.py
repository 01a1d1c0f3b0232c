"""Known vulnerabilities of installed packages, from Debian's security tracker carried in as a file. Offline.

The tracker's JSON (security-tracker.debian.org/tracker/data/json, one object: source package -> CVE -> releases) says
for each release in which source version a CVE is fixed. A source version below it has the CVE; a CVE without a fixed
version is open in every version; "0" says that the release was never affected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from debian.debian_support import NativeVersion

# What Debian does not treat as a vulnerability of the release ("unimportant": no security effect in Debian's build).
_UNIMPORTANT = "unimportant"
NEVER_AFFECTED = "0"


class TrackerError(Exception):
    """The file is not the tracker's JSON; the message says what does not fit."""


@dataclass(frozen=True, slots=True, order=True)
class Vulnerability:
    """One CVE in one installed source package. `fixed_version` None: no fix exists yet."""

    cve: str
    source: str
    installed_version: str
    fixed_version: str | None
    urgency: str


class _Release(msgspec.Struct):
    status: str
    urgency: str = ""
    fixed_version: str | None = None


class _Entry(msgspec.Struct):
    releases: dict[str, _Release] = {}


@dataclass(frozen=True, slots=True)
class Tracker:
    """The tracker's answers for one release: source package -> CVE -> (fixed version or None, urgency)."""

    release: str
    sources: Mapping[str, Mapping[str, tuple[str | None, str]]]


def read_tracker(content: bytes, release: str) -> Tracker:
    """Keep what the tracker says of one release ("bookworm"). Raises TrackerError."""
    try:
        decoded = msgspec.json.decode(content, type=dict[str, dict[str, _Entry]])
    except msgspec.DecodeError as error:
        raise TrackerError(f"not the security tracker's JSON: {error}") from error
    sources: dict[str, dict[str, tuple[str | None, str]]] = {}
    for source, entries in decoded.items():
        for cve, entry in entries.items():
            found = entry.releases.get(release)
            if found is None or found.urgency == _UNIMPORTANT or found.fixed_version == NEVER_AFFECTED:
                continue
            fixed = found.fixed_version if found.status == "resolved" else None
            sources.setdefault(source, {})[cve] = (fixed, found.urgency)
    return Tracker(release, sources)


def vulnerabilities(installed: Mapping[str, str], tracker: Tracker) -> tuple[Vulnerability, ...]:
    """What is known of these source packages (name -> version), by CVE. A package that the tracker lacks has none."""
    return tuple(
        sorted(
            Vulnerability(cve, source, version, fixed, urgency)
            for source, version in installed.items()
            for cve, (fixed, urgency) in tracker.sources.get(source, {}).items()
            if fixed is None or _is_older(version, fixed)
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """CVEs of one machine or system before and after: `closed` by the patch, `remaining`, and `added` by it."""

    closed: tuple[str, ...]
    remaining: tuple[str, ...]
    added: tuple[str, ...]


def difference(before: Iterable[Vulnerability], after: Iterable[Vulnerability]) -> Difference:
    """By CVE: one that two packages share is closed only when neither has it any more."""
    old, new = {each.cve for each in before}, {each.cve for each in after}
    return Difference(
        closed=tuple(sorted(old - new)), remaining=tuple(sorted(old & new)), added=tuple(sorted(new - old))
    )


@lru_cache(maxsize=65536)
def _is_older(version: str, fixed: str) -> bool:
    """By Debian's order of versions (deb-version(7)): a tilde sorts before everything."""
    compared: Any = NativeVersion(version)
    return bool(compared < NativeVersion(fixed))
