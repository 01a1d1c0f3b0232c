"""From which commit a plan is made."""

from __future__ import annotations

import subprocess
from pathlib import Path

# What a plan depends on; a changed README does not make a plan another one.
_TREES = ("systems", "platform", "plugins", "inventory", "playbooks", "roles")


def describe_commit(repository: Path, fingerprint: str) -> str:
    """The last commit that a plan depends on, with "+" and the start of the data's fingerprint when the tree differs.

    A commit of something else (an approval, a page) leaves a plan what it was.

    Without git (an exported tree) only the fingerprint identifies the data: "no-commit+…".
    """
    commit = _git(repository, "log", "-1", "--format=%H", "--", *_TREES) or _git(repository, "rev-parse", "HEAD")
    if commit is None:
        return f"no-commit+{fingerprint[:12]}"
    changed = _git(repository, "status", "--porcelain", "--", *_TREES)
    return commit if changed == "" else f"{commit}+{fingerprint[:12]}"


def _git(repository: Path, *arguments: str) -> str | None:
    try:
        finished = subprocess.run(
            ["git", "-C", str(repository), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return finished.stdout.strip() if finished.returncode == 0 else None
