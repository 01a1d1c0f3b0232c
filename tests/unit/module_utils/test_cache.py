"""A cache that is odd in any way is a miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils import cache

BODY = b'{"systems": []}\n'


def test_what_is_stored_comes_back_under_its_key_only(tmp_path: Path) -> None:
    cache.write(tmp_path / "new", "key", BODY)
    assert cache.read(tmp_path / "new", "key") == BODY
    assert cache.read(tmp_path / "new", "other") is None


def test_only_the_owner_reads_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    cache.write(tmp_path, "key", BODY)
    cache.write(tmp_path, "key", BODY)
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [(cache.NAME, 0o600)]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"key\n" + BODY, b"\xff\x00", BODY],
    ids=["empty", "no header", "no digest", "bytes", "body"],
)
def test_a_file_that_is_not_ours_is_a_miss(tmp_path: Path, content: bytes) -> None:
    (tmp_path / cache.NAME).write_bytes(content)
    assert cache.read(tmp_path, "key") is None


def test_one_changed_byte_is_a_miss(tmp_path: Path) -> None:
    cache.write(tmp_path, "key", BODY)
    path = tmp_path / cache.NAME
    path.write_bytes(path.read_bytes().replace(b"systems", b"systemz"))
    assert cache.read(tmp_path, "key") is None


def test_a_cache_cut_short_is_a_miss(tmp_path: Path) -> None:
    cache.write(tmp_path, "key", BODY)
    path = tmp_path / cache.NAME
    path.write_bytes(path.read_bytes()[:-2])
    assert cache.read(tmp_path, "key") is None


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    cache.write(tmp_path / "file", "key", BODY)
    assert cache.read(tmp_path / "file", "key") is None
