"""Files of a real guest to tape by the agent that runs in it, held against their list, and back into a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import standings
from ansible_collections.kyotsu.platform.plugins.module_utils.records.clock import utc_now
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_files import FilesOrder, run_restore_files
from tests.support.backup_lab import BackupLab, backup_lab
from tests.support.file_source import AGENT, KEY, MACHINE, PLACE, POOL, SOURCE, backed_up, hashes_inside, write_files
from tests.support.guest_lab import needs_guests

pytestmark = needs_guests


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackupLab]:
    with backup_lab(tmp_path_factory.mktemp("files"), "files", (MACHINE,), backed_up=False) as found:
        write_files(found)
        yield found


def _restored(lab: BackupLab, to: Path, **options: Any) -> tuple[str, tuple[str, ...]]:
    order = FilesOrder(source=SOURCE, to=to, tape_settings=lab.tape_settings, **options)
    outcome = run_restore_files(lab.target, order)
    (only,) = outcome.outcome.results
    return f"{only.status}: {only.message}", outcome.text


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of what was restored, by the path that it has in the guest."""
    return {
        f"/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / PLACE.lstrip("/")).rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_files_are_on_tape_and_equal_to_those_in_the_guest(lab: BackupLab, tmp_path: Path) -> None:
    shown = backed_up(lab, check=True)
    assert shown.startswith(f"{KEY} changed: {PLACE} of {MACHINE} by agent {AGENT} to pool {POOL}")
    assert lab.tape.catalogue.jobs() == []

    said = backed_up(lab)
    assert said.startswith(f"{KEY} changed: files of {MACHINE}, 3.0 MB on OSA001L8"), said
    with lab.store() as store:
        (copy,) = store.copies.existing()
        assert (copy.machine, copy.system, copy.pool, copy.key_id) == (KEY, "infra-common", POOL, "internet-g1")
        assert standings([copy], (), utc_now()) == {copy.id: "good"}
        assert store.backups.left_over("lab") == []
        assert store.chain.verify().ok
    # Nothing is left of what was read back.
    assert list((Path(lab.tape.settings.streams_folder) / KEY).iterdir()) == []

    folder = tmp_path / "all"
    told, _ = _restored(lab, folder)
    assert told == f"changed: 4 files in {folder}, each equal to its hash on the list"
    assert _hashes(folder) == hashes_inside(lab) != {}
    assert os.readlink(folder / PLACE.lstrip("/") / "link") == "empty"


def test_a_second_run_is_a_new_copy_of_which_single_files_come_back(lab: BackupLab, tmp_path: Path) -> None:
    lab.services.ssh(MACHINE, f"sudo sh -c 'echo two > {PLACE}/second'")
    assert f"{KEY} changed" in backed_up(lab)
    with lab.store() as store:
        assert len(store.copies.existing()) == 2

    folder = tmp_path / "some"
    told, text = _restored(lab, folder, paths=[f"{PLACE}/職員/"], check=True)
    assert (told, text[1:]) == (f"changed: would be restored to {folder}", (f"  {PLACE}/職員/名簿.db",))
    assert not folder.exists()
    told, _ = _restored(lab, folder, paths=[f"{PLACE}/職員/", f"{PLACE}/second"])
    assert told == f"changed: 2 files in {folder}, each equal to its hash on the list"
    wanted = (f"{PLACE}/職員/名簿.db", f"{PLACE}/second")
    inside = hashes_inside(lab)
    assert _hashes(folder) == {path: inside[path] for path in wanted}
    with pytest.raises(VerbRefused, match="is not empty: nothing is overwritten"):
        _restored(lab, folder)


def test_the_playbooks_do_the_same(lab: BackupLab, tmp_path: Path) -> None:
    run = lab.services.estate_lab.playbook
    shown = run("backup", "-e", f"sources={SOURCE}", "--check")
    assert (shown.code, KEY in shown.output, f"to pool {POOL}" in shown.output) == (0, True, True), shown.output
    folder = tmp_path / "by-hand"
    done = run("restore", "-e", f"source={SOURCE}", "-e", f"to={folder}")
    assert done.code == 0, done.output
    # The table shortens the sentence where the folder's name is long.
    assert "changed 1, unchanged 0, held 0, refused 0, failed 0" in done.output
    assert _hashes(folder) == hashes_inside(lab)
