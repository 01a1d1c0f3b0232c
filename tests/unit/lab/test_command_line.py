"""Commands refuse what makes no sense, with one line and an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.command_line import EXIT_FAILED, EXIT_NOT_RUNNING, main


def test_status_of_a_lab_that_is_not_there_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--lab", "x", "--state-root", str(tmp_path)]) == EXIT_NOT_RUNNING
    assert "make lab-up" in capsys.readouterr().out


def test_env_of_a_lab_that_is_not_there_prints_no_variable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--lab", "x", "--state-root", str(tmp_path)]) == EXIT_NOT_RUNNING
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"vcenters": []})])
def test_world_file_that_is_none_is_one_line_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    world = tmp_path / "world.json"
    world.write_text(content)
    arguments = ["up", "--lab", "x", "--state-root", str(tmp_path / "labs"), "--world", str(world)]
    assert main(arguments) == EXIT_FAILED
    assert "world.json" in capsys.readouterr().err
    assert not (tmp_path / "labs").exists()


def test_promote_in_a_lab_without_mirrors_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["promote", "test", "--round", "2026-11", "--lab", "x", "--state-root", str(tmp_path)]
    assert main(arguments) == EXIT_FAILED
    captured = capsys.readouterr().err
    assert "make lab-up GUESTS=some" in captured
    assert captured.count("\n") == 1
