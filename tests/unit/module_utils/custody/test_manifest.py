"""The manifest on tape: written, read, proven, closed."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    DiskRecord,
    Manifest,
    ManifestUnreadable,
    Software,
    TapePart,
    compare_disks,
    manifest_digest,
    manifest_schema,
    read_manifest,
    write_manifest,
)
from tests.support.small_estate import ROOT

DISK = DiskRecord(name="system", key=2000, capacity_bytes=2**30, size_bytes=1000, sha256="ab" * 32)
MANIFEST = Manifest(
    backup="s05-db-1@2026-11-24T13:00:00Z",
    machine_key="s05-db-1",
    machine_name="s05-db01",
    system="s05",
    instance_uuid="5a1c",
    taken_at="2026-11-24T13:00:00Z",
    commit="0" * 40,
    machine_yaml="key: s05-db-1\n",
    vcenter={"b": 1, "a": [True, None, "日本"]},
    disks=(DISK,),
    tapes=(TapePart(barcode="KYT001L8", pool="lgwan-c3-onsite"),),
    key_id="lgwan-g1",
    compression="lzo",
    software=(Software(name="bacula", version="9.6.7"),),
    chain_head=f"12:{'ab' * 32}",
    quiesced=True,
)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(write_manifest(MANIFEST)), **fields}).encode()


def test_a_manifest_comes_back_as_it_was_written() -> None:
    content = write_manifest(MANIFEST)
    assert read_manifest(content, digest=manifest_digest(content)) == MANIFEST
    assert content == write_manifest(msgspec.structs.replace(MANIFEST, vcenter={"a": [True, None, "日本"], "b": 1}))


def test_a_manifest_that_was_changed_is_not_trusted() -> None:
    digest = manifest_digest(write_manifest(MANIFEST))
    with pytest.raises(ManifestUnreadable, match="do not trust it"):
        read_manifest(changed(commit="1" * 40), digest=digest)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (changed(version=2), "version 2, this code reads 1"),
        (changed(extra=1), "unknown field `extra`"),
        (changed(taken_at="yesterday"), "taken_at"),
        (changed(tapes=[]), "names no tape"),
        (changed(disks=[msgspec.to_builtins(DISK)] * 2), "two disks have one name"),
        (changed(disks=[{**msgspec.to_builtins(DISK), "stored": False}]), "must either be stored or name"),
        (changed(disks=[{**msgspec.to_builtins(DISK), "sha256": "AB"}]), "sha256"),
        (changed(disks=[{**msgspec.to_builtins(DISK), "size_bytes": -1}]), "size_bytes"),
    ],
)
def test_what_is_no_manifest_is_refused_with_one_line(content: bytes, message: str) -> None:
    with pytest.raises(ManifestUnreadable, match=message) as caught:
        read_manifest(content)
    assert "\n" not in str(caught.value)


def test_restored_disks_are_compared() -> None:
    assert compare_disks(MANIFEST, {"system": (1000, "ab" * 32)}) == []
    assert compare_disks(MANIFEST, {}) == ["system: was not restored"]
    assert compare_disks(MANIFEST, {"system": (999, "ab" * 32)}) == ["system: 999 bytes instead of 1000"]
    assert compare_disks(MANIFEST, {"system": (1000, "cd" * 32), "x": (0, "")}) == [
        "system: SHA-256 differs",
        "x: is not in the manifest",
    ]


def test_the_schema_says_what_the_reader_takes() -> None:
    validator = jsonschema_rs.validator_for(manifest_schema())
    assert validator.is_valid(json.loads(write_manifest(MANIFEST)))
    assert not validator.is_valid(json.loads(changed(extra=1)))
    assert not validator.is_valid(json.loads(changed(version=2)))


def test_the_schema_beside_the_reference_is_the_one_of_the_code() -> None:
    stored = json.loads((ROOT / "docs/reference/manifest.schema.json").read_text(encoding="utf-8"))
    assert stored == manifest_schema()
