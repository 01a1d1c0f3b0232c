"""scripts/names.py writes what has changed and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.small_estate import ROOT, copy_small, edit


def run(repository: Path, output: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts/names.py"), "--repository", str(repository), "--output", str(output)]
    return subprocess.run([*command, "--domain", "example.test"], capture_output=True, text=True, check=False)


def test_zones_and_targets_are_written_once(tmp_path: Path) -> None:
    repository, output = copy_small(tmp_path), tmp_path / "out"
    first = run(repository, output)
    assert first.returncode == 0, first.stderr
    assert (output / "zones/lgwan/lgwan.example.test.zone").exists()
    assert (output / "targets/mynumber.json").exists()
    assert run(repository, output).stdout == "0 changed\n"


def test_an_estate_that_is_not_valid_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    repository, output = copy_small(tmp_path), tmp_path / "out"
    edit(repository, "systems/s13-common-codes.yml", "status: in-service", "status: nothing")
    answer = run(repository, output)
    assert answer.returncode == 1
    assert "s13-common-codes.yml" in answer.stderr
    assert not output.exists()
