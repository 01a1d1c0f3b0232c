"""Which files are read at all."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.text_file import SIZE_LIMIT_BYTES, read_bytes


def refusal(path: Path) -> str:
    content, finding = read_bytes(path, "a.yml")
    assert content is None
    assert finding is not None
    return finding.message.en


def test_a_file_over_the_size_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_bytes(b"#" * SIZE_LIMIT_BYTES)
    assert read_bytes(path, "a.yml")[0] is not None
    path.write_bytes(b"#" * (SIZE_LIMIT_BYTES + 1))
    assert refusal(path) == "is larger than 1 MiB"


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "link.yml").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.yml")
    assert refusal(tmp_path / "folder.yml") == "is not a regular file"
    assert refusal(tmp_path / "link.yml") == "is a symbolic link"
    assert refusal(tmp_path / "pipe.yml") == "is not a regular file"
    assert refusal(tmp_path / "absent.yml") == "cannot be read: No such file or directory"
