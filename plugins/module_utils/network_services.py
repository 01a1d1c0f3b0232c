"""Names and monitoring of the machines as files that other servers read: zones per segment, target lists, silences.

The files are the state: what stands in them is what is served, and a run compares with that. Verbs use:

```python
services = NetworkServices(zones=…, targets=…, silences=FileSilences(…), reload=(("command", "argument"),))
services.register(estate, names, today=…)      # after machines were made or changed
services.remove(names, today=…)                # when machines go
services.silence(names, start, end, contact=…, reason=…)   # before work, then
services.end_silence(names, at=…)                          # after it
```
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.monitoring_targets import file_sd, targets_of
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences, Silence, Silences
from ansible_collections.kyotsu.platform.plugins.module_utils.zone_file import (
    ZoneFileError,
    merged,
    reduced,
    written,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import DOMAIN, Zone, zones_of

ZONE_SUFFIX, TARGETS_SUFFIX = ".zone", ".json"
_RELOAD_SECONDS = 60
# Stands in the folder of zones from before a file is written until every reload command has succeeded.
_PENDING = ".reload-pending"


class NetworkServicesError(Exception):
    """Files that cannot be read or written, or servers that do not take them; the message says what to do."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after; None where it is not there."""

    path: Path
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkServices:
    """The folders of zones (`<segment>/<zone>.zone`) and target lists (`<segment>.json`), silences, and what reloads.

    `reload` are commands, each a list of words, that make the servers read what was written.
    """

    zones: Path
    targets: Path
    silences: Silences
    reload: tuple[tuple[str, ...], ...] = ()
    domain: str = DOMAIN

    def register(
        self,
        estate: Estate,
        names: Collection[str] | None,
        *,
        today: date,
        absent: Collection[str] = (),
        monitoring: bool = True,
        check: bool = False,
    ) -> tuple[FileChange, ...]:
        """Bring the entries of machines to what is described; give what changed, or would with `check`.

        `names` limits it: entries of other machines stay as they stand in the files, even where the description has
        moved on. None is all machines; then entries of machines that are not described go too. `absent` are machines
        that do not exist yet: nothing is written of them, and nothing removed. Without `monitoring` names only.

        Raises:
            NetworkServicesError: see there. Files that were written are reloaded by the next run.
        """
        scope, left_out = None if names is None else _lower(names), _lower(absent)

        def changing(name: str) -> bool:
            return name not in left_out and (scope is None or name in scope)

        with self._held(check):
            changes = [*self._zone_changes(estate, changing, today, whole=scope is None)]
            changes += self._target_changes(estate, changing) if monitoring else ()
            self._write(changes, check)
        return tuple(changes)

    def remove(self, names: Collection[str], *, today: date, check: bool = False) -> tuple[FileChange, ...]:
        """Take the entries of machines away, whatever is described of them; their aliases go too."""
        gone = _lower(names)
        with self._held(check):
            changes = [
                *(self._without(file, gone, today) for file in sorted(self.zones.glob(f"*/*{ZONE_SUFFIX}"))),
                *(_unwatched(file, gone) for file in sorted(self.targets.glob(f"*{TARGETS_SUFFIX}"))),
            ]
            changes = [change for change in changes if change.before != change.after]
            self._write(changes, check)
        return tuple(changes)

    def silence(
        self, machines: Collection[str], start: datetime, end: datetime, *, contact: str, reason: str
    ) -> tuple[Silence, ...]:
        """Hold back the alarms of machines; the same request again gives the silences that are there.

        Raises SilenceError if a time has no offset or the end is not after the start.
        """
        return tuple(
            self.silences.begin(machine, start=start, end=end, contact=contact, reason=reason)
            for machine in sorted(machines)
        )

    def end_silence(self, machines: Collection[str], at: datetime, *, reason: str | None = None) -> tuple[Silence, ...]:
        """End every open silence of machines, or only those with one reason; give what was ended."""
        return tuple(
            self.silences.finish(each.id, at)
            for each in self.silences.all()
            if each.machine in machines and each.ended is None and reason in (None, each.reason)
        )

    # --- zones -------------------------------------------------------------------------------------------------------

    def _zone_changes(
        self, estate: Estate, changing: Callable[[str], bool], today: date, *, whole: bool
    ) -> Iterator[FileChange]:
        wanted: set[Path] = set()
        for zone in zones_of(estate, self.domain):
            file = self.zones / zone.segment / f"{zone.name}{ZONE_SUFFIX}"
            wanted.add(file)
            before = _read(file)
            after = _told(file, partial(_zone_text, zone, before, changing, today))
            if after != before:
                yield FileChange(file, before, after)
        for file in sorted(set(self.zones.glob(f"*/*{ZONE_SUFFIX}")) - wanted) if whole else ():
            yield FileChange(file, _read(file), None)

    @staticmethod
    def _without(file: Path, gone: frozenset[str], today: date) -> FileChange:
        before = _read(file) or ""
        return FileChange(file, before, _told(file, lambda: reduced(before, gone.__contains__, today)))

    # --- targets -----------------------------------------------------------------------------------------------------

    def _target_changes(self, estate: Estate, changing: Callable[[str], bool]) -> Iterator[FileChange]:
        for segment, entries in targets_of(estate).items():
            file = self.targets / f"{segment}{TARGETS_SUFFIX}"
            before = _read(file)
            kept = [each for each in _entries(file, before) if not changing(_instance(each))]
            fresh = [each for each in entries if changing(_instance(each))]
            after = file_sd(sorted([*kept, *fresh], key=_instance))
            if after != before:
                yield FileChange(file, before, after)

    # --- files -------------------------------------------------------------------------------------------------------

    def _write(self, changes: list[FileChange], check: bool) -> None:
        pending = self.zones / _PENDING
        if check:
            return
        if changes:
            pending.touch()
        for change in changes:
            if change.after is None:
                change.path.unlink(missing_ok=True)
            else:
                _replace(change.path, change.after)
        if pending.exists():
            for command in self.reload:
                _run(command)
            pending.unlink()

    @contextmanager
    def _held(self, check: bool) -> Iterator[None]:
        """One writer at a time. Check mode leaves nothing behind, not even a lock."""
        if check:
            yield
            return
        try:
            self.zones.mkdir(parents=True, exist_ok=True)
            self.targets.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.zones / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NetworkServicesError(f"{error.filename}: {error.strerror}; correct the inventory's folder") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise NetworkServicesError(f"{error.filename}: {error.strerror}; run the same command again") from error
        finally:
            os.close(descriptor)


