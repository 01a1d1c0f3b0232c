"""The list that an agent makes of its files, and what came from tape held against it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.tape import file_list
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_compare import (
    ListUnreadable,
    differences,
    place,
    read_list,
    selected,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_jobs import announced, unlisted


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files as a machine has them."""
    root = tmp_path / "machine"
    (root / "職員").mkdir(parents=True)
    (root / "cache").mkdir()
    (root / "職員/名簿 1.db").write_bytes(b"a" * 3_000_000)
    (root / "empty").touch()
    (root / "cache/left-out").write_text("x", encoding="utf-8")
    (root / "link").symlink_to("empty")
    os.mkfifo(root / "pipe")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_text("no UTF-8", encoding="utf-8")
    return root


def listed(tree: Path) -> tuple[Path, str]:
    """Run the program as the agent does; give the list and its hash."""
    folder = tree.parent / "lists"
    what = {"source": "shares", "paths": [str(tree)], "excludes": [str(tree / "cache")]}
    encoded = base64.urlsafe_b64encode(json.dumps(what).encode()).decode()
    done = subprocess.run(
        [sys.executable, "-I", file_list.__file__, str(folder), encoded], capture_output=True, text=True, check=True
    )
    said = announced([f"ClientBeforeJob: {done.stdout}"])
    assert (said.files, said.bytes) == (3, 3_000_008)
    return folder / "shares.jsonl", said.sha256


def restored(tree: Path) -> Path:
    """A folder in which everything came back to its path."""
    folder = tree.parent / "restored"
    shutil.copytree(tree, place(folder, str(tree)), symlinks=True, ignore=shutil.ignore_patterns("pipe"))
    return folder


def test_what_came_back_whole_has_no_difference(tree: Path) -> None:
    file, sha256 = listed(tree)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    assert file.stat().st_mode & 0o777 == 0o600
    assert differences(restored(tree), read_list(file, sha256=sha256)) == []


def test_missing_short_and_changed_files_are_told_and_new_ones_are_none(tree: Path) -> None:
    file, sha256 = listed(tree)
    folder = restored(tree)
    here = place(folder, str(tree))
    (here / "職員/名簿 1.db").write_bytes(b"a" * 2_999_999)
    (here / "empty").unlink()
    (here / "link").unlink()
    (here / "link").symlink_to("elsewhere")
    (here / "new").touch()
    assert differences(folder, read_list(file, sha256=sha256)) == [
        f"{tree}/empty: was not restored",
        f"{tree}/link: the link leads elsewhere",
        f"{tree}/職員/名簿 1.db: 2999999 bytes instead of 3000000",
    ]
    (here / "職員/名簿 1.db").write_bytes(b"b" * 3_000_000)
    only = {f"{tree}/職員/名簿 1.db"}
    assert differences(folder, read_list(file, sha256=sha256), only=only) == [f"{only.pop()}: SHA-256 differs"]


def test_of_many_differences_some_are_shown_and_the_rest_counted(tree: Path) -> None:
    file, sha256 = listed(tree)
    wrong = differences(tree.parent / "nothing", read_list(file, sha256=sha256))
    assert len(wrong) == 4
    assert wrong[-1] == "1 more files differ"


def test_a_folder_is_chosen_with_what_is_below_it_and_not_its_namesake(tree: Path) -> None:
    (tree / "職員-2").write_text("x", encoding="utf-8")
    file, sha256 = listed_anew(tree)
    assert selected(read_list(file, sha256=sha256), [f"{tree}/職員/"]) == [f"{tree}/職員/名簿 1.db"]
    assert selected(read_list(file, sha256=sha256), [f"{tree}/empty", "/elsewhere"]) == [f"{tree}/empty"]


def listed_anew(tree: Path) -> tuple[Path, str]:
    said = file_list.write_list(str(tree.parent / "lists"), "shares", [str(tree)], [])
    return tree.parent / "lists/shares.jsonl", announced([said]).sha256


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has version None"),
        (b'{"version": 9}\n', "has version 9"),
        (b'{"version": 1}\n{"file": "/a"}\n', "does not have the form"),
        (b"[1]\n", "does not have the form"),
    ],
)
def test_a_list_of_another_form_is_not_read(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "list"
    file.write_bytes(content)
    with pytest.raises(ListUnreadable, match=message):
        list(read_list(file, sha256=hashlib.sha256(content).hexdigest()))


def test_a_list_that_is_not_the_one_of_the_records_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ListUnreadable, match="did not come from tape"):
        list(read_list(tmp_path / "none", sha256="0" * 64))
    (tmp_path / "list").write_bytes(b'{"version": 1}\n')
    with pytest.raises(ListUnreadable, match="SHA-256 differs"):
        list(read_list(tmp_path / "list", sha256="0" * 64))


@pytest.mark.parametrize("path", ["relative", "/a/../../etc/shadow"])
def test_a_path_never_leads_out_of_the_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(ListUnreadable, match="no path of a machine"):
        place(tmp_path, path)


def test_what_cannot_be_listed_is_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what = {"source": "shares", "paths": [str(tmp_path / "gone")], "excludes": []}
    encoded = base64.urlsafe_b64encode(json.dumps(what).encode()).decode()
    assert file_list.main([str(tmp_path), encoded]) == 1
    said = capsys.readouterr().out
    assert unlisted(said.splitlines()) == f"the agent cannot read {tmp_path}/gone: No such file or directory"
    assert re.fullmatch(r"file-list failed: [^\n]+\n", said)
    assert unlisted(["all is well"]) == ""
    with pytest.raises(JobFailed, match="wrote no list"):
        announced(said.splitlines())
