"""Commands that run as another user than the lab's."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from lab.errors import LabError

STORAGE_USER, STORAGE_GROUP = "backup", "tape"  # both are part of every Debian
DATABASE_USER = "postgres"
_CAP_DAC_READ_SEARCH = 2


def as_user(user: str, group: str, folder: Path) -> tuple[str, ...]:
    """What stands before a command so that it runs as the user; empty if we are not root and all is ours.

    Where a folder above the lab is closed to other users, the command may read and pass whatever it likes, and still
    write only what is its own: the write protection of a cartridge and PostgreSQL's refusal of root hold.
    """
    if os.geteuid() != 0:
        return ()
    prefix = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
    if all(parent.stat().st_mode & 0o001 for parent in folder.resolve().parents):
        return prefix
    if not _bounding() >> _CAP_DAC_READ_SEARCH & 1:
        raise LabError(f"{folder}: user {user} cannot pass a folder above it; chmod o+x it, or use --state-root")
    return (*prefix, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


def give(path: Path, user: str, group: str | None = None) -> None:
    """Make the user the owner of a file or folder, if we may and need to."""
    if os.geteuid() == 0:
        shutil.chown(path, user, group)


def check_users() -> None:
    """LabError if a user that the lab needs is missing."""
    for user in (STORAGE_USER, DATABASE_USER) if os.geteuid() == 0 else ():
        try:
            pwd.getpwnam(user)
        except KeyError:
            raise LabError(f"user {user} is missing: run scripts/bootstrap tape (Debian 12)") from None


def _bounding() -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    return 0
