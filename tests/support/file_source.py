"""A source of files in a real guest: written, backed up and looked at."""

from __future__ import annotations

from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from tests.support.backup_lab import BackupLab

# The source of platform/backup.yml that lies on a machine, as the lab boots it.
SOURCE, MACHINE, PLACE = "staff-directory", "infra-common-directory01", "/var/lib/directory"
KEY, AGENT = f"files-{SOURCE}", f"files-{SOURCE}-fd"
POOL = "internet-c3-onsite"
_WRITE = f"""sudo sh -c 'mkdir -p {PLACE}/職員 && head -c 3000000 /dev/urandom > {PLACE}/職員/名簿.db &&
echo one > "{PLACE}/with space" && : > {PLACE}/empty && ln -sf empty {PLACE}/link && chmod 640 {PLACE}/empty'"""


def write_files(lab: BackupLab) -> None:
    """Files with all that a name may have: Japanese, a space; an empty one, and a link."""
    assert lab.services.ssh(MACHINE, _WRITE).returncode == 0


def hashes_inside(lab: BackupLab) -> dict[str, str]:
    """SHA-256 of each file by its path, as the guest's own program sees it."""
    said = lab.services.ssh(MACHINE, f"sudo find {PLACE} -type f -exec sha256sum {{}} +").stdout
    return {line[66:]: line[:64] for line in said.splitlines()}


def backed_up(lab: BackupLab, **options: Any) -> str:
    """Back the source up alone; give its name, status and message."""
    outcome = run_backup(lab.target, lab.tape_settings, names=None, sources=[SOURCE], **options)
    (only,) = outcome.machines
    return f"{only.name} {only.status}: {only.message}"
