from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.guest_files import (
    FileChange,
    GuestFileError,
    ensure_files,
    wanted_files,
)

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


def entry(path: Path, **fields: Any) -> dict[str, Any]:
    """As Ansible gives it: what is not said is None."""
    return {"path": str(path), "owner": ME, "group": MINE, "content": None, "link": None, "validate": None, **fields}


def ensure(*entries: dict[str, Any], check: bool = False) -> list[FileChange]:
    return ensure_files(wanted_files(entries), check=check)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_missing_file_is_made_with_its_folder_and_rights(tmp_path: Path) -> None:
    path = tmp_path / "etc/a.conf"
    assert [change.path for change in ensure(entry(path, content="a\n", mode="0640"))] == [str(path)]
    assert path.read_text() == "a\n"
    assert mode(path) == 0o640


def test_what_is_as_wanted_is_not_touched(tmp_path: Path) -> None:
    file, link, gone = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    entries = [entry(file, content="名\n"), entry(link, link="a"), entry(gone, absent=True)]
    ensure(*entries)
    before = file.stat()
    assert ensure(*entries) == []
    assert file.stat() == before


@pytest.mark.parametrize(
    "wish",
    [
        {"content": "new\n"},
        {"content": "old\n", "mode": "0600"},
        {"link": "elsewhere"},
        {"absent": True},
        {"mode": "0600"},
    ],
)
def test_check_mode_tells_the_same_and_does_nothing(tmp_path: Path, wish: dict[str, Any]) -> None:
    path = tmp_path / "a"
    path.write_text("old\n")
    path.chmod(0o644)
    told = ensure(entry(path, **wish), check=True)
    assert path.read_text() == "old\n"
    assert not path.is_symlink()
    assert mode(path) == 0o644
    assert ensure(entry(path, **wish)) == told
    assert len(told) == 1
    assert told[0].before != told[0].after
    assert ensure(entry(path, **wish)) == []


def test_the_difference_shows_rights_and_text(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old\n")
    path.chmod(0o644)
    (change,) = ensure(entry(path, content="new\n", mode="0600"), check=True)
    assert change.before == f"{ME}:{MINE} 0644\nold\n"
    assert change.after == f"{ME}:{MINE} 0600\nnew\n"


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "a"
    target.write_text("theirs\n")
    path.symlink_to(target)
    ensure(entry(path, content="ours\n"))
    assert not path.is_symlink()
    assert path.read_text() == "ours\n"
    assert target.read_text() == "theirs\n"


def test_only_rights_of_a_link_are_refused(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "a"
    target.write_text("theirs\n")
    path.symlink_to(target)
    with pytest.raises(GuestFileError, match="is a link"):
        ensure(entry(path, mode="0600"))


def test_nothing_is_done_where_its_reason_is_missing(tmp_path: Path) -> None:
    wish = entry(tmp_path / "a", content="a\n", only_if=str(tmp_path / "chrony"))
    assert ensure(wish) == []
    (tmp_path / "chrony").mkdir()
    assert len(ensure(wish)) == 1


def test_a_file_that_its_check_refuses_is_not_put_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("good\n")
    with pytest.raises(GuestFileError, match=r"not put in place, grep -q good .* says: "):
        ensure(entry(path, content="bad\n", validate="grep -q good %s"))
    assert path.read_text() == "good\n"
    assert list(tmp_path.iterdir()) == [path]
    ensure(entry(path, content="good too\n", validate="grep -q good %s"))
    assert path.read_text() == "good too\n"


def test_folders_are_never_removed_or_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for wish in ({"absent": True}, {"link": "b"}):
        with pytest.raises(GuestFileError, match="is a folder"):
            ensure(entry(tmp_path / "a", **wish))
    ensure(entry(tmp_path / "a", mode="0700"))
    assert mode(tmp_path / "a") == 0o700


def test_a_missing_file_without_content_is_said(tmp_path: Path) -> None:
    with pytest.raises(GuestFileError, match="does not exist"):
        ensure(entry(tmp_path / "a", mode="0600"))


def test_an_unknown_owner_is_said_and_check_mode_goes_on(tmp_path: Path) -> None:
    wish = entry(tmp_path / "a", content="a\n", owner="nobody-knows")
    assert len(ensure(wish, check=True)) == 1
    with pytest.raises(GuestFileError, match="nobody-knows"):
        ensure(wish)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([{"path": "/a", "content": "", "absent": True}], "give one of"),
        ([{"path": "a", "content": ""}], "from /"),
        ([{"path": "/a", "content": ""}, {"path": "/a", "absent": True}], "given twice: /a"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_before_anything_is_done(
    entries: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(GuestFileError, match=message):
        wanted_files(entries)


def test_what_the_system_refuses_is_said_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file\n")
    with pytest.raises(GuestFileError, match="/a/b: "):
        ensure(entry(tmp_path / "a" / "b", content="b\n"))


def test_a_folder_keeps_the_files_that_may_be_there_and_its_folders(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).write_text("")
    (tmp_path / "link").symlink_to("ours")
    (tmp_path / "folder").mkdir()
    wish = entry(tmp_path, only=["ours", "not-there"])
    told = ensure(wish, check=True)
    assert [Path(change.path).name for change in told] == ["link", "theirs"]
    assert ensure(wish) == told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "ours"]
    assert ensure(wish) == []
    assert ensure(entry(tmp_path / "absent", only=[])) == []


def test_a_new_folder_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        ensure(entry(tmp_path / "new/newer/a", content="a\n"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "new/newer") == mode(tmp_path / "new") == 0o755
    assert mode(tmp_path / "new/newer/a") == 0o644
