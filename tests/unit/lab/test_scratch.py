"""Folders for one use: gone afterwards, also when their process was killed, and never while it lives."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from lab.scratch import scratch_folder

REPOSITORY = Path(__file__).resolve().parents[3]
PREFIX = "kyotsu-test-"
HOLDER = f"""
from lab.scratch import scratch_folder
with scratch_folder("{PREFIX}") as folder:
    (folder / "content").write_text("x")
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def held_by_another(temporary: Path) -> tuple[subprocess.Popen[str], Path]:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", HOLDER]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def aged(folder: Path, seconds: float = 3600) -> None:
    moment = time.time() - seconds
    os.utime(folder, (moment, moment))


def fails_over_its_folder() -> None:
    with scratch_folder(PREFIX) as folder:
        (folder / "content").write_text("x")
        raise RuntimeError


def test_it_is_gone_afterwards_also_after_an_error(temporary: Path) -> None:
    with pytest.raises(RuntimeError):
        fails_over_its_folder()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_taken_away_and_what_a_living_one_has_is_not(temporary: Path) -> None:
    killed, left = held_by_another(temporary)
    living, used = held_by_another(temporary)
    try:
        for folder in (left, used):
            aged(folder)
        killed.kill()
        killed.wait()
        with scratch_folder(PREFIX) as mine:
            assert {path.name for path in temporary.iterdir()} == {used.name, mine.name}
            assert (used / "content").exists()
    finally:
        for process in (killed, living):
            process.communicate("\n")
    assert list(temporary.iterdir()) == []


def test_a_folder_that_may_not_be_locked_yet_and_a_link_are_left_alone(temporary: Path) -> None:
    new = temporary / f"{PREFIX}new"
    new.mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "content").write_text("x")
    link = temporary / f"{PREFIX}link"
    link.symlink_to(elsewhere)
    aged(elsewhere)
    with scratch_folder(PREFIX):
        pass
    assert new.exists()
    assert (elsewhere / "content").exists()
    aged(new)
    with scratch_folder(PREFIX):
        pass
    assert not new.exists()
