"""What the simulator is built from, and with which Go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab import toolchain
from lab.toolchain import find_go, go_version, source_hash


def sources(folder: Path) -> Path:
    folder.mkdir()
    for name in ("main.go", "go.mod", "go.sum", "main_test.go"):
        (folder / name).write_text(name)
    return folder


def command(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["main.go", "go.mod", "go.sum"])
def test_hash_changes_with_every_source(tmp_path: Path, name: str) -> None:
    folder = sources(tmp_path / "src")
    before = source_hash(folder)
    (folder / name).write_text("changed")
    assert source_hash(folder) != before


def test_hash_does_not_change_with_tests(tmp_path: Path) -> None:
    folder = sources(tmp_path / "src")
    before = source_hash(folder)
    (folder / "main_test.go").write_text("changed")
    assert source_hash(folder) == before


def test_go_of_the_machine_is_used_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = command(tmp_path / "bin" / "go", "go version go1.25.1 linux/amd64")
    monkeypatch.setenv("PATH", f"{go.parent}:{os.environ['PATH']}")
    assert go_version(go) == (1, 25)
    assert find_go(tmp_path / "tools", print) == go


def test_old_go_is_passed_over_for_the_pinned_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = command(tmp_path / "bin" / "go", "go version go1.19.8 linux/amd64")
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    pinned = command(
        tmp_path / "tools" / toolchain.GO_PACKAGE.replace("==", "-") / "bin" / "go", "go version go1.26.6 linux/amd64"
    )
    assert find_go(tmp_path / "tools", print) == pinned


def test_command_that_is_no_go_has_no_version(tmp_path: Path) -> None:
    assert go_version(command(tmp_path / "go", "something else")) == (0, 0)
