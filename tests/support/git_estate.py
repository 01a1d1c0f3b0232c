"""The small estate under version control: real commits, branches and merges for tests of what compares them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.small_estate import copy_small, edit

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class GitEstate:
    """A repository whose branch main holds the small estate."""

    repository: Path

    def git(self, *arguments: str) -> str:
        """Run git; an error fails the test."""
        return subprocess.run(
            ["git", "-C", str(self.repository), *arguments],
            env={**os.environ, **_AUTHOR},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change the data: the first `old` of a file, which must be there."""
        edit(self.repository, file, old, new)


def git_estate(target: Path) -> GitEstate:
    """A new repository in `target` with one commit."""
    estate = GitEstate(copy_small(target))
    estate.git("init", "--quiet", "--initial-branch", "main")
    estate.commit("The estate")
    return estate
