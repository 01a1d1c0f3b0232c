"""Silences of monitoring (監視抑止): whose alarms are held back, from when to when, who asked, and whether it ended.

Verbs speak to the interface `Silences`; `FileSilences` keeps them in one JSON file, as a contractor without an
interface of their own gets them. Another monitoring system is another class with the same methods.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol


class SilenceError(Exception):
    """A silence that cannot be made, found or read; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One silence of one machine. Times are ISO 8601 with offset; `ended` is None until somebody ends it."""

    id: str
    machine: str
    start: str
    end: str
    contact: str
    reason: str
    ended: str | None = None

    def holds_at(self, now: datetime) -> bool:
        """Whether alarms are held back at `now` (aware)."""
        return self.ended is None and datetime.fromisoformat(self.start) <= now < datetime.fromisoformat(self.end)

    def is_forgotten_at(self, now: datetime) -> bool:
        """Whether its time is over and nobody has said that the work is: the work may still be going on."""
        return self.ended is None and datetime.fromisoformat(self.end) <= now


class Silences(Protocol):
    """What every monitoring system offers."""

    def begin(self, machine: str, *, start: datetime, end: datetime, contact: str, reason: str) -> Silence:
        """Hold back a machine's alarms. The same request again gives the silence that is there."""

    def finish(self, silence_id: str, at: datetime) -> Silence:
        """End a silence, early or late. One that has ended stays as it is."""

    def all(self) -> tuple[Silence, ...]:
        """Every silence ever made, in the order in which they were made."""


def holding(silences: Silences, now: datetime) -> tuple[Silence, ...]:
    """Silences that hold at `now` (aware)."""
    return tuple(each for each in silences.all() if each.holds_at(now))


def forgotten(silences: Silences, now: datetime) -> tuple[Silence, ...]:
    """Silences whose time is over and that nobody has ended: a finding."""
    return tuple(each for each in silences.all() if each.is_forgotten_at(now))


@dataclass(frozen=True, slots=True)
class FileSilences:
    """Silences in one JSON file. Several processes may use it; each change is whole or not made."""

    path: Path

    def begin(self, machine: str, *, start: datetime, end: datetime, contact: str, reason: str) -> Silence:
        """See Silences.begin; SilenceError if a time has no offset or the end is not after the start."""
        if start.tzinfo is None or end.tzinfo is None:
            raise SilenceError(f"{machine}: give the times of a silence with their offset from UTC")
        if end <= start:
            raise SilenceError(f"{machine}: a silence that ends before it starts holds nothing back; correct the times")
        wanted = Silence(
            id=str(uuid.uuid4()),
            machine=machine,
            start=start.isoformat(),
            end=end.isoformat(),
            contact=contact,
            reason=reason,
        )

        def add(silences: list[Silence]) -> Silence:
            for known in silences:
                if known.ended is None and replace(known, id=wanted.id) == wanted:
                    return known
            silences.append(wanted)
            return wanted

        return self._change(add)

    def finish(self, silence_id: str, at: datetime) -> Silence:
        """See Silences.finish; SilenceError if there is none with this id."""

        def end(silences: list[Silence]) -> Silence:
            for position, known in enumerate(silences):
                if known.id == silence_id:
                    if known.ended is None:
                        silences[position] = replace(known, ended=at.isoformat())
                    return silences[position]
            raise SilenceError(f"{self.path}: there is no silence {silence_id}; list them with their ids first")

        return self._change(end)

    def all(self) -> tuple[Silence, ...]:
        """See Silences.all; SilenceError if the file is not one of silences."""
        return tuple(self._read())

    def _read(self) -> list[Silence]:
        if not self.path.exists():
            return []
        try:
            return [Silence(**each) for each in json.loads(self.path.read_text(encoding="utf-8"))]
        except (ValueError, TypeError) as error:
            raise SilenceError(f"{self.path}: not a list of silences ({error}); restore it from its copy") from error

    def _change(self, change: Callable[[list[Silence]], Silence]) -> Silence:
        with self._locked():
            silences = self._read()
            result = change(silences)
            text = json.dumps([asdict(each) for each in silences], indent=2, ensure_ascii=False) + "\n"
            fresh = self.path.with_name(f".{self.path.name}.new")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self.path)
        return result

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(
            self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
