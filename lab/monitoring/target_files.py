"""Target lists of a lab: one file_sd file per segment, written from the model, changed files only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.monitoring_targets import file_sd, targets_of
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences
from lab.files import write_atomically
from lab.paths import LabPaths


def monitoring_folder(lab: LabPaths) -> Path:
    """The folder of a lab's monitoring."""
    return lab.root / "monitoring"


def silences(lab: LabPaths) -> FileSilences:
    """The silences of a lab."""
    return FileSilences(monitoring_folder(lab) / "silences.json")


def write_targets(estate: Estate, directory: Path, without: Iterable[str] = ()) -> list[Path]:
    """Write `<directory>/<segment>.json` for Prometheus' file_sd_configs and give the files that changed."""
    changed = []
    for segment, entries in targets_of(estate, without=without).items():
        file = directory / f"{segment}.json"
        content = file_sd(entries).encode()
        if not file.exists() or file.read_bytes() != content:
            write_atomically(file, content, mode=0o644)
            changed.append(file)
    return changed
