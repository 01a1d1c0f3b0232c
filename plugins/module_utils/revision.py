"""The data of a commit in a folder of its own, by git alone: no worktree, no checkout, no branch moves."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

# What a review needs; code is always the code that runs.
DATA = ("systems", "platform")


class RevisionError(Exception):
    """git does not know the commit or refuses; the message says what to do."""


class MergeConflict(Exception):
    """The two commits change the same lines: a person must merge them first."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A tree to read, and what to call it."""

    tree: str
    name: str


def export_data(repository: Path, revision: str, target: Path) -> str:
    """Write systems/ and platform/ of a commit or tree below `target`; return its full id.

    A folder that the revision does not have is left out. Raises RevisionError.
    """
    identity = _resolve(repository, revision)
    there = _git(repository, "ls-tree", "--name-only", identity).split("\n")
    folders = [each for each in DATA if each in there]
    target.mkdir(parents=True)
    if folders:
        archive = _run(repository, "archive", "--format=tar", identity, "--", *folders)
        if archive.returncode != 0:
            raise RevisionError(f"git archive {revision}: {_message(archive)}")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(target, filter="data")
    return identity


def merged_tree(repository: Path, base: str, head: str) -> Merged:
    """The tree that merging `head` into `base` gives; where the head holds the base already, the head's own.

    Raises:
        MergeConflict: the merge stops; the message names the files.
        RevisionError: a commit is unknown, or the history between the two is not there (a shallow clone).
    """
    ours, theirs = _resolve(repository, f"{base}^{{commit}}"), _resolve(repository, f"{head}^{{commit}}")
    if _run(repository, "merge-base", "--is-ancestor", ours, theirs).returncode == 0:
        return Merged(theirs, theirs)
    merge = _run(repository, "merge-tree", "--write-tree", "--name-only", "--no-messages", ours, theirs)
    lines = merge.stdout.decode().split("\n")
    if merge.returncode == 1:
        files = sorted({line for line in lines[1:] if line})
        raise MergeConflict(f"{head} does not merge into {base}: merge {base} and solve {', '.join(files)} first")
    if merge.returncode != 0:
        raise RevisionError(f"cannot merge {head} into {base}: {_message(merge)} (CI: fetch the whole history)")
    return Merged(lines[0], f"{theirs} merged into {ours[:12]}")


def uncommitted(repository: Path) -> list[str]:
    """Files of the data that differ from the last commit."""
    status = _git(repository, "status", "--porcelain", "--no-renames", "-z", "--", *DATA)
    return [entry[3:] for entry in status.split("\0") if entry]


def _resolve(repository: Path, revision: str) -> str:
    # A name that begins with a dash would be an option.
    found = _run(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", revision)
    if found.returncode != 0:
        raise RevisionError(f"git knows no commit {revision}: fetch it, or name another with BASE=…")
    return found.stdout.decode().strip()


def _git(repository: Path, *arguments: str) -> str:
    finished = _run(repository, *arguments)
    if finished.returncode != 0:
        raise RevisionError(f"git {arguments[0]}: {_message(finished)}")
    return finished.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def _run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None


def _message(finished: subprocess.CompletedProcess[bytes]) -> str:
    lines = finished.stderr.decode("utf-8", "replace").strip().split("\n")
    return lines[0] or f"exit code {finished.returncode}"
