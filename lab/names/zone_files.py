"""Zone files of a lab: what provision writes, and what is there before it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import (
    ZONE_SUFFIX,
    FileChange,
    NetworkServices,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences
from lab.paths import LabPaths


def network_services(lab: LabPaths) -> NetworkServices:
    """The folders of a lab, as its inventory names them; nothing is reloaded."""
    monitoring = lab.root / "monitoring"
    return NetworkServices(
        zones=lab.root / "names" / "zones",
        targets=monitoring / "targets",
        silences=FileSilences(monitoring / "silences.json"),
    )


def prepare_zones(estate: Estate, lab: LabPaths) -> tuple[FileChange, ...]:
    """Make the zones with the names of the platform's own servers, which serve in a lab before there are machines.

    Names of all other machines are made by provision, and stay as they are.
    """
    own = [machine.name for system, machine in estate.machines() if system.kind == "platform"]
    return network_services(lab).register(estate, own, today=datetime.now(UTC).date(), monitoring=False)


def zone_files(directory: Path) -> dict[str, Path]:
    """Zone -> file of one segment's folder."""
    return {file.name.removesuffix(ZONE_SUFFIX): file for file in sorted(directory.glob(f"*{ZONE_SUFFIX}"))}
