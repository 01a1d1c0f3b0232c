"""Files of the lab: private, whole, locked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.files import read_json, write_atomically, write_json
from lab.passwords import accounts


def test_written_file_is_private_whatever_the_umask_and_the_old_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_atomically(path, b"new")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_json_comes_back_and_an_absent_file_is_empty(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"名": 1})
    assert read_json(tmp_path / "a.json") == {"名": 1}
    assert read_json(tmp_path / "b.json") == {}


def test_json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(TypeError, match="object"):
        read_json(tmp_path / "a.json")


def test_passwords_are_made_once_and_differ(tmp_path: Path) -> None:
    first, again = accounts(tmp_path, "vc-a"), accounts(tmp_path, "vc-a")
    assert first == again
    passwords = {str(entry["password"]) for entry in first["accounts"]}
    passwords |= {str(entry["password"]) for entry in accounts(tmp_path, "vc-b")["accounts"]}
    assert len(passwords) == 6
    assert all(len(password) >= 32 for password in passwords)
    assert [entry["writes"] for entry in first["accounts"]] == [True, True, False]
