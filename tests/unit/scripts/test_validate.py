"""The command as people and machines use it."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import FILES
from tests.support.small_estate import ROOT, S13, copy_small, edit

SMALL_FILES = len(FILES) + 3  # of platform/, and three systems


@pytest.fixture(scope="module")
def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("validate_script", ROOT / "scripts/validate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(command: ModuleType, repository: Path, *arguments: str) -> int:
    return int(command.main(["--repository", str(repository), "--as-of", "2026-11-24", *arguments]))


def test_a_valid_estate(command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, copy_small(tmp_path)) == 0
    assert capsys.readouterr().out.startswith(
        f"{SMALL_FILES} files, 4 machines, 1 desktop pool: 0 errors, 0 warnings ("
    )


def test_warnings_fail_only_when_asked(command: ModuleType, tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    edit(repository, "platform/equipment.yml", "2030-03-31", "2026-11-23")
    assert run(command, repository) == 0
    assert run(command, repository, "--strict") == 1


def test_without_a_day_it_is_that_of_the_data_centre(
    command: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A runner's clock in UTC shows yesterday until nine in the morning, when what ended yesterday still counts."""
    repository = copy_small(tmp_path)
    edit(repository, "platform/equipment.yml", "2030-03-31", "2026-11-24")
    said = []
    for day in (24, 25):
        monkeypatch.setattr(command, "today", lambda day=day: date(2026, 11, day))
        command.main(["--repository", str(repository)])
        said.append(capsys.readouterr().out)
    assert "ends on 2026-11-24" in said[0]
    assert "ends on 2026-11-24" not in said[1]


def test_json_for_machines(command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = copy_small(tmp_path)
    edit(repository, S13, "owner: org-302", "owner: org-999")
    assert run(command, repository, "--format", "json") == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["errors"], result["warnings"], result["files"]) == (1, 0, SMALL_FILES)
    assert result["findings"][0]["rule"] == "E-04"
    assert result["findings"][0]["message"]["ja"] == "s13: 組織「org-999」はありません"


def test_rules_that_wait_are_mentioned(command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = copy_small(tmp_path)
    (repository / "platform/networks.yml").unlink()
    assert run(command, repository) == 1
    assert "rules across files wait until platform/ is sound" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--as-of", "yesterday"], ["--repository", "/nowhere"], ["--language", "fr"], ["extra"]]
)
def test_wrong_use_is_exit_code_2(
    command: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err
