"""The guests of the scenario, looked at without Ansible."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LAB = os.environ["KYOTSU_LAB"]
GUESTS = ("s02-db01", "s02-ap01", "s11-web01")  # as the limit in molecule.yml
_SECONDS = 60


def inside(name: str, command: str) -> str:
    """What a command prints in a guest; "" if it fails."""
    code, said = asked(name, command)
    return said if code == 0 else ""


def asked(name: str, command: str) -> tuple[int, str]:
    """The exit code of a command in a guest, and what it prints."""
    sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]
    from lab.guests.ssh import ssh_command
    from lab.laboratory import Laboratory

    finished = subprocess.run(
        ssh_command(Laboratory(LAB).guests, name, [command]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    return finished.returncode, finished.stdout.strip()
