"""One guest: switched on and off, its disks, its snapshots. The manager holds the guest's lock while it calls."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from lab.errors import LabError
from lab.files import read_json, write_json
from lab.guests import bundle, channel, disks
from lab.guests.hotplug import mount_inside, unmount_inside
from lab.guests.machine import Disk, Machine
from lab.guests.network import attach, ensure_closed_bridge
from lab.guests.runtime import Runtime
from lab.guests.settings import GuestPaths, Network, Settings

SHUTDOWN_SECONDS = 30.0
_KILL_SECONDS = 10.0
_POLL_SECONDS = 0.02
_FLAT = "-flat.vmdk"
_STAGING = "staging"
_PRE_FREEZE, _POST_THAW = "/usr/sbin/pre-freeze-script", "/usr/sbin/post-thaw-script"

log = logging.getLogger("guests")


class Services(Protocol):
    """What machines carry for others and the lab runs for them in their guests' networks (mirrors, name servers)."""

    def follow(self, machine: str, pid: int) -> list[str]:
        """The guest of a machine (its instance UUID) has started; give a line per service that was started."""

    def leave(self, machine: str) -> None:
        """It has ended."""


class Guest:
    """The guest of one virtual machine. `machine` is what vCenter said last."""

    def __init__(
        self, machine: Machine, paths: GuestPaths, settings: Settings, runtime: Runtime, services: Services
    ) -> None:
        self.machine = machine
        self.identity = machine.identity
        self.settings = settings
        self.folder = paths.machine(self.identity)
        self.mounts = paths.mounts / self.identity
        self.runtime = runtime
        self.services = services
        self.started = 0.0

    @property
    def channel(self) -> Path:
        """The folder of its guestinfo."""
        return self.folder / "channel"

    @property
    def cgroup(self) -> str:
        """Path of its control group, the same in every controller."""
        return f"/{self.settings.namespace}/{self.identity}"

    def pid(self) -> int | None:
        """Give the pid of its PID 1; None if it does not run."""
        return self.runtime.pid(self.identity)

    # --- power -------------------------------------------------------------------------------------------------------

    def power_on(self, machine: Machine) -> None:
        """Start it; nothing to do if it runs. Raises LabError when it cannot be started, and leaves nothing behind."""
        self.machine = machine
        if self.pid() is not None:
            return
        try:
            self._start()
        except BaseException:
            self.clean()
            raise

    def _start(self) -> None:
        self.clean()  # what a kill has left
        self.folder.mkdir(parents=True, exist_ok=True)
        channel.open_channel(self.channel, self.machine.guestinfo)
        root, mounted = self._mount()
        console = self.folder / "console.log"
        console.write_bytes(b"")
        write_json(
            self.folder / "config.json",
            bundle.configuration(
                root=root,
                hostname=self._hostname(root),
                channel=self.channel,
                console=console,
                disks=mounted,
                cpu=self.machine.cpu,
                memory_mb=self.machine.memory_mb,
                cgroup=self.cgroup,
            ),
        )
        pid = self.runtime.create(self.identity, self.folder)
        attach(self.settings.namespace, pid, self._cards())
        self.runtime.start(self.identity)
        self.started = time.time()
        self._serve(pid)

    def _serve(self, pid: int) -> None:
        """Let what the machine carries run in its new network; a service that does not start keeps no guest off."""
        try:
            for line in self.services.follow(self.machine.instance_uuid, pid):
                log.info("%s: %s", self.machine.name, line)
        except Exception:  # whatever it is: lab-status shows that the service does not run, and the log why
            log.exception("%s: a service of it does not run", self.machine.name)

    def _hostname(self, root: Path) -> str:
        described = self.machine.metadata().get("local-hostname")
        if isinstance(described, str):
            return described
        known = root / "etc/hostname"
        return known.read_text(encoding="utf-8").strip() if known.is_file() else self.machine.name

    def _mount(self) -> tuple[Path, dict[str, Path]]:
        """Mount all disks that have a place; give the root and the others by their place in the guest."""
        places: dict[str, Path] = {}
        if not self.machine.disks:
            raise LabError(f"{self.machine.name} has no disk to boot from")
        for position, disk in enumerate(self.machine.disks):
            self._mount_disk(position, disk)
            where = self.machine.mount_of(position)
            if position and where:
                places[where] = self.mounts / f"disk{position}"
        root = self.mounts / "root"
        disks.mount_root(self._image(), self.mounts / "disk0", root)
        return root, places

    def _image(self) -> Path:
        """The image that its system disk was made on: another one below would change what it has written."""
        record = self.mounts / "disk0" / "image"
        if not record.exists():
            record.write_text(self.settings.image, encoding="utf-8")
        image = Path(self.settings.image).parent / Path(record.read_text(encoding="utf-8")).name
        if not image.is_dir():
            raise LabError(f"{self.machine.name}: its image {image} is gone: make lab-down, then make lab-up")
        return image

    def _mount_disk(self, position: int, disk: Disk) -> None:
        disks.prepare(disk.file, self.settings.disk_bytes(disk.capacity))
        if self.machine.mount_of(position):
            disks.mount(disk.file, self.mounts / f"disk{position}")

    def _cards(self) -> Iterator[tuple[str, str, str, str]]:
        for number, nic in enumerate(self.machine.nics):
            network = self._network(nic.port_group)
            if network is not None and nic.connected:
                yield self.outer_name(number), network.bridge, f"eth{number}", nic.mac.lower()

    def _network(self, port_group: str) -> Network | None:
        for network in self.settings.networks:
            if (network.vcenter, network.port_group) == (self.machine.vcenter, port_group):
                return network
        if not port_group:
            return None
        # Made in vCenter and described nowhere: a segment of its own, on which nothing of the lab has an address.
        log.info("%s: port group %s is a network without a way out", self.machine.name, port_group)
        bridge = f"x{hashlib.sha256(f'{self.machine.vcenter}/{port_group}'.encode()).hexdigest()[:12]}"
        ensure_closed_bridge(self.settings.namespace, bridge, port_group)
        return Network(self.machine.vcenter, port_group, bridge, "")

    def outer_name(self, number: int) -> str:
        """Name of the outer end of an interface; the kernel takes 15 characters."""
        return f"g{hashlib.sha256(self.identity.encode()).hexdigest()[:10]}-{number}"

    def power_off(self) -> None:
        """Pull the plug."""
        self.clean()

    def shut_down(self) -> None:
        """Ask it to shut down and wait. Raises LabError if it does not; then it still runs."""
        if self.pid() is None:
            return
        self.runtime.kill(self.identity, "INT")
        if not self.wait_until_gone(SHUTDOWN_SECONDS):
            raise LabError(f"{self.machine.name} did not shut down within {SHUTDOWN_SECONDS:.0f} s")
        self.clean()

    def wait_until_gone(self, seconds: float) -> bool:
        """Wait until it has ended."""
        return _wait(lambda: self.pid() is None, seconds)

    def clean(self) -> None:
        """Kill what runs of it and unmount everything; nothing to do for one that is off."""
        pid = self.runtime_pid()
        self.runtime.delete(self.identity)
        if pid is not None:
            _reap(pid)
        self.services.leave(self.machine.instance_uuid)
        if self.mounts.exists():
            for place in sorted(self.mounts.iterdir(), key=lambda path: path.name != "root"):
                disks.unmount(place)
            self.mounts.rmdir()
        self.started = 0.0

    def runtime_pid(self) -> int | None:
        """Give the pid that the runtime knows, whether it still runs or not."""
        value = read_json(self.runtime.folder / self.identity / "state.json").get("init_process_pid")
        return int(value) if value else None

    def adopt(self, machine: Machine) -> None:
        """Take over a guest that runs since before this manager."""
        self.machine = machine
        self.started = self.started or time.time()
        for place in self.places():
            with suppress(OSError):  # it was not frozen
                disks.freeze(place, thaw=True)

    # --- changes -----------------------------------------------------------------------------------------------------

    def reconfigure(self, machine: Machine) -> None:
        """Follow a reconfiguration: limits, larger and new disks, connections."""
        before, self.machine = self.machine, machine
        pid = self.pid()
        if pid is None:
            return  # everything is read again at power-on
        if (before.cpu, before.memory_mb) != (machine.cpu, machine.memory_mb):
            self.runtime.update(self.identity, bundle.resources(machine.cpu, machine.memory_mb))
        for position, disk in enumerate(machine.disks):
            place = self.mounts / f"disk{position}"
            if os.path.ismount(place):
                self._grow(pid, position, disk)
            else:
                self._mount_disk(position, disk)
                where = machine.mount_of(position)
                if where:
                    mount_inside(pid, place, where)

    def _grow(self, pid: int, position: int, disk: Disk) -> None:
        place, where = self.mounts / f"disk{position}", self.machine.mount_of(position)
        try:
            disks.grow_mounted(place, disk.file, self.settings.disk_bytes(disk.capacity))
        except disks.InUse as error:
            # Out of the guest, grown, and in again: possible as long as nothing in the guest has a file open on it.
            if not position or not where or not unmount_inside(pid, where):
                raise LabError(f"{error}; {self.machine.name} has the new size after its next power cycle") from error
            disks.unmount(place)
            self._mount_disk(position, disk)
            mount_inside(pid, place, where)

    # --- snapshots ---------------------------------------------------------------------------------------------------

    def places(self) -> list[Path]:
        """Mounted disks, the system disk last: what runs in the guest stops when that is frozen."""
        if not self.mounts.exists():
            return []
        return sorted((path for path in self.mounts.iterdir() if path.name != "root"), reverse=True)

    def stage_snapshot(self, *, quiesce: bool) -> None:
        """Copy the disks as they are now, beside them; name_snapshot makes them a snapshot."""
        running = self.pid() is not None
        scripts = running and quiesce
        if scripts:
            self._run_script(_PRE_FREEZE)
        try:
            with self._frozen():
                for disk in self.machine.disks:
                    if disk.file.exists():
                        disks.copy(disk.file, snapshot_file(disk.file, _STAGING))
        finally:
            if scripts:
                self._run_script(_POST_THAW)

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        frozen: list[Path] = []
        try:
            for place in self.places():
                disks.freeze(place)
                frozen.append(place)
            yield
        finally:
            for place in reversed(frozen):
                disks.freeze(place, thaw=True)

    def _run_script(self, path: str) -> None:
        if (self.mounts / "root" / path.lstrip("/")).exists():
            self.runtime.execute(self.identity, path)

    def name_snapshot(self, snapshot: str) -> None:
        """Give the staged copies the snapshot's reference."""
        for disk in self.machine.disks:
            staged = snapshot_file(disk.file, _STAGING)
            if staged.exists():
                staged.replace(snapshot_file(disk.file, snapshot))

    def revert(self, snapshot: str) -> None:
        """Put the disks back; the guest is off afterwards."""
        self.clean()
        for disk in self.machine.disks:
            copy = snapshot_file(disk.file, snapshot)
            if copy.exists():
                disks.copy(copy, disk.file)

    def keep_snapshots(self, snapshots: tuple[str, ...]) -> None:
        """Remove the copies of all other snapshots."""
        for disk in self.machine.disks:
            kept = {snapshot_file(disk.file, each) for each in snapshots}
            for path in disk.file.parent.glob(snapshot_file(disk.file, "*").name):
                if path not in kept:
                    path.unlink()

    def copy_disks_to(self, target: Machine, snapshot: str | None) -> None:
        """Give a clone the content of the disks, as they are now or as of a snapshot."""
        with self._frozen():
            for source, disk in zip(self.machine.disks, target.disks, strict=False):
                file = snapshot_file(source.file, snapshot) if snapshot else source.file
                if file.exists() and file.stat().st_size:
                    disks.copy(file, disk.file)

    def destroy(self) -> None:
        """Remove everything of it, its disks included."""
        self.clean()
        self.keep_snapshots(())
        for disk in self.machine.disks:
            disk.file.unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)


def snapshot_file(disk: Path, snapshot: str) -> Path:
    """Give the file that keeps a disk as of a snapshot."""
    return disk.with_name(f"{disk.name.removesuffix(_FLAT)}-at-{snapshot}{_FLAT}")


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _reap(pid: int) -> None:
    """Take the exit status of a guest's PID 1, which is this process's child if this manager started it."""
    with suppress(ChildProcessError):
        _wait(lambda: os.waitpid(pid, os.WNOHANG) != (0, 0), _KILL_SECONDS)
