"""Which files make the estate: systems/*.yml, the known files of platform/, and their schemas."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import Finding
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import FILES
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import Text

# Beside the estate in platform/: the annual report's facts, with which tests compare the data.
_NOT_ESTATE = frozenset({"report.yml"})


@dataclass(frozen=True)
class Entry:
    """One file that belongs to the estate, as the folder lists it."""

    file: str  # relative, posix
    size: int
    mtime_ns: int


def list_files(repository: Path) -> tuple[list[Entry], list[Finding]]:
    """The files that make the estate, sorted by name, and findings about what does not belong there."""
    entries: list[Entry] = []
    findings: list[Finding] = []
    for folder in ("platform", "systems"):
        _list_folder(repository, folder, entries, findings)
    entries.sort(key=lambda entry: entry.file)
    return entries, findings


def _list_folder(repository: Path, folder: str, entries: list[Entry], findings: list[Finding]) -> None:
    try:
        found = sorted(os.scandir(repository / folder), key=lambda item: item.name)
    except OSError as error:
        findings.append(
            mistake(
                "E-02",
                folder,
                Text(
                    en=f"the folder cannot be read: {error.strerror}",
                    ja=f"フォルダを読み取れません: {error.strerror}",
                ),
                Text(
                    en="give the root of the repository, where systems/ and platform/ stand",
                    ja="systems/ と platform/ があるリポジトリの最上位を指定してください",
                ),
            )
        )
        return
    for item in found:
        file = f"{folder}/{item.name}"
        if item.name == "_schema" and item.is_dir(follow_symlinks=False):
            entries.extend(
                _entry(f"{file}/{inner.name}", inner)
                for inner in os.scandir(item.path)
                if inner.name.endswith(".schema.json")
            )
        elif item.name.startswith(".") or (folder == "platform" and item.name in _NOT_ESTATE):
            continue  # names with a dot are an editor's own
        elif not item.name.isprintable():
            findings.append(_unprintable(folder, item.name))
        elif item.name.endswith(".yml"):
            if folder == "platform" and item.name not in FILES:
                findings.append(_stray(file, f"platform/: {', '.join(FILES)}"))
            else:
                entries.append(_entry(file, item))
        elif item.is_dir(follow_symlinks=False) or item.name.endswith((".yaml", ".YML", ".YAML")):
            findings.append(_stray(file, f"{folder}/*.yml"))


def _entry(file: str, item: os.DirEntry[str]) -> Entry:
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:  # gone since it was listed: reading it will say so
        return Entry(file, -1, -1)
    return Entry(file, status.st_size, status.st_mtime_ns)


def _unprintable(folder: str, name: str) -> Finding:
    shown = name.encode("unicode_escape").decode()
    return mistake(
        "E-01",
        f"{folder}/{shown}",
        Text(en="has a name that cannot be printed", ja="ファイル名に表示できない文字があります"),
        Text(en="rename it to <id>.yml", ja="<id>.yml に改名してください"),
    )


def _stray(file: str, wanted: str) -> Finding:
    return mistake(
        "E-01",
        file,
        Text(en="would never be read", ja="ここに置いても読み込まれません"),
        Text(
            en=f"move or rename it; what is read: {wanted}", ja=f"移動か改名をしてください。読み込まれるもの: {wanted}"
        ),
    )


def mistake(rule: str, file: str, message: Text, remedy: Text) -> Finding:
    """A finding about a file as a whole."""
    return Finding(rule=rule, severity="error", file=file, line=1, object="", message=message, remedy=remedy)
