"""Files as they came from tape, against the list that the agent had made of them inside the machine.

The list is the first judge: its own hash stands in the records. What lies on tape besides it, since it appeared between
the list and the backup, is no difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_list import VERSION, hashed

_SHOWN = 3


class ListUnreadable(Exception):
    """The list of a backup is not there, not the one of the records, or no list; the message is one line."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file or link of a list. `target` of a link, else size in bytes and SHA-256."""

    path: str
    bytes: int = 0
    sha256: str = ""
    target: str | None = None


def read_list(file: Path, *, sha256: str) -> Iterator[ListedFile]:
    """The entries of a list, which is proven before the first is given: it must have the hash of the records."""
    _prove(file, sha256)
    with file.open(encoding="ascii") as lines:
        try:
            head = json.loads(next(lines, "{}"))
            if head.get("version") != VERSION:
                raise ListUnreadable(f"the list has version {head.get('version')!r}, this code reads {VERSION}")
            yield from (_entry(json.loads(line)) for line in lines)
        except (ValueError, KeyError, AttributeError) as error:
            raise ListUnreadable(f"the list does not have the form of version {VERSION}: {error!r}") from None


def differences(folder: Path, entries: Iterator[ListedFile], *, only: Collection[str] | None = None) -> list[str]:
    """What below `folder` is not as the list says, at most some lines and then how many more. Empty: equal.

    `only`: paths of the list that were restored; without it all.
    """
    wrong, count = [], 0
    for entry in entries:
        if only is not None and entry.path not in only:
            continue
        difference = _difference(folder, entry)
        if difference:
            count += 1
            if count <= _SHOWN:
                wrong.append(f"{entry.path}: {difference}")
    return [*wrong, f"{count - _SHOWN} more files differ"] if count > _SHOWN else wrong


def selected(entries: Iterator[ListedFile], wanted: Collection[str]) -> list[str]:
    """Paths of the list that are one of `wanted` or lie below one, folders being named with or without a slash."""
    roots = [each.rstrip("/") for each in wanted]
    below = tuple(f"{root}/" for root in roots)
    return [entry.path for entry in entries if entry.path in roots or entry.path.startswith(below)]


def place(folder: Path, path: str) -> Path:
    """Where a path of the machine is below a folder. ListUnreadable for one that would lead out of it."""
    if not path.startswith("/") or ".." in path.split("/"):
        raise ListUnreadable(f"the list names {path!r}, which is no path of a machine")
    return folder / path.lstrip("/")


def _difference(folder: Path, entry: ListedFile) -> str:
    here = place(folder, entry.path)
    if entry.target is not None:
        if not here.is_symlink():
            return "was not restored"
        return "" if os.readlink(here) == entry.target else "the link leads elsewhere"
    if here.is_symlink() or not here.is_file():
        return "was not restored"
    size, sha256 = hashed(str(here))
    if size != entry.bytes:
        return f"{size} bytes instead of {entry.bytes}"
    return "" if sha256 == entry.sha256 else "SHA-256 differs"


def _prove(file: Path, sha256: str) -> None:
    try:
        _, found = hashed(str(file))
    except OSError as error:
        raise ListUnreadable(f"the list of the files did not come from tape ({error.strerror})") from None
    if found != sha256:
        raise ListUnreadable("the list is not the one that the records know (SHA-256 differs): do not trust it")


def _entry(value: dict[str, Any]) -> ListedFile:
    if "link" in value:
        return ListedFile(str(value["link"]), target=str(value["target"]))
    return ListedFile(str(value["file"]), int(value["bytes"]), str(value["sha256"]))
