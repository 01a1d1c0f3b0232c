"""The module through its playbook, as `make validate` runs it: no inventory, no vCenter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.small_estate import ROOT, S13, copy_small, edit


def play(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The playbook of a copy of the repository: its estate is the one beside the playbook."""
    (repository / "playbooks").mkdir()
    shutil.copy(ROOT / "playbooks/validate.yml", repository / "playbooks/validate.yml")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "playbooks/validate.yml"]
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
    }
    return subprocess.run(
        [*command, "-e", "as_of=2026-11-24", *arguments],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_valid_estate_passes_and_changes_nothing(tmp_path: Path) -> None:
    result = play(copy_small(tmp_path), "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "files, 4 machines, 1 desktop pool: 0 errors, 0 warnings" in result.stdout
    assert "changed=0" in result.stdout


def test_an_invalid_estate_fails_with_the_list_and_no_traceback(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    edit(repository, S13, "owner: org-302", "owner: org-999")
    result = play(repository, "-e", "language=ja")
    assert result.returncode != 0
    assert f"{S13}:7: [E-04] s13: 組織「org-999」はありません" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
