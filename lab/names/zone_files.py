"""Zone files of a lab: written from the model, one folder per segment, changed files only."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import DOMAIN, zones_of
from lab.files import write_atomically

SUFFIX = ".zone"


def write_zones(estate: Estate, directory: Path, domain: str = DOMAIN) -> dict[str, list[Path]]:
    """Write `<directory>/<segment>/<zone>.zone` and give the files that changed or went, by segment.

    Every segment with networks is in the answer, its list empty if nothing changed. Zones that are no more are removed.
    """
    changed: dict[str, list[Path]] = {}
    wanted: set[Path] = set()
    for zone in zones_of(estate, domain):
        file = directory / zone.segment / f"{zone.name}{SUFFIX}"
        wanted.add(file)
        changed.setdefault(zone.segment, [])
        content = zone.text.encode()
        if not file.exists() or file.read_bytes() != content:
            write_atomically(file, content, mode=0o644)
            changed[zone.segment].append(file)
    for file in sorted(set(directory.glob(f"*/*{SUFFIX}")) - wanted):
        file.unlink()
        changed.setdefault(file.parent.name, []).append(file)
    return changed


def zone_files(directory: Path) -> dict[str, Path]:
    """Zone -> file of one segment's folder."""
    return {file.name.removesuffix(SUFFIX): file for file in sorted(directory.glob(f"*{SUFFIX}"))}
