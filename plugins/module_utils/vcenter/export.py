"""The disks of a snapshot over vCenter's NFC lease: opened, kept alive, held against vCenter's own count, ended.

A lease belongs to the session that opened it and expires when nobody reports progress (vSphere Web Services API,
HttpNfcLease). Whoever has its addresses can read the disks, so that they stand in no log and in no record.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.guestinfo import HOST_KEY
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many, truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

_READY_SECONDS = 120.0
_POLL_SECONDS = 0.1
# How often progress is reported at the latest, as a part of the time after which the lease expires.
_SHARE_OF_TIMEOUT = 3
_MOST_PERCENT = 99


class LeaseLost(VCenterError):
    """The lease ended before the disks were read: what was read of them counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedDisk:
    """One disk of a lease. `key` is its name in the lease, `device_key` vCenter's key of the device; sizes in bytes."""

    key: str
    url: str
    device_key: int
    controller_key: int
    unit_number: int
    capacity_bytes: int


class ExportLease:
    """An open lease that is kept alive until it is completed or left. Leaving it without `complete` aborts it."""

    def __init__(self, reference: Any, disks: tuple[ExportedDisk, ...], seconds: float) -> None:
        self.disks = disks
        self._lease = reference
        self._timeout_seconds = seconds
        self._interval_seconds = seconds / _SHARE_OF_TIMEOUT
        self._lost = ""
        self._complete = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="keep the export lease", daemon=True)

    def keep_alive(self, interval_seconds: float) -> ExportLease:
        """Report progress so often from now on, or more often where the lease asks for it."""
        self._interval_seconds = min(interval_seconds, self._interval_seconds)
        self._thread.start()
        return self

    def __enter__(self) -> ExportLease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if not self._complete:
            with contextlib.suppress(VCenterError):  # it is lost, or will expire by itself
                self._lease.HttpNfcLeaseAbort()

    @property
    def lost(self) -> str:
        """Why the lease is lost; "" while it holds."""
        return self._lost

    def check(self) -> None:
        """Raise LeaseLost if it is."""
        if self._lost:
            raise LeaseLost(f"the export lease is lost: {self._lost}")

    def sizes(self) -> dict[str, int]:
        """Bytes that vCenter has sent of each disk, by its key in the lease; one that it does not count is missing."""
        entries = self._lease.HttpNfcLeaseGetManifest() or []
        return {str(entry.key): int(entry.size) for entry in entries if entry.size is not None}

    def complete(self) -> None:
        """Say that everything was read. LeaseLost if the lease was gone by then."""
        self.check()
        self._end()
        self._lease.HttpNfcLeaseComplete()
        self._complete = True

    def _end(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat(self) -> None:
        heard, percent = time.monotonic(), 0
        while not self._ended.wait(self._interval_seconds):
            percent = min(percent + 1, _MOST_PERCENT)
            try:
                self._lease.HttpNfcLeaseProgress(percent=percent)
                heard = time.monotonic()
            except Fault as fault:
                if not fault.transient:
                    self._lost = message_of(fault)
                    return
            except VCenterError as error:
                self._lost = message_of(error) if time.monotonic() - heard > self._timeout_seconds else ""
            if self._lost:
                return


def open_export(session: Session, snapshot: str) -> ExportLease:
    """Open a lease on the disks of a snapshot (managed object id) and wait until it is ready.

    The disks come in the order of controller and unit number. VCenterError: the lease does not become ready, or does
    not offer every disk of the snapshot.
    """
    target = vim.vm.Snapshot(snapshot, session.stub)
    devices = _virtual_disks(session, target)
    lease = target.ExportSnapshot()
    try:
        info = _ready(session, lease)
        disks = _disks(info, devices, session)
    except BaseException:
        with contextlib.suppress(VCenterError):
            lease.HttpNfcLeaseAbort()
        raise
    return ExportLease(lease, disks, float(info.get("leaseTimeout") or 300))


def _virtual_disks(session: Session, snapshot: Any) -> list[Mapping[str, Any]]:
    path = "config.hardware.device"
    for item in retrieve(session, {vim.vm.Snapshot: (path,)}, objects=[snapshot]):
        return [device for device in many(item.properties.get(path)) if device.get("_type") == "VirtualDisk"]
    raise VCenterError("the snapshot is gone before it could be exported")


def _ready(session: Session, lease: Any) -> dict[str, Any]:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        for item in retrieve(session, {vim.HttpNfcLease: ("state", "info", "error")}, objects=[lease]):
            state = item.properties.get("state")
            if state == "ready":
                return dict(item.properties["info"])
            if state == "error":
                text = dig(item.properties.get("error"), "localizedMessage") or "vCenter does not say why"
                raise VCenterError(f"the export lease fails: {text}")
        if time.monotonic() > deadline:
            raise VCenterError(f"the export lease is not ready after {_READY_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)


def _disks(info: Mapping[str, Any], devices: Sequence[Mapping[str, Any]], session: Session) -> tuple[ExportedDisk, ...]:
    """The disks by controller and unit number. A lease lists them in the order of the snapshot's devices."""
    urls = [url for url in many(info.get("deviceUrl")) if truth(url.get("disk"))]
    if len(urls) != len(devices):
        raise VCenterError(f"the export offers {len(urls)} disks, the snapshot has {len(devices)}")
    disks = [_disk(url, device, session) for url, device in zip(urls, devices, strict=True)]
    return tuple(sorted(disks, key=lambda disk: (disk.controller_key, disk.unit_number)))


def _disk(url: Mapping[str, Any], device: Mapping[str, Any], session: Session) -> ExportedDisk:
    capacity = device.get("capacityInBytes") or int(device.get("capacityInKB") or 0) * 1024
    return ExportedDisk(
        key=str(url["key"]),
        # A host that is asked directly says "*" for itself (HttpNfcLeaseDeviceUrl.url).
        url=str(url["url"]).replace("://*", f"://{session.endpoint.hostname}"),
        device_key=int(device["key"]),
        controller_key=int(device.get("controllerKey") or 0),
        unit_number=int(device.get("unitNumber") or 0),
        capacity_bytes=int(capacity),
    )


def read_hardware(session: Session, machines: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What a manifest keeps of machines beside the bulk read, in one call: `machines` are managed object ids.

    Of extraConfig only the guest's public host key is kept: the rest may hold what it was told in confidence.
    """
    paths = (
        "config.hardware.device",
        "config.version",
        "config.firmware",
        "config.guestFullName",
        "config.extraConfig",
    )
    objects = [vim.VirtualMachine(each, session.stub) for each in machines]
    if not objects:
        return {}
    return {
        item.reference: {
            "devices": many(item.properties.get("config.hardware.device")),
            "hardware_version": item.properties.get("config.version", ""),
            "firmware": item.properties.get("config.firmware", ""),
            "guest_name": item.properties.get("config.guestFullName", ""),
            "host_key": _host_key(many(item.properties.get("config.extraConfig"))),
        }
        for item in retrieve(session, {vim.VirtualMachine: paths}, objects=objects)
    }


def _host_key(options: Sequence[Mapping[str, Any]]) -> str:
    return next((str(option.get("value", "")) for option in options if option.get("key") == HOST_KEY), "")
