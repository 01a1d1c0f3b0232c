"""The command as CI and people use it, with real commits."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.git_estate import GitEstate, git_estate
from tests.support.small_estate import ROOT, S02, S13


@pytest.fixture(scope="module")
def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("review_script", ROOT / "scripts/review.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def estate(tmp_path: Path) -> GitEstate:
    return git_estate(tmp_path)


def run(command: ModuleType, estate: GitEstate, *arguments: str) -> int:
    fixed = ["--repository", str(estate.repository), "--as-of", "2026-11-24"]
    return int(command.main([*fixed, *arguments]))


def computing_seconds() -> float:
    """Of this process and those that it has waited for (git)."""
    return sum(os.times()[:4])


def test_a_change_in_every_form(
    command: ModuleType, estate: GitEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    estate.git("switch", "--quiet", "--create", "more-memory")
    estate.edit(S02, "memory_gb: 6", "memory_gb: 12")
    estate.commit("More memory")
    markdown, data = tmp_path / "out/review.md", tmp_path / "out/review.json"
    started = computing_seconds()
    code = run(command, estate, "--base", "main", "--markdown", str(markdown), "--json", str(data))
    # The bar by the clock is tests/bench/bars.py's.
    assert computing_seconds() - started < 3
    assert code == 0
    assert "memory of s02-ap02 6 -> 12 GiB, power cycle" in capsys.readouterr().out
    assert "s02-ap02 のメモリ 6 → 12 GiB" in markdown.read_text(encoding="utf-8")
    written = json.loads(data.read_text(encoding="utf-8"))
    assert (written["ok"], written["head"], written["plan"]["kind"]) == (
        True,
        estate.git("rev-parse", "HEAD"),
        "review",
    )


def test_two_changes_that_are_right_alone_and_have_one_address_together(
    command: ModuleType, estate: GitEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither branch sees the other; git merges them without a conflict, for they edit different lines."""
    estate.git("switch", "--quiet", "--create", "first")
    estate.edit(S02, "198.19.0.65", "198.19.0.77")
    estate.commit("Give s02-ap01 the address .77")
    estate.git("switch", "--quiet", "--create", "second", "main")
    estate.edit(S02, "198.19.0.66", "198.19.0.77")
    estate.commit("Give s02-ap02 the address .77")
    assert run(command, estate, "--base", "main", "--head", "first") == 0
    assert run(command, estate, "--base", "main", "--head", "second") == 0

    # The first is merged; what is checked of the second is its merge with main, as CI checks it out.
    estate.git("switch", "--quiet", "main")
    estate.git("merge", "--quiet", "--no-ff", "--no-edit", "first")
    capsys.readouterr()
    assert run(command, estate, "--base", "main", "--head", "second") == 1
    assert "[Y-02]" in capsys.readouterr().out

    # The same on the merge commit itself, which is where hosted CI runs.
    estate.git("switch", "--quiet", "--create", "merge-of-second", "main")
    estate.git("merge", "--quiet", "--no-ff", "--no-edit", "second")
    assert run(command, estate, "--base", "main", "--head", "HEAD") == 1


def test_two_changes_of_one_line(command: ModuleType, estate: GitEstate, capsys: pytest.CaptureFixture[str]) -> None:
    estate.git("switch", "--quiet", "--create", "second")
    estate.edit(S02, "memory_gb: 6", "memory_gb: 12")
    estate.commit("More memory")
    estate.git("switch", "--quiet", "main")
    estate.edit(S02, "memory_gb: 6", "memory_gb: 8")
    estate.commit("Some more memory")
    assert run(command, estate, "--base", "main", "--head", "second") == 1
    error = capsys.readouterr().err
    assert "does not merge" in error
    assert S02 in error


def test_a_branch_behind_main_does_not_take_back_what_main_did(command: ModuleType, estate: GitEstate) -> None:
    estate.git("switch", "--quiet", "--create", "branch")
    estate.edit(S02, "memory_gb: 6", "memory_gb: 12")
    estate.commit("More memory")
    estate.git("switch", "--quiet", "main")
    estate.edit(S13, "owner: org-302", "owner: org-301")
    estate.commit("Another owner")
    found = command._review(
        command._parse(["--repository", str(estate.repository), "--base", "main", "--head", "branch"])
    )
    assert [system.id for system in found.systems] == ["s02"]


def test_what_is_not_committed(command: ModuleType, estate: GitEstate, capsys: pytest.CaptureFixture[str]) -> None:
    estate.edit(S02, "memory_gb: 6", "memory_gb: 12")
    assert run(command, estate, "--base", "main") == 0
    captured = capsys.readouterr()
    assert "nothing changes" in captured.out
    assert f"not committed, so not reviewed: {S02}" in captured.err
    assert run(command, estate, "--base", "main", "--working-tree") == 0
    assert "memory of s02-ap02 6 -> 12 GiB" in capsys.readouterr().out


def test_nothing_in_the_repository_moves(command: ModuleType, estate: GitEstate) -> None:
    before = (estate.git("status", "--porcelain"), estate.git("for-each-ref"), estate.git("worktree", "list"))
    assert run(command, estate, "--base", "main") == 0
    assert before == (estate.git("status", "--porcelain"), estate.git("for-each-ref"), estate.git("worktree", "list"))


@pytest.mark.parametrize("base", ["origin/main", "no-such-commit", "--help", "-x"])
def test_an_unknown_base(command: ModuleType, estate: GitEstate, base: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, estate, f"--base={base}") == 2
    assert f"git knows no commit {base}" in capsys.readouterr().err


def test_a_base_without_the_data(command: ModuleType, estate: GitEstate) -> None:
    empty = estate.git("commit-tree", "-m", "Empty", estate.git("hash-object", "-t", "tree", "-w", "/dev/null"))
    found = command._review(
        command._parse(["--repository", str(estate.repository), f"--base={empty}", "--working-tree"])
    )
    assert (found.base_sound, found.plan) == (False, None)


@pytest.mark.parametrize("arguments", [["--as-of", "yesterday"], ["--repository", "/nowhere"], ["--format", "xml"]])
def test_wrong_use(command: ModuleType, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2
