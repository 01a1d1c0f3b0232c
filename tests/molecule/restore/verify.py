"""Look from outside: the machines are what they were; and a second restore is refused, for nobody types a name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from lose import NAMES, REMEMBERED, REPOSITORY, described, machines


def main() -> None:
    """Compare, try again, compare."""
    compare()
    finished = run("--check")
    if finished.returncode != 0 or "measured in 2 restores" not in words(finished):
        raise SystemExit(finished.stdout + finished.stderr)
    again = run("-e", "boot_seconds=0")
    if again.returncode == 0 or "nothing is overwritten before a person" not in words(again):
        raise SystemExit(again.stdout + again.stderr)
    compare()
    print("both machines are what they were, and were not overwritten")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory/lab", "playbooks/restore.yml"]
    return subprocess.run(
        [*command, "--limit", "s20-db01", *arguments],
        cwd=REPOSITORY,
        env={**own, "PYTHONUTF8": "1", "COLUMNS": "400"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def words(finished: subprocess.CompletedProcess[str]) -> str:
    """What it said, without the line ends that Ansible puts in."""
    return " ".join(finished.stdout.split())


def compare() -> None:
    """What they were before they were lost."""
    before = json.loads(REMEMBERED.read_text(encoding="utf-8"))
    with machines("reader") as found:
        now = {name: described(found[name]) for name in NAMES}
    if now != before:
        raise SystemExit(f"before: {before}\nnow: {now}")


if __name__ == "__main__":
    main()
