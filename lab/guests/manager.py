"""The guests of a lab: which there are, one operation at a time on each, and what they tell vCenter."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.files import write_atomically
from lab.guests import channel
from lab.guests.disks import unmount
from lab.guests.guest import Guest, Services
from lab.guests.machine import Machine
from lab.guests.runtime import Runtime
from lab.guests.settings import GuestPaths, Settings

# Machines that boot at the same time; more would only take the two cores from each other.
_BOOTING = 4
_REBOOT, _POWERED_OFF = "reboot", "poweredOff"

log = logging.getLogger("guests")


class Manager:
    """All guests. Methods are called from many threads."""

    def __init__(self, paths: GuestPaths, settings: Settings, services: Services) -> None:
        self.paths = paths
        self.settings = settings
        self.services = services
        self.runtime = Runtime(paths.runtime)
        self._lock = threading.Lock()
        self._guests: dict[str, Guest] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._booting = threading.BoundedSemaphore(_BOOTING)
        # What is known of machines, with or without a guest: for the list and for known_hosts.
        self._known: dict[str, Machine] = {}
        self._host_keys: dict[str, str] = {}

    # --- what the simulator asks -------------------------------------------------------------------------------------

    def power_on(self, machine: Machine) -> dict[str, Any]:
        """Start the guest of a machine that is being switched on."""
        reason = self.no_guest(machine)
        with self._hold(machine) as guest:
            if reason:
                return {"guest": False, "reason": reason}
            with self._booting:
                began = time.monotonic()
                guest.power_on(machine)
            # A machine that comes from a backup tells its key no second time; vCenter has it from the restore.
            self._learn_host_key(machine.identity, machine.guestinfo.get(channel.HOST_KEY, ""))
            self._write_known_hosts()
            log.info("%s started after %.2f s", machine.name, time.monotonic() - began)
            return {"guest": True, "reason": ""}

    def no_guest(self, machine: Machine) -> str:
        """Give why a machine has no guest; empty if it has one."""
        if not machine.is_linux:
            system = "Windows" if "win" in machine.guest_id.lower() else machine.guest_id or "unknown system"
            return f"no guest: {system} does not run in the lab"
        if self.settings.machines is not None and machine.instance_uuid not in self.settings.machines:
            return "no guest: not among the machines that were chosen (make lab-up GUESTS=all gives it one)"
        if not machine.disks:
            return "no guest: it has no disk"
        return ""

    def power_off(self, machine: Machine) -> dict[str, Any]:
        """Pull the plug."""
        with self._hold(machine) as guest:
            guest.machine = machine
            guest.power_off()
        return {}

    def shut_down(self, machine: Machine) -> dict[str, Any]:
        """Ask the guest to shut down, and wait until it has."""
        with self._hold(machine) as guest:
            guest.shut_down()
        return {}

    def reset(self, machine: Machine) -> dict[str, Any]:
        """Pull the plug and start again."""
        with self._hold(machine) as guest:
            guest.power_off()
        return self.power_on(machine)

    def reboot(self, machine: Machine) -> dict[str, Any]:
        """Ask the guest to shut down, then start it again."""
        with self._hold(machine) as guest:
            guest.shut_down()
            return self.power_on(machine)

    def reconfigure(self, machine: Machine) -> dict[str, Any]:
        """Follow a reconfiguration."""
        with self._hold(machine) as guest:
            guest.reconfigure(machine)
        return {}

    def destroy(self, machine: Machine) -> dict[str, Any]:
        """Remove the guest with its disks."""
        with self._hold(machine) as guest:
            guest.machine = replace(machine, disks=machine.disks or guest.machine.disks)
            guest.destroy()
        self._forget(machine.identity)
        return {}

    def unregister(self, machine: Machine) -> dict[str, Any]:
        """Forget a machine whose files stay."""
        with self._hold(machine) as guest:
            guest.power_off()
        self._forget(machine.identity)
        return {}

    def stage_snapshot(self, machine: Machine, quiesce: bool) -> dict[str, Any]:
        """Copy the disks before the snapshot is made."""
        with self._hold(machine) as guest:
            guest.machine = machine
            guest.stage_snapshot(quiesce=quiesce)
        return {}

    def name_snapshot(self, machine: Machine, snapshot: str) -> dict[str, Any]:
        """The snapshot is made and has a reference."""
        with self._hold(machine) as guest:
            guest.name_snapshot(snapshot)
        return {}

    def revert(self, machine: Machine, snapshot: str) -> dict[str, Any]:
        """Put the disks back; the guest is off afterwards."""
        with self._hold(machine) as guest:
            guest.machine = machine
            guest.revert(snapshot)
        return {}

    def keep_snapshots(self, machine: Machine) -> dict[str, Any]:
        """Only the snapshots in `machine` are left."""
        with self._hold(machine) as guest:
            guest.machine = machine
            guest.keep_snapshots(machine.snapshots)
        return {}

    def clone(self, source: Machine, target: Machine, snapshot: str | None) -> dict[str, Any]:
        """Give a clone the content of its source."""
        with self._hold(source) as guest:
            guest.machine = source
            guest.copy_disks_to(target, snapshot)
        return {}

    def reconcile(self, vcenter: str, machines: list[Machine]) -> dict[str, Any]:
        """Make the guests of a vCenter what its machines say: after a start, and whenever in doubt."""
        wanted = {machine.identity: machine for machine in machines}
        for identity in self._leftovers(vcenter) - wanted.keys():
            self._remove(identity)
        failures: dict[str, str] = {}
        threads = [
            threading.Thread(target=self._bring_to, args=(machine, failures), name=machine.identity)
            for machine in machines
        ]
        # Each waits for its turn: _BOOTING of them work at a time.
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._write_known_hosts()
        return {"failures": failures}

    def _bring_to(self, machine: Machine, failures: dict[str, str]) -> None:
        try:
            with self._hold(machine) as guest:
                self._learn_host_key(machine.identity, machine.guestinfo.get(channel.HOST_KEY, ""))
                runs = guest.pid() is not None
                if machine.power == "poweredOn" and not self.no_guest(machine):
                    if runs:
                        guest.adopt(machine)
                    else:
                        self.power_on(machine)
                else:
                    guest.machine = machine
                    guest.clean()
                guest.keep_snapshots(machine.snapshots)
        except Exception as error:  # one that does not start must not take the others with it
            log.exception("%s", machine.name)
            failures[machine.name] = str(error)

    def _leftovers(self, vcenter: str) -> set[str]:
        """Everything that looks like a guest of a vCenter."""
        prefix = re.compile(re.escape(vcenter) + r"-vm-\d+|" + re.escape(vcenter) + r"-virtualmachine-\d+")
        found = set(self.runtime.names())
        for folder in (self.paths.mounts, self.paths.root / "machines"):
            if folder.exists():
                found |= {path.name for path in folder.iterdir()}
        return {name for name in found if prefix.fullmatch(name)}

    def _remove(self, identity: str) -> None:
        """End a guest whose machine is gone. Its disks lie in datastores, which are vCenter's."""
        log.info("%s has no machine any more", identity)
        self.runtime.delete(identity)
        mounts = self.paths.mounts / identity
        if mounts.exists():
            for place in sorted(mounts.iterdir(), key=lambda path: path.name != "root"):
                unmount(place)
            mounts.rmdir()
        self._forget(identity)

    # --- what the watch asks -----------------------------------------------------------------------------------------

    def guests(self) -> list[Guest]:
        """Give all guests that were ever started here."""
        with self._lock:
            return list(self._guests.values())

    def ended(self, guest: Guest) -> str | None:
        """A guest has ended by itself: start it again if it has rebooted; give the new power state if it is off."""
        lock = self._lock_of(guest.identity)
        if not lock.acquire(blocking=False):
            return None  # an operation is under way, and the others must not wait for it
        try:
            if not guest.started or guest.pid() is not None:
                return None  # somebody else has dealt with it
            reason = channel.ended_for(guest.channel)
            log.info("%s has ended by itself (%s)", guest.machine.name, reason or "crash")
            guest.clean()
            if reason != _REBOOT:
                return _POWERED_OFF
            guest.power_on(guest.machine)
            return None
        finally:
            lock.release()

    def learn(self, guest: Guest, values: dict[str, str]) -> None:
        """vCenter has taken guestinfo values of a guest: now they count."""
        guest.machine = replace(guest.machine, guestinfo={**guest.machine.guestinfo, **values})
        if channel.HOST_KEY in values:
            self._learn_host_key(guest.identity, values[channel.HOST_KEY])
            self._write_known_hosts()

    # --- list --------------------------------------------------------------------------------------------------------

    def list(self) -> list[dict[str, Any]]:
        """Give one entry per known machine."""
        with self._lock:
            known = list(self._known.values())
        return [self._entry(machine) for machine in sorted(known, key=lambda machine: machine.name)]

    def _entry(self, machine: Machine) -> dict[str, Any]:
        guest = self._guests.get(machine.identity)
        pid = guest.pid() if guest else None
        tools = channel.tools(guest.channel) if guest and pid else None
        return {
            "name": machine.name,
            "vcenter": machine.vcenter,
            "reference": machine.reference,
            "identity": machine.identity,
            "instance_uuid": machine.instance_uuid,
            "pid": pid,
            "reason": self.no_guest(machine),
            "addresses": [address for _, address in tools[1]] if tools else [],
            "hostname": tools[0] if tools else "",
            "memory_bytes": memory_of(guest) if guest and pid else 0,
        }

    # --- internals ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _hold(self, machine: Machine) -> Iterator[Guest]:
        """Take the machine's lock: one operation at a time on one guest, any number on different ones."""
        lock = self._lock_of(machine.identity)
        with self._lock:
            guest = self._guests.get(machine.identity)
            if guest is None:
                guest = Guest(machine, self.paths, self.settings, self.runtime, self.services)
                self._guests[machine.identity] = guest
            self._known[machine.identity] = machine
        with lock:
            yield guest

    def _lock_of(self, identity: str) -> threading.RLock:
        with self._lock:
            return self._locks.setdefault(identity, threading.RLock())

    def _forget(self, identity: str) -> None:
        with self._lock:
            self._guests.pop(identity, None)
            self._known.pop(identity, None)
            self._host_keys.pop(identity, None)
        self._write_known_hosts()

    def _learn_host_key(self, identity: str, key: str) -> None:
        with self._lock:
            if key:
                self._host_keys[identity] = key

    def _write_known_hosts(self) -> None:
        """Pin what the guests have said through vCenter: by name and by address, before anybody connects."""
        with self._lock:
            lines = []
            for identity, key in sorted(self._host_keys.items()):
                machine = self._known.get(identity)
                if machine is not None:
                    lines.append(f"{','.join([machine.name, *addresses_of(machine)])} {key}\n")
            write_atomically(Path(self.settings.known_hosts), "".join(lines).encode(), mode=0o644)


