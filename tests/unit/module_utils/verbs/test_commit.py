"""From which commit a plan is, seen in real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.commit import describe_commit

FINGERPRINT = "0123456789abcdef"


def git(repository: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    for folder in ("systems", "platform", "plugins", "docs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("1")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_tree_is_its_commit(repository: Path) -> None:
    assert describe_commit(repository, FINGERPRINT) == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("folder", ["systems", "platform", "plugins"])
@pytest.mark.parametrize("name", ["file", "new"])
def test_a_tree_that_differs_carries_the_fingerprint_of_its_data(repository: Path, folder: str, name: str) -> None:
    (repository / folder / name).write_text("2")
    head = git(repository, "rev-parse", "HEAD")
    assert describe_commit(repository, FINGERPRINT) == f"{head}+0123456789ab"


def test_what_no_plan_depends_on_does_not_matter(repository: Path) -> None:
    (repository / "docs" / "file").write_text("2")
    assert "+" not in describe_commit(repository, FINGERPRINT)


def test_a_commit_of_what_no_plan_depends_on_leaves_the_plan_what_it_was(repository: Path) -> None:
    before = describe_commit(repository, FINGERPRINT)
    (repository / "docs" / "file").write_text("2")
    git(repository, "commit", "-q", "-a", "-m", "a page")
    assert describe_commit(repository, FINGERPRINT) == before != git(repository, "rev-parse", "HEAD")
    (repository / "systems" / "file").write_text("2")
    git(repository, "commit", "-q", "-a", "-m", "data")
    assert describe_commit(repository, FINGERPRINT) == git(repository, "rev-parse", "HEAD")


def test_an_exported_tree_is_known_by_its_data(tmp_path: Path) -> None:
    assert describe_commit(tmp_path, FINGERPRINT) == "no-commit+0123456789ab"


def test_without_git_the_data_is_known_all_the_same(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert describe_commit(repository, FINGERPRINT) == "no-commit+0123456789ab"


def test_a_tree_whose_state_git_cannot_tell_does_not_count_as_clean(repository: Path) -> None:
    (repository / ".git" / "index").write_bytes(b"broken")
    head = (repository / ".git" / (repository / ".git" / "HEAD").read_text().split()[1]).read_text().strip()
    assert describe_commit(repository, FINGERPRINT) == f"{head}+0123456789ab"