def services_from(arguments: Mapping[str, Any]) -> NetworkServices:
    """Make it of the inventory's C(kyotsu_network_services)."""
    return NetworkServices(
        zones=Path(arguments["zones_directory"]),
        targets=Path(arguments["targets_directory"]),
        silences=FileSilences(Path(arguments["silences_file"])),
        reload=tuple(tuple(command) for command in arguments.get("reload") or ()),
        domain=arguments.get("domain") or DOMAIN,
    )


def _zone_text(zone: Zone, before: str | None, changing: Callable[[str], bool], today: date) -> str:
    return written(merged(zone, before, changing), before, today)


def _lower(names: Collection[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _instance(entry: Mapping[str, Any]) -> str:
    return str(entry["labels"]["instance"]).lower()


def _entries(file: Path, text: str | None) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = [] if text is None else json.loads(text)
        for entry in entries:
            _instance(entry)
    except (ValueError, TypeError, KeyError) as error:
        raise NetworkServicesError(f"{file}: no target list of this repository; move it away and run again") from error
    return entries


def _unwatched(file: Path, gone: frozenset[str]) -> FileChange:
    before = _read(file)
    return FileChange(file, before, file_sd([each for each in _entries(file, before) if _instance(each) not in gone]))


def _told(file: Path, work: Callable[[], str]) -> str:
    """Say which file an error is about."""
    try:
        return work()
    except ZoneFileError as error:
        raise NetworkServicesError(f"{file}: {error}") from error


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise NetworkServicesError(f"{file} cannot be read ({error}); move it away and run again") from error


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(file)


def _run(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_RELOAD_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkServicesError(_not_reloaded(command, str(error))) from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise NetworkServicesError(_not_reloaded(command, said))


def _not_reloaded(command: tuple[str, ...], why: str) -> str:
    return f"{' '.join(command)}: {why}. The files are written; the next run tries to reload again"
