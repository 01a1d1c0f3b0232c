"""Backup, copy, read-back and restore as jobs of the tape software.

```python
tape = TapeJobs(settings)
tape.define([JobDefinition("s02-db01", client="internet-fd", pool="internet-onsite", streams=("disk0", "manifest"))])
job = tape.backup("s02-db01", {"disk0": from_url(url, ca_file=ca), "manifest": from_file(path)})
result = wait(tape, job)                       # waiting.py
job = tape.copy(result.job_id)                 # to the pool of copies, on the other drive
job = tape.read_back(result.job_id, {name: each.sha256 for name, each in tape.streams("s02-db01").items()})
job = tape.restore(result.job_id, {"disk0": to_file(path), "manifest": to_file(other)})
```
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Catalogue, JobRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import Console, word
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.drives import make_way
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import CommandRefused, TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

_ENDING_SECONDS, _ENDING_POLL_SECONDS = 60.0, 0.2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
# What the job of a machine and that of an agent have in common.
JOB_HEAD = """\
Job {{
  Name = "{name}"
  Type = Backup
  Level = Full
  Client = {client}
  FileSet = "{name}"
  Storage = {storage}
  Pool = {pool}
  Messages = Standard
  Allow Duplicate Jobs = no
  Cancel Queued Duplicates = no
  Cancel Lower Level Duplicates = no
  Maximum Concurrent Jobs = 1
"""
_JOB = (
    """\
FileSet {{
  Name = "{name}"
  # A changed list of streams must not make the software think of levels: every job is a full one.
  Ignore FileSet Changes = yes
  Include {{
    Options {{
      Signature = SHA1
      Compression = {compression}
    }}
{plugins}
  }}
}}

"""
    + JOB_HEAD
    + """\
  RunScript {{
    Runs When = After
    Runs On Client = yes
    Runs On Success = yes
    Runs On Failure = no
    Fail Job On Error = yes
    Command = "{program} check {folder}"
  }}
}}
"""
)


@dataclass(frozen=True)
class JobDefinition:
    """A backup job: one per machine, its streams in the order in which they are written.

    `client` encrypts (one per segment). `storage` "" is the library. `compression` is the tape software's own, before
    encryption: GZIP1 … GZIP9, LZO, or "" for what does not shrink or what the drive shrinks.
    """

    name: str
    client: str
    pool: str
    streams: tuple[str, ...]
    storage: str = ""
    compression: str = "LZO"


def from_file(path: Path, *, expected_bytes: int | None = None, wait_seconds: float | None = None) -> dict[str, Any]:
    """A stream that reads a file; with `wait_seconds` it waits so long for a file that appears when it is whole."""
    source = {"file": str(path)} if wait_seconds is None else {"file": str(path), "wait_seconds": wait_seconds}
    return {"source": source, "expected_bytes": expected_bytes}


def from_url(
    url: str, *, ca_file: Path, headers: Mapping[str, str] | None = None, expected_bytes: int | None = None
) -> dict[str, Any]:
    """A stream that reads an address of an NFC lease, verified against the authority."""
    source = {"url": url, "ca_file": str(ca_file), "headers": dict(headers or {})}
    return {"source": source, "expected_bytes": expected_bytes}


def to_file(path: Path, *, expected_sha256: str | None = None) -> dict[str, Any]:
    """A stream that writes a file, which appears when it is whole."""
    return {"target": {"file": str(path)}, "expected_sha256": expected_sha256}


def to_url(
    url: str,
    *,
    ca_file: Path,
    size: int | None = None,
    method: str = "PUT",
    headers: Mapping[str, str] | None = None,
    expected_sha256: str | None = None,
) -> dict[str, Any]:
    """A stream that writes to an address of an NFC lease; `size` in bytes, unknown: chunked."""
    target = {"url": url, "ca_file": str(ca_file), "method": method, "bytes": size, "headers": dict(headers or {})}
    return {"target": target, "expected_sha256": expected_sha256}


@dataclass(frozen=True)
class StreamStatus:
    """What the stream program has measured. `sha256` and `bytes` are of the content before compression."""

    ok: bool
    bytes: int
    sha256: str
    seconds: float
    error: str


@dataclass(frozen=True)
class TapeJobs:
    """Jobs of one backup server."""

    settings: TapeSettings

    @cached_property
    def console(self) -> Console:
        """The restricted console of automation."""
        return Console(self.settings, "automation")

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue."""
        return Catalogue(self.settings)

    def define(self, definitions: Iterable[JobDefinition]) -> bool:
        """Make the director know these jobs, by one reload; give whether anything was new."""
        texts = {}
        for each in definitions:
            for name in (each.name, *each.streams):
                if not _NAME.fullmatch(name):
                    raise TapeError(
                        f"{name!r}: a job or stream has letters, digits, dot, hyphen, underscore, at most 80"
                    )
            if each.pool not in self.settings.pools or each.client not in self.settings.clients.values():
                raise TapeError(f"job {each.name}: pool {each.pool} or client {each.client} is not configured")
            texts[each.name] = self._text(each)
        return self.define_text(texts)

    def define_text(self, texts: Mapping[str, str]) -> bool:
        """The same of jobs whose configuration is given, by their name."""
        changed = False
        for name, text in texts.items():
            changed |= _write(Path(self.settings.jobs_folder) / f"{name}.conf", text)
        if changed and "error" in (said := self.console.run("reload")).lower():
            raise CommandRefused(f"the director refuses the jobs: {' | '.join(said.split(chr(10))[-4:])}")
        return changed

    def backup(self, name: str, sources: Mapping[str, dict[str, Any]], *, pool: str = "", storage: str = "") -> int:
        """Queue a backup; `sources` as in the job's streams. Give the job's id.

        Raises CommandRefused when an earlier run of the job does not end.
        """
        self._wait_for_earlier(name)
        folder = self._folder(name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.glob("*.json"):
            old.unlink()
        for stream, source in sources.items():
            _write(folder / f"{stream}.json", json.dumps(source))
        more = f" pool={word(pool)}" if pool else ""
        more += f" storage={word(storage)}" if storage else ""
        return self.console.queue(f"run job={word(name)} level=Full{more} yes")

    def run_job(self, name: str) -> int:
        """Queue a job that needs no more than its name. CommandRefused when an earlier run of it does not end."""
        self._wait_for_earlier(name)
        return self.console.queue(f"run job={word(name)} level=Full yes")

    def copy(self, job_id: int) -> int:
        """Queue the copy of one job into the next pool of its pool. Give the id of the job that copies."""
        volumes = {each.name: each.pool for each in self.catalogue.volumes()}
        pools = {volumes[name] for name in self.catalogue.job(job_id).volumes}
        if len(pools) != 1:
            raise TapeError(f"job {job_id} is on tapes of {len(pools)} pools: it cannot be copied")
        pool = pools.pop()
        targets = {name for name, its in volumes.items() if its == self.settings.pools[pool]}
        make_way(Library(self.settings), targets)
        return self.console.queue(f"run job=copy-{pool} jobid={job_id} yes")

    def verify(self, job_id: int, *, storage: str = "") -> int:
        """Queue the tape software's own comparison of a job with its catalogue.

        It is no proof that the content can be read: it finds damage inside a block and calls a stream that ends early
        good. `read_back` is the proof.
        """
        more = f" storage={word(storage)}" if storage else ""
        return self.console.queue(f"run job=verify-{self._client(job_id)} jobid={job_id}{more} yes")

    def read_back(self, job_id: int, expected: Mapping[str, str], *, client: str = "") -> int:
        """Queue the reading of a job (a backup or a copy) from its tapes, through decryption, to a hash.

        `expected`: stream -> SHA-256 of its content, of every stream of the job. Nothing is kept of what is read. Wait
        with `media_seconds`: from a tape that ends too early the software waits for the rest.
        """
        targets = {
            stream: {"target": {"discard": True}, "expected_sha256": digest} for stream, digest in expected.items()
        }
        return self.restore(job_id, targets, client=client)

    def restore(self, job_id: int, targets: Mapping[str, dict[str, Any]], *, client: str = "", only: str = "") -> int:
        """Queue the restore of a job (a backup or a copy); every stream of it has a target, or `only` names the one."""
        job = self._aim(job_id, targets)
        where = client or self._client(job_id)
        # One stream is chosen by its name in the catalogue, and the drive winds to it; all others are not read.
        chosen = f"file=/{word(job.name)}/{word(only)}" if only else "all done"
        return self.console.queue(
            f"restore jobid={job_id} client={word(self._client(job_id))} restoreclient={word(where)}"
            f" restorejob=restore-{where} where=/ {chosen} yes"
        )

    def restore_all(self, wanted: Mapping[int, Mapping[str, dict[str, Any]]]) -> int:
        """Queue one restore of several jobs of one client, each of another machine: job id -> targets of its streams.

        The tapes are read from their beginning to their end, whatever the order of the jobs. TapeError where one job
        cannot restore them.
        """
        clients, names = {self._client(job_id) for job_id in wanted}, {self.job(job_id).name for job_id in wanted}
        if len(clients) != 1 or len(names) != len(wanted):
            raise TapeError(f"jobs {', '.join(map(str, wanted))} are not of one client and as many machines")
        for job_id, targets in wanted.items():
            self._aim(job_id, targets)
        client = word(clients.pop())
        return self.console.queue(
            f"restore jobid={','.join(map(str, wanted))} client={client} restoreclient={client}"
            f" restorejob=restore-{client} where=/ all done yes"
        )

    def _aim(self, job_id: int, targets: Mapping[str, dict[str, Any]]) -> JobRecord:
        """Write down where the streams of a job go when it is restored."""
        job = self.catalogue.job(job_id)
        folder = self._folder(job.name) / "restore"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.glob("*.json"):
            old.unlink()
        for stream, target in targets.items():
            _write(folder / f"{stream}.json", json.dumps(target))
        return job

    def streams(self, name: str, *, restored: bool = False) -> dict[str, StreamStatus]:
        """What the streams of a job's last run have measured; one that did not end has no entry."""
        found = {}
        for path in sorted((self._folder(name) / ("restore" if restored else "")).glob("*.status.json")):
            value = json.loads(path.read_text(encoding="utf-8"))
            found[path.name.removesuffix(".status.json")] = StreamStatus(
                value["exit"] == 0, value["bytes"], value["sha256"], value["seconds"], value["error"]
            )
        return found

    def job(self, job_id: int) -> JobRecord:
        """What the catalogue says of a job."""
        return self.catalogue.job(job_id)

    def _wait_for_earlier(self, name: str) -> None:
        """Wait until no run of the job is left, for the director would cancel the new one as its duplicate.

        A run whose daemon has died is left for a while after it was cancelled.
        """
        deadline = time.monotonic() + _ENDING_SECONDS
        while earlier := [each for each in self.console.running() if self.catalogue.job(each).name == name]:
            if time.monotonic() > deadline:
                raise CommandRefused(
                    f"job {earlier[0]} ({name}) has not ended: wait for it, or cancel it in bconsole if nobody needs it"
                )
            time.sleep(_ENDING_POLL_SECONDS)

    def _client(self, job_id: int) -> str:
        return self.catalogue.client(job_id)

    def _folder(self, name: str) -> Path:
        return Path(self.settings.streams_folder) / word(name)

    def _text(self, job: JobDefinition) -> str:
        program, folder = self.settings.stream_program, self._folder(job.name)
        plugins = "\n".join(
            f'    Plugin = "bpipe:/{job.name}/{stream}:{program} read {folder}/{stream}.json'
            f':{program} write {folder}/restore/{stream}.json"'
            for stream in job.streams
        )
        text = _JOB.format(
            name=job.name,
            client=job.client,
            pool=job.pool,
            storage=job.storage or self.settings.library.storage,
            program=program,
            folder=folder,
            plugins=plugins,
            compression=job.compression,
        )
        return text if job.compression else text.replace("      Compression = \n", "")


def _write(path: Path, content: str) -> bool:
    """Write a file of mode 0600 that is complete or absent; give whether it differs from what was there."""
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return False
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    fresh.replace(path)
    return True
