"""Jobs of agents, which back up files where they lie: the job of a source, its list, and the way back into a folder.

```python
files = FileJobs(tape)
files.define(FileJob("files-shares", client="files-shares-fd", pool="internet-c3-onsite", paths=("/srv/shares",)))
job = files.backup("files-shares")
announced(wait(tape, job).log)                           # the hash of the list, as the agent has said it
wait(tape, files.restore(job, folder))                   # everything, by the client that has the segment's key
```
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import word
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import JobFailed, TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_list import LISTS, PROGRAM
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import JOB_HEAD, TapeJobs

_ANNOUNCED = re.compile(r"file-list sha256=([0-9a-f]{64}) files=(\d+) bytes=(\d+)")
_FAILED = re.compile(r"file-list failed: (.*)")
_JOB = (
    """\
FileSet {{
  Name = "{name}"
  Ignore FileSet Changes = yes
  Include {{
    Options {{
      Signature = SHA256
      Compression = {compression}
      One FS = no
      ACL Support = yes
      XATTR Support = yes
    }}
{paths}
  }}
  Exclude {{
{excludes}
  }}
}}

"""
    + JOB_HEAD
    + """\
  RunScript {{
    Runs When = Before
    Runs On Client = yes
    Fail Job On Error = yes
    Command = "/usr/bin/python3 -I {program} {lists} {what}"
  }}
}}
"""
)


@dataclass(frozen=True, slots=True)
class FileJob:
    """A backup of files. `client` is the agent; `compression` as in JobDefinition."""

    name: str
    client: str
    pool: str
    source: str
    paths: tuple[str, ...]
    excludes: tuple[str, ...] = ()
    compression: str = "LZO"

    @property
    def list_file(self) -> str:
        """Where the list lies, in the machine and on the tape."""
        return list_file(self.source)


@dataclass(frozen=True, slots=True)
class Announced:
    """What the agent said of the list that it wrote."""

    sha256: str
    files: int
    bytes: int


def list_file(source: str) -> str:
    """Where the list of a source lies, in the machine and on the tape."""
    return f"{LISTS}/{source}.jsonl"


def announced(log: Iterable[str]) -> Announced:
    """What the agent said of its list, from the log of a job. JobFailed if it wrote none."""
    found = _ANNOUNCED.search("\n".join(log))
    if found is None:
        raise JobFailed("the agent wrote no list of its files: nothing says what the tape must hold")
    return Announced(found.group(1), int(found.group(2)), int(found.group(3)))


def unlisted(log: Iterable[str]) -> str:
    """What the agent could not read while it made its list; "" if that was not it."""
    failed = _FAILED.search("\n".join(log))
    return f"the agent cannot read {failed.group(1).strip()}" if failed else ""


@dataclass(frozen=True)
class FileJobs:
    """The jobs of agents."""

    tape: TapeJobs

    def define(self, job: FileJob) -> bool:
        """Make the director know the job; give whether anything was new."""
        settings = self.tape.settings
        if job.pool not in settings.pools or job.client not in settings.agents:
            raise TapeError(f"job {job.name}: pool {job.pool} or agent {job.client} is not configured")
        return self.tape.define_text({word(job.name): self._text(job)})

    def backup(self, name: str) -> int:
        """Queue a backup; give the job's id."""
        return self.tape.run_job(name)

    def restore(self, job_id: int, folder: Path, *, files: Sequence[str] = ()) -> int:
        """Queue the restore into a folder of the backup server; `files` (as in the list): these alone.

        The client of the segment reads, whose key is one of those that the agent encrypts for.
        """
        agent = self.tape.catalogue.client(job_id)
        opener = word(self.opener(job_id))
        # The director takes the names from a file, whatever characters they have, before it queues the job.
        wanted = Path(self.tape.settings.streams_folder) / f"{self.tape.job(job_id).name}.wanted"
        chosen = f"file=<{word(str(wanted))}" if files else "all done"
        try:
            if files:
                wanted.write_text("".join(f"{each}\n" for each in files), encoding="utf-8", errors="surrogateescape")
            return self.tape.console.queue(
                f"restore jobid={job_id} client={word(agent)} restoreclient={opener}"
                f" restorejob=restore-{opener} where={word(str(folder))} {chosen} yes"
            )
        finally:
            wanted.unlink(missing_ok=True)

    def opener(self, job_id: int) -> str:
        """The client that opens what the agent of a job has written. TapeError where the settings name none."""
        agent = self.tape.catalogue.client(job_id)
        try:
            return self.tape.settings.agents[agent]
        except KeyError:
            raise TapeError(f"agents of the tape settings does not name {agent}: see docs/production.md") from None

    def _text(self, job: FileJob) -> str:
        what = json.dumps({"source": job.source, "paths": job.paths, "excludes": job.excludes})
        text = _JOB.format(
            name=job.name,
            client=job.client,
            pool=job.pool,
            storage=self.tape.settings.library.storage,
            compression=job.compression,
            paths="\n".join(f"    File = {_quoted(each)}" for each in (*job.paths, job.list_file)),
            excludes="\n".join(f"    File = {_quoted(each)}" for each in job.excludes),
            program=PROGRAM,
            lists=LISTS,
            what=base64.urlsafe_b64encode(what.encode()).decode(),
        )
        return text if job.compression else text.replace("      Compression = \n", "")


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