def addresses_of(machine: Machine) -> list[str]:
    """Give the addresses that a machine's metadata says, without prefix length."""
    ethernets = machine.metadata().get("network", {}).get("ethernets", {})
    return [address.partition("/")[0] for entry in ethernets.values() for address in entry.get("addresses", [])]


def memory_of(guest: Guest) -> int:
    """Give the bytes of memory that a guest's processes hold (without file cache, which the kernel takes back)."""
    for line in (cgroup_file(guest.cgroup, "memory", "memory.stat") or "").splitlines():
        name, _, value = line.partition(" ")
        if name in ("total_rss", "anon"):
            return int(value)
    return 0


def cgroup_file(group: str, controller: str, name: str, root: Path = Path("/sys/fs/cgroup")) -> str | None:
    """Read a file of a control group (Guest.cgroup), of version 1 or 2; None if it is not there.

    Version 1 has a tree for each controller below `root`, version 2 a single one, with other names of files in it.
    """
    for folder in (root / controller, root):
        path = folder / group.lstrip("/") / name
        if path.exists():
            return path.read_text(encoding="utf-8")
    return None


def require_known(machine: Machine) -> None:
    """Raise LabError for a machine whose names could lead out of its folders."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", machine.identity):
        raise LabError(f"{machine.identity!r} is no name of a machine")
