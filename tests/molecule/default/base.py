"""The base commit in a git worktree: apply it to the lab with its own code, and remember what its machines were."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LAB = os.environ["KYOTSU_LAB"]
WORKTREE = REPOSITORY / ".cache" / f"{LAB}-base"
# Facts of the machines that must stay as they are; verify.py compares with them.
BEFORE = REPOSITORY / ".lab" / LAB / "before.json"


def build() -> None:
    """Check out, build the foundation, provision, look from outside."""
    remove()
    WORKTREE.parent.mkdir(parents=True, exist_ok=True)
    _call("git", "worktree", "add", "--quiet", "--detach", str(WORKTREE), os.environ["KYOTSU_BASE"], folder=REPOSITORY)
    # The lab is this repository's; the base finds it where it looks for its own.
    (WORKTREE / ".lab").symlink_to(REPOSITORY / ".lab")
    for playbook in ("foundation", "provision"):
        _call(
            str(Path(sys.executable).parent / "ansible-playbook"),
            "--inventory=inventory/lab",
            f"--limit={os.environ['KYOTSU_BASE_LIMIT']}",
            f"playbooks/{playbook}.yml",
            folder=WORKTREE,
        )
    sys.path.insert(0, str(REPOSITORY))
    from lab import verify

    BEFORE.write_text(json.dumps(verify.actual(REPOSITORY / ".lab" / LAB)), encoding="utf-8")


def _call(*command: str, folder: Path) -> None:
    """Run a command as a user of that checkout would; molecule's own variables would lead it to this one."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    own |= {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "KYOTSU_LAB": LAB, "PYTHONUTF8": "1"}
    finished = subprocess.run(command, cwd=folder, env=own, stdin=subprocess.DEVNULL, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {finished.returncode}; its message stands above")


def remove() -> None:
    """Remove the worktree, also one that a killed run left half made."""
    shutil.rmtree(WORKTREE, ignore_errors=True)
    subprocess.run(["git", "worktree", "prune"], cwd=REPOSITORY, check=True)


if __name__ == "__main__":
    {"build": build, "remove": remove}[sys.argv[1]]()
