"""The manifest says what is on the tape, and is read by whoever has nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import choose
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.manifest import (
    MeasuredDisk,
    backup_name,
    manifest_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.source_text import machine_text
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    Software,
    manifest_digest,
    read_manifest,
    write_manifest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from tests.support.backups import KEYS, NOW, make_backup_estate, seen
from tests.support.builders import make_machine
from tests.support.small_estate import AS_OF, S13, copy_small


def test_it_comes_back_from_its_bytes_with_everything_in_it() -> None:
    estate = make_backup_estate()
    (item,) = choose(estate, None, seen(estate, host="例"), KEYS).items
    manifest = manifest_of(
        item,
        taken_at=NOW,
        quiesced=True,
        disks=[MeasuredDisk(device_key=2000, capacity_bytes=40 * 2**30, bytes=12345, sha256="a" * 64)],
        tapes=["KYT001L8", "KYT002L8"],
        hardware={"devices": [{"_type": "VirtualDisk", "key": "2000"}], "firmware": "efi"},
        commit="c" * 40,
        machine_yaml="key: s01-db-1\n",
        chain_head="7:" + "b" * 64,
        software=[Software(name="Bacula", version="9.6.7")],
    )
    content = write_manifest(manifest)
    again = read_manifest(content, digest=manifest_digest(content))
    assert write_manifest(again) == content
    assert again.backup == backup_name("s01-db-1", NOW) == "s01-db-1-20261124T130000Z"
    (disk,) = again.disks
    assert (disk.name, disk.key, disk.size_bytes, disk.capacity_bytes) == ("disk0", 2000, 12345, 40 * 2**30)
    assert [(tape.barcode, tape.pool) for tape in again.tapes] == [("KYT001L8", item.pool), ("KYT002L8", item.pool)]
    assert (again.key_id, again.compression, again.opaque) == ("lgwan-g1", "lzo", True)
    # The restore places the machine by names, not by ids of a vCenter that may be gone.
    assert again.vcenter["cluster"] == "lgwan"
    assert again.vcenter["host"] == "例"
    assert again.vcenter["nics"][0]["port_group"] == item.observed.nics[0].port_group
    assert again.vcenter["firmware"] == "efi"


def test_the_yaml_of_a_machine_is_its_entry_word_for_word(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    estate = load_estate(repository, as_of=AS_OF).estate
    text = (repository / S13).read_text(encoding="utf-8")
    for system, machine in estate.machines():
        found = machine_text(repository, system, machine)
        assert f"key: {machine.key}\n" in found
        assert found.count("key: ") == 1
        if system.id == "s13":
            assert found.rstrip() in text


def test_a_machine_whose_entry_is_gone_is_no_silent_hole(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    (system, _), *_ = load_estate(repository, as_of=AS_OF).estate.machines()
    with pytest.raises(KeyError, match="s99-db-9"):
        machine_text(repository, system, make_machine("s99-db-9"))
