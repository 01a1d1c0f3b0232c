#!/usr/bin/env python3
"""How fast the tape software itself is: so many streams from local files at once, over two drives.

Usage: tests/bench/tape_streams.py [--streams 10] [--megabytes 100]

`measure` is the baseline of the bar "at least 70% of what the same tape software reaches from local files": the backup
verb is measured beside it in one run, with streams of equal bytes, compression and encryption.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import JobDefinition, TapeJobs, from_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from tests.support.tape_lab import CLIENT, MEGABYTE, ONSITE, tape_lab


@dataclass(frozen=True)
class Measured:
    """`megabytes_per_second` of content, before compression; the load of the machine before it began."""

    streams: int
    megabytes: int
    seconds: float
    drives: int
    load: float

    @property
    def megabytes_per_second(self) -> float:
        """All streams together, from the first start to the last end."""
        return self.megabytes / self.seconds


def measure(tape: TapeJobs, files: list[Path], *, compression: str = "LZO") -> Measured:
    """Back up the files at once, a job each; every job must end well."""
    load = os.getloadavg()[0]
    names = [f"stream-{number}" for number in range(len(files))]
    tape.define([JobDefinition(name, CLIENT, ONSITE, ("disk0",), compression=compression) for name in names])
    began = time.monotonic()
    ids = [tape.backup(name, {"disk0": from_file(path)}) for name, path in zip(names, files, strict=True)]
    results = [wait(tape, each, seconds=1200).check() for each in ids]
    seconds = time.monotonic() - began
    size = sum(path.stat().st_size for path in files) // MEGABYTE
    return Measured(len(files), size, seconds, len({volume for each in results for volume in each.volumes}), load)


def disk_like(path: Path, megabytes: int) -> Path:
    """A file that shrinks as disks of servers do: half noise, half text."""
    with path.open("wb") as stream:
        for _ in range(megabytes):
            stream.write(os.urandom(MEGABYTE // 2) + b"a line of a log file, as there are many\n" * (MEGABYTE // 80))
    return path


def main() -> int:
    """Measure once and print."""
    parser = argparse.ArgumentParser(description="Measure the tape software from local files.")
    parser.add_argument("--streams", type=int, default=10)
    parser.add_argument("--megabytes", type=int, default=100, help="of each stream")
    options = parser.parse_args()
    with tape_lab("bench", capacity_bytes=20_000 * MEGABYTE) as lab:
        lab.library.label(["OSA001L8", "OSA002L8", "OSA003L8", "OSA004L8"], ONSITE)
        files = [disk_like(lab.folder / f"disk-{number}", options.megabytes) for number in range(options.streams)]
        for compression in ("LZO", ""):
            found = measure(lab.jobs, files, compression=compression)
            print(
                f"{found.streams} streams, {found.megabytes} MB, {compression or 'no compression'}, encrypted:"
                f" {found.seconds:.1f} s, {found.megabytes_per_second:.0f} MB/s over {found.drives} tapes"
                f" (load before: {found.load:.1f})"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
