"""Files of a guest as they should be: content, links, rights, absence. Runs in the guest, on its standard library only.

Many files in one call: a call of Ansible costs a guest a third of a second, and the baseline has twenty files.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VALIDATE_SECONDS = 60


class GuestFileError(Exception):
    """A file that cannot be brought to what is wanted; the message names it and says why."""


@dataclass(frozen=True)
class GuestFile:
    """What is wanted of one path: `content`, `link`, `absent`, `only`, or none of them: owner, group and mode then.

    `only` is for a folder: names of the files that may be in it; other files go, folders in it stay.
    """

    path: str
    content: str | None = None
    link: str | None = None
    absent: bool = False
    only: Sequence[str] | None = None
    owner: str = "root"
    group: str = "root"
    mode: str = "0644"
    only_if: str | None = None  # nothing is done unless this path exists
    validate: str | None = None  # command with %s for the new file; it is not put in place if this fails


@dataclass(frozen=True)
class FileChange:
    """One path that was, or in check mode would be, changed. Texts are what a person compares."""

    path: str
    before: str
    after: str


def wanted_files(entries: Sequence[Mapping[str, Any]]) -> list[GuestFile]:
    """The wishes from plain data; GuestFileError if two contradict each other or one wants two things at once."""
    files = [GuestFile(**{name: value for name, value in entry.items() if value is not None}) for entry in entries]
    for file in files:
        if (file.content is not None) + (file.link is not None) + file.absent + (file.only is not None) > 1:
            raise GuestFileError(f"{file.path}: give one of content, link, absent and only")
        if not os.path.isabs(file.path):
            raise GuestFileError(f"{file.path}: give the whole path, from /")
    paths = [file.path for file in files]
    if len(set(paths)) != len(paths):
        raise GuestFileError(f"given twice: {', '.join(sorted({path for path in paths if paths.count(path) > 1}))}")
    return files


def ensure_files(files: Sequence[GuestFile], *, check: bool) -> list[FileChange]:
    """Bring every file to what is wanted, in the order given, and tell what changed. `check`: tell only."""
    changes: list[FileChange] = []
    for file in files:
        if file.only_if is None or os.path.lexists(file.only_if):
            changes.extend(change for change in _ensure(file, check) if change is not None)
    return changes


def _ensure(file: GuestFile, check: bool) -> list[FileChange | None]:
    path = Path(file.path)
    try:
        if file.only is not None:
            return [_ensure_absent(other, check) for other in _others(path, file.only)]
        return [_ensure_one(path, file, check)]
    except OSError as error:
        raise GuestFileError(f"{file.path}: {error.strerror or error}") from error


def _others(folder: Path, names: Sequence[str]) -> list[Path]:
    if not folder.exists():
        return []
    files = (path for path in folder.iterdir() if path.is_symlink() or not path.is_dir())
    return sorted(path for path in files if path.name not in names)


def _ensure_one(path: Path, file: GuestFile, check: bool) -> FileChange | None:
    if file.absent:
        return _ensure_absent(path, check)
    if file.link is not None:
        return _ensure_link(path, file.link, check)
    if file.content is not None:
        return _ensure_content(path, file, check)
    return _ensure_rights(path, file, check)


def _ensure_absent(path: Path, check: bool) -> FileChange | None:
    if not os.path.lexists(path):
        return None
    if path.is_dir() and not path.is_symlink():
        raise GuestFileError(f"{path}: is a folder; only files are removed here")
    if not check:
        path.unlink()
    return FileChange(str(path), "present\n", "absent\n")


def _ensure_link(path: Path, target: str, check: bool) -> FileChange | None:
    before = str(path.readlink()) if path.is_symlink() else None
    if before == target:
        return None
    if path.is_dir() and not path.is_symlink():
        raise GuestFileError(f"{path}: is a folder; it is not replaced by a link")
    if not check:
        fresh = _fresh(path)
        fresh.symlink_to(target)
        fresh.replace(path)
    return FileChange(str(path), f"-> {before}\n" if before else "no link\n", f"-> {target}\n")


def _ensure_content(path: Path, file: GuestFile, check: bool) -> FileChange | None:
    content = (file.content or "").encode()
    is_file = path.is_file() and not path.is_symlink()
    old = path.read_bytes() if is_file else b""
    rights = _rights_of(path) if is_file else ""
    wanted = _wanted_rights(file)
    if is_file and old == content and rights == wanted:
        return None
    if not check:
        _write(path, content, file)
    return FileChange(
        file.path, f"{rights}\n{old.decode(errors='replace')}" if is_file else "", f"{wanted}\n{content.decode()}"
    )


def _ensure_rights(path: Path, file: GuestFile, check: bool) -> FileChange | None:
    if path.is_symlink():
        raise GuestFileError(f"{path}: is a link; name the file that it points to")
    if not path.exists():
        raise GuestFileError(f"{path}: does not exist; give its content, or only_if")
    before, wanted = _rights_of(path), _wanted_rights(file)
    if before == wanted:
        return None
    if not check:
        os.chown(path, *_owner_ids(file))
        path.chmod(int(file.mode, 8))
    return FileChange(file.path, f"{before}\n", f"{wanted}\n")


def _write(path: Path, content: bytes, file: GuestFile) -> None:
    fresh = _fresh(path)
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
        os.chown(fresh, *_owner_ids(file))
        fresh.chmod(int(file.mode, 8))
        if file.validate is not None:
            _validate(file, fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _validate(file: GuestFile, fresh: Path) -> None:
    command = [str(fresh) if part == "%s" else part for part in (file.validate or "").split()]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_VALIDATE_SECONDS)
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip()
        raise GuestFileError(f"{file.path}: not put in place, {' '.join(command)} says: {said}")


def _fresh(path: Path) -> Path:
    """A name beside the path. It begins with a dot and ends in nothing that a folder of settings is read for."""
    _make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.kyotsu-new")
    fresh.unlink(missing_ok=True)
    return fresh


def _make_folder(folder: Path) -> None:
    """Make it for everybody to read, whatever the umask of the account that Ansible came with."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _rights_of(path: Path) -> str:
    state = path.stat()
    return f"{_name(pwd.getpwuid, state.st_uid)}:{_name(grp.getgrgid, state.st_gid)} {stat.S_IMODE(state.st_mode):04o}"


def _wanted_rights(file: GuestFile) -> str:
    return f"{file.owner}:{file.group} {int(file.mode, 8):04o}"


def _name(look_up: Any, number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def _owner_ids(file: GuestFile) -> tuple[int, int]:
    try:
        return pwd.getpwnam(file.owner).pw_uid, grp.getgrnam(file.group).gr_gid
    except KeyError as error:
        raise GuestFileError(f"{file.path}: {error.args[0]}") from error
