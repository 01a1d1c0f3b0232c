"""Writing a file in one piece: what is there already, links, pipes, folders."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from scripts._output import Complete


def write(file: Path, text: str) -> None:
    with Complete(file) as new:
        new.write_text(text, encoding="utf-8")


def test_a_file_is_replaced_when_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "report.txt"
    write(file, "old")
    with Complete(file) as new:
        new.write_text("half", encoding="utf-8")
        assert file.read_text(encoding="utf-8") == "old"
    assert file.read_text(encoding="utf-8") == "half"
    assert list(file.parent.iterdir()) == [file]


def test_what_failed_half_way_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    write(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write(file, "half \udcff")
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "r8").mkdir()
    target, link = tmp_path / "r8" / "report.txt", tmp_path / "latest.txt"
    link.symlink_to("r8/report.txt")
    for text in ("made where the link points to", "replaced"):
        write(link, text)
        assert link.is_symlink()
        assert not target.is_symlink()
        assert target.read_text(encoding="utf-8") == text
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["latest.txt", "r8", "report.txt"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "loop"
    link.symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        write(link, "text")
    assert link.is_symlink()


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_gets_the_text_and_stays_a_pipe(tmp_path: Path, linked: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    name = tmp_path / "link"
    name.symlink_to(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write(name if linked else pipe, "the whole report" * 10_000)
    reader.join(timeout=30)
    assert read == ["the whole report" * 10_000]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]


def test_what_failed_half_way_writes_nothing_into_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Opening a pipe that nobody reads would never come back.
    with pytest.raises(UnicodeEncodeError):
        write(pipe, "half \udcff")
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write(tmp_path, "text")
