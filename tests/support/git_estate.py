"""Estates under version control: real commits, branches and merges for tests of what compares them."""

from __future__ import annotations

import os
import shutil
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
    """A repository whose branch main holds an estate."""

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


def checkout(source: Path, target: Path) -> GitEstate:
    """A repository's working tree as one commit on the branch main of another, with the tools that are installed.

    What is not committed there is in it: that is what a test is about.
    """
    listed = subprocess.run(
        ["git", "-C", str(source), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for file in filter(None, listed.split("\0")):
        if (source / file).is_symlink() or (source / file).is_file():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / file, target / file, follow_symlinks=False)
    estate = GitEstate(target)
    estate.git("init", "--quiet", "--initial-branch", "main")
    estate.commit("The repository")
    for tools in (".venv", ".tools"):
        (target / tools).symlink_to(source / tools)
    (target / ".git/info/exclude").write_text(".venv\n.tools\n", encoding="utf-8")
    return estate
