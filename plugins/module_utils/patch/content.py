"""What a content snapshot offers, from its Packages indexes (Debian's repository format); what a guest has after it.

Pure and offline.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from debian.deb822 import Packages
from debian.debian_support import NativeVersion

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import GuestFacts

_GZIP = b"\x1f\x8b"
# "openssl (3.0.15-1)": the version stands there only where it is not that of the package.
_SOURCE = re.compile(r"(?P<name>[a-z0-9][a-z0-9.+-]*)(?: \((?P<version>[^)]+)\))?\Z")


class ContentError(Exception):
    """The file is no Packages index; the message says what does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One package of a snapshot, and the source that it was made from."""

    package: str
    version: str
    source: str
    source_version: str


def read_packages(content: bytes) -> dict[str, Offer]:
    """Package -> its newest offer in one index, plain or gzip. Raises ContentError."""
    try:
        text = (gzip.decompress(content) if content.startswith(_GZIP) else content).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ContentError(f"not a Packages index: {error}") from error
    found: dict[str, Offer] = {}
    for number, paragraph in enumerate(Packages.iter_paragraphs(text.splitlines(), use_apt_pkg=False), 1):
        fields: Mapping[str, Any] = paragraph
        source = _SOURCE.match(fields.get("Source") or fields.get("Package", ""))
        if source is None or not fields.get("Version"):
            raise ContentError(f"not a Packages index: paragraph {number} lacks Package or Version")
        offer = Offer(
            package=fields["Package"],
            version=fields["Version"],
            source=source["name"],
            source_version=source["version"] or fields["Version"],
        )
        if offer.package not in found or is_newer(offer.version, found[offer.package].version):
            found[offer.package] = offer
    if not found:
        raise ContentError("not a Packages index: it has no package")
    return found


def newest(indexes: Iterable[Mapping[str, Offer]]) -> dict[str, Offer]:
    """The newest offer of each package over the suites of one snapshot, as apt takes it."""
    found: dict[str, Offer] = {}
    for index in indexes:
        for package, offer in index.items():
            if package not in found or is_newer(offer.version, found[package].version):
                found[package] = offer
    return found


def sources_after(facts: GuestFacts, content: Mapping[str, Offer]) -> dict[str, str]:
    """Source packages of a guest after everything that it has and the snapshot has newer was upgraded."""
    after = dict(facts.sources)
    for package, version in facts.packages.items():
        offer = content.get(package)
        if offer is None or not is_newer(offer.version, version):
            continue
        if is_newer(offer.source_version, after.get(offer.source, "0")):
            after[offer.source] = offer.source_version
    return after


def is_newer(version: str, than: str) -> bool:
    """By Debian's order of versions (deb-version(7))."""
    compared: Any = NativeVersion(version)
    return bool(compared > NativeVersion(than))
