"""Beside a job that runs: write its manifest when the disks have ended, or end it when its lease or a stream is lost.

The manifest is the last stream of the job, so that it lies on the same tape behind the disks whose hashes it tells. The
client waits for the file; it appears when every disk was read whole, and as many bytes as vCenter has sent.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.context import AttemptFailed, RunContext
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.manifest import MeasuredDisk, manifest_of
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import Reference
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    ManifestUnreadable,
    manifest_digest,
    write_manifest,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import StreamStatus
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.export import ExportLease

_POLL_SECONDS = 0.2
_TAPE_SECONDS = 60.0


def size_problem(key: str, came: int, sent: Mapping[str, int]) -> str:
    """Why `came` bytes of the disk `key` are not the whole disk by vCenter's own count, or "".

    `sent`: bytes by key, empty where a lease has no manifest at all (HttpNfcLeaseGetManifest of a vCenter that does not
    count); one that counts some disks counts every disk that it has sent.
    """
    if came == 0:
        return "0 bytes came; a disk always has a header"
    if sent and key not in sent:
        return f"{came} bytes came, and vCenter counts other disks of the lease but has not sent this one"
    if sent and sent[key] != came:
        return f"{came} bytes came, vCenter has sent {sent[key]}"
    return ""


class LastStream:
    """Watches one job until it ends. `problem`: why it was ended here, or ""; `digest`: of the manifest."""

    def __init__(
        self,
        run: RunContext,
        item: Item,
        lease: ExportLease,
        *,
        job_id: int,
        file: Path,
        taken_at: datetime,
        quiesced: bool,
        machine_yaml: str,
        references: Mapping[str, Reference],
    ) -> None:
        """`references`: what the streams of unchanged disks refer to; those are not written."""
        self.problem = ""
        self.digest = ""
        self._run, self._item, self._lease, self._job_id = run, item, lease, job_id
        self._file, self._taken_at, self._quiesced, self._yaml = file, taken_at, quiesced, machine_yaml
        self._references = references
        self._written = [name for name in item.streams[:-1] if name not in references]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"manifest of {item.machine.name}", daemon=True)

    def __enter__(self) -> LastStream:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._ended.wait(_POLL_SECONDS):
                measured = self._look()
                # A job that writes no disk may still wait for its tape, as long as any job may.
                if all(name in measured for name in self._written) and (self._written or self._tapes_now()):
                    self._put(measured)
                    return
        except (AttemptFailed, ManifestUnreadable, TapeError, RecordsError) as error:
            self.problem = str(error)
        except VCenterError as error:
            self.problem = message_of(error)
        if self.problem:
            # The client would wait for a manifest that never comes, or read an address that answers no more.
            with contextlib.suppress(TapeError):
                self._run.tape.console.cancel(self._job_id)
            self._file.touch(mode=0o600)  # nothing: that a client which still waits for it lets go

    def _look(self) -> Mapping[str, StreamStatus]:
        """What the streams that have ended measured. Raises where lease or stream is lost."""
        self._lease.check()
        measured = self._run.tape.streams(self._item.machine.key)
        for name in self._written:
            if name in measured and not measured[name].ok:
                raise AttemptFailed(f"stream {name} broke: {measured[name].error}")
        return measured

    def _put(self, measured: Mapping[str, StreamStatus]) -> None:
        sent = self._lease.sizes()
        disks = []
        for number, disk in enumerate(self._lease.disks):
            name = f"disk{number}"
            reference = self._references.get(name)
            found = reference or measured[name]
            wrong = "" if reference else size_problem(disk.key, found.bytes, sent)
            if wrong:
                raise AttemptFailed(f"stream {name} is short: {wrong}")
            disks.append(
                MeasuredDisk(
                    device_key=disk.device_key,
                    capacity_bytes=disk.capacity_bytes,
                    bytes=found.bytes,
                    sha256=found.sha256,
                    same_as=reference.backup if reference else None,
                )
            )
        self._lease.complete()
        run, item = self._run, self._item
        content = write_manifest(
            manifest_of(
                item,
                taken_at=self._taken_at,
                quiesced=self._quiesced,
                disks=disks,
                tapes=self._tapes(),
                hardware=(run.hardware or {}).get((item.vcenter, item.observed.reference), {}),
                commit=run.origin.commit,
                machine_yaml=self._yaml,
                chain_head=str(run.store.chain.head()),
                software=run.software,
            )
        )
        self.digest = manifest_digest(content)
        fresh = self._file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        fresh.replace(self._file)

    def _tapes(self) -> list[str]:
        """The tapes that the job is on by now; a manifest that begins a further tape does not know that one."""
        deadline = time.monotonic() + _TAPE_SECONDS
        while True:
            tapes = self._tapes_now()
            if tapes:
                return tapes
            if self._ended.wait(_POLL_SECONDS) or time.monotonic() > deadline:
                raise AttemptFailed("the tape software does not say which tape it writes to")

    def _tapes_now(self) -> list[str]:
        found = [piece.volume for piece in self._run.tape.catalogue.pieces(self._job_id)]
        writing = self._run.tape.console.writing().get(self._job_id)
        return list(dict.fromkeys([*found, *([writing] if writing else [])]))
