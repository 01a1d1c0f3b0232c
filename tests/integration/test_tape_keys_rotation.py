"""A key is rotated on a living client: new tapes have the new key, old ones still need the old one, which is kept."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_use import KeyInUse
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.clients import keys_in_use
from tests.support.small_estate import ROOT
from tests.support.tape_lab import CLIENT, MEGABYTE, ONSITE, TapeLab, tape_lab

sys.path.insert(0, str(ROOT / "scripts"))

import tape_keys

SEGMENT = CLIENT.removesuffix("-fd")


@pytest.fixture
def lab() -> Iterator[TapeLab]:
    with tape_lab("rotate") as lab:
        lab.library.label(["OSA001L8"], ONSITE)
        yield lab


def keys(lab: TapeLab, command: str, *arguments: str) -> int:
    return tape_keys.main(["--database", f"sqlite:///{lab.folder / 'records.sqlite3'}", command, *arguments])


def in_use(lab: TapeLab) -> str:
    """The key that the segment's client writes with, or why nobody may write."""
    with open_store(f"sqlite:///{lab.folder / 'records.sqlite3'}", production=False) as store:
        found = keys_in_use(lab.jobs, store.tape_keys.statuses(), [SEGMENT])[SEGMENT]
    return found.key_id if isinstance(found, KeyInUse) else found.en


def restart(lab: TapeLab) -> None:
    lab.lab.process(CLIENT).stop()
    lab.lab.start(CLIENT)


def test_old_tapes_need_the_old_key_and_new_ones_the_new(lab: TapeLab, tmp_path: Path) -> None:
    key = lab.lab.paths.keys / f"{CLIENT}.pem"
    source = lab.content("source", MEGABYTE)
    assert keys(lab, "create", SEGMENT, "--key", str(key), "--people", "hanako") == 0
    old = lab.backup("old", source).check()
    assert in_use(lab) == f"{SEGMENT}-g1"
    while int(time.time()) <= lab.jobs.console.client_started(CLIENT):
        time.sleep(0.1)  # within one second nobody can tell which was first
    assert keys(lab, "rotate", SEGMENT, "--key", str(key), "--reason", "yearly", "--people", "hanako") == 0
    assert "start the client anew" in in_use(lab), "it still has the key of before"
    restart(lab)
    assert in_use(lab) == f"{SEGMENT}-g2"
    new = lab.backup("new", source).check()
    assert lab.restore(new.job_id, tmp_path / "new").good
    assert not lab.restore(old.job_id, tmp_path / "old").good, "what was written before needs the key of before"

    kept = key.with_name(f"{SEGMENT}-g1.pem")
    current = tmp_path / "current.pem"
    shutil.copy2(key, current)
    shutil.copy2(kept, key)
    restart(lab)
    assert f"encrypts with {SEGMENT}-g1, and the key of segment {SEGMENT} is {SEGMENT}-g2" in in_use(lab)
    assert lab.restore(old.job_id, tmp_path / "old").good
    assert (tmp_path / "old").read_bytes() == source.read_bytes()
    assert not lab.restore(new.job_id, tmp_path / "again").good
    shutil.copy2(current, key)
