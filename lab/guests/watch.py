"""Look after the guests: who has ended, what they say, how much they use; and tell vCenter what has changed."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from lab.control import Control
from lab.errors import LabError
from lab.guests import channel
from lab.guests.disks import usage
from lab.guests.guest import Guest
from lab.guests.manager import Manager
from lab.guests.usage import Totals, rates, totals_of

_TICK_SECONDS = 0.2
# A guest that has said everything is looked at less often; the statistics of the host's CPU time need a while anyway.
_SLOW_SECONDS = 10.0
# Told again although nothing has changed: whatever vCenter has made of it meanwhile.
_REPEAT_SECONDS = 30.0
_HEARTBEAT_LOST_SECONDS = 45.0
# As often as a real host measures: a sample of vCenter's counters.
_SAMPLE_SECONDS = 20.0
_MEBIBYTE = 1024 * 1024

log = logging.getLogger("guests")


@dataclass
class _Seen:
    """What vCenter was told of one guest, and when it was looked at."""

    told: dict[str, Any] = field(default_factory=dict)
    guestinfo: dict[str, str] = field(default_factory=dict)
    told_at: float = 0.0
    looked: float = 0.0
    started: float = 0.0
    used: Totals | None = None


class Watch:
    """One thread over all guests."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._seen: dict[str, _Seen] = {}
        self._stop = threading.Event()

    def run(self) -> None:
        """Look until stop is called."""
        measured = time.monotonic()
        while not self._stop.wait(_TICK_SECONDS):
            for guest in self._manager.guests():
                try:
                    self._look(guest)
                except Exception:  # a guest that is being taken away is no reason to look after none
                    log.exception("%s", guest.machine.name)
            if time.monotonic() - measured >= _SAMPLE_SECONDS:
                measured = time.monotonic()
                self._tell_usage()

    def stop(self) -> None:
        """End after this round."""
        self._stop.set()

    def _look(self, guest: Guest) -> None:
        seen = self._seen.setdefault(guest.identity, _Seen())
        if not guest.started:
            if seen.told and seen.told.get("tools") != "guestToolsNotRunning":
                self._tell(guest, seen, _not_running())
            return
        if guest.started != seen.started:
            self._seen[guest.identity] = seen = _Seen(started=guest.started)
        if guest.pid() is None:
            self._ended(guest, seen)
            return
        now = time.monotonic()
        if seen.told.get("tools") == "guestToolsRunning" and now - seen.looked < _SLOW_SECONDS:
            return
        seen.looked = now
        pid = guest.pid()
        if seen.used is None and pid is not None:
            seen.used = totals_of(guest, pid)  # where the first sample begins
        self._take_guestinfo(guest, seen)
        state = self._state(guest, seen)
        if state is not None:
            self._tell(guest, seen, state)

    def _ended(self, guest: Guest, seen: _Seen) -> None:
        power = self._manager.ended(guest)
        if power is not None:
            self._tell(guest, seen, {**_not_running(), "power": power})

    def _take_guestinfo(self, guest: Guest, seen: _Seen) -> None:
        said = channel.said(guest.channel)
        fresh = {key: value for key, value in said.items() if seen.guestinfo.get(key) != value}
        if fresh and self._send(guest, {"guestinfo": fresh}):
            seen.guestinfo.update(fresh)
            self._manager.learn(guest, fresh)

    def _state(self, guest: Guest, seen: _Seen) -> dict[str, Any] | None:
        tools = channel.tools(guest.channel)
        if tools is None:
            return None
        beat = channel.heartbeat(guest.channel)
        alive = beat is not None and time.time() - beat < _HEARTBEAT_LOST_SECONDS
        return {
            "tools": "guestToolsRunning",
            "heartbeat": "green" if alive else "red",
            "hostname": tools[0],
            "nets": _nets(guest, tools[1]),
            "disks": _disks(guest),
        }

    def _tell_usage(self) -> None:
        """Measure all guests and tell each vCenter of its own, in one call."""
        reports: dict[str, list[dict[str, Any]]] = {}
        for guest in self._manager.guests():
            try:
                usage = self._measure(guest)
            except OSError:  # it is being switched off
                continue
            if usage is not None:
                report = reports.setdefault(guest.machine.vcenter, [])
                report.append({"reference": guest.machine.reference, **usage})
        for vcenter, report in reports.items():
            try:
                Control(self._manager.settings.controls[vcenter]).tell_usage(report)
            except LabError as error:
                log.warning("%s: %s", vcenter, error)  # this sample is lost; a gap is honest

    def _measure(self, guest: Guest) -> dict[str, float] | None:
        seen, pid = self._seen.get(guest.identity), guest.pid()
        if seen is None or pid is None or guest.started != seen.started:
            return None
        before, seen.used = seen.used, totals_of(guest, pid)
        return rates(before, seen.used) if before else None

    def _tell(self, guest: Guest, seen: _Seen, state: dict[str, Any]) -> None:
        now = time.monotonic()
        if (state != seen.told or now - seen.told_at > _REPEAT_SECONDS) and self._send(guest, state):
            seen.told = {key: value for key, value in state.items() if key != "power"}
            seen.told_at = now

    def _send(self, guest: Guest, state: dict[str, Any]) -> bool:
        control = Control(self._manager.settings.controls[guest.machine.vcenter])
        try:
            control.tell_guest(guest.machine.reference, state)
        except LabError as error:
            log.warning("%s: %s", guest.machine.name, error)
            return False  # the next round tries again
        return True


def _not_running() -> dict[str, Any]:
    return {"tools": "guestToolsNotRunning", "heartbeat": "gray"}


def _nets(guest: Guest, addresses: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "mac": nic.mac,
            "port_group": nic.port_group,
            "addresses": [address for name, address in addresses if name == f"eth{number}"],
        }
        for number, nic in enumerate(guest.machine.nics)
    ]


def _disks(guest: Guest) -> list[dict[str, Any]]:
    found = []
    for position in range(len(guest.machine.disks)):
        place = guest.mounts / f"disk{position}"
        if os.path.ismount(place):
            capacity, free = usage(place)
            # Rounded: every change is kept in vCenter's journal.
            found.append(
                {
                    "key": guest.machine.disks[position].key,
                    "path": guest.machine.mount_of(position),
                    "capacity": capacity,
                    "free": free // _MEBIBYTE * _MEBIBYTE,
                }
            )
    return found
