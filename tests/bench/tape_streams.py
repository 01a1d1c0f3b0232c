#!/usr/bin/env python3
"""How fast and how large the way of a backup is: vCenter's lease, the stream program, the tape software, two drives.

Examples:
  tests/bench/tape_streams.py                        ten streams of 400 MB, three rounds, and the memory of the path
  tests/bench/tape_streams.py --streams 10 --megabytes 1000 --rounds 5
  tests/bench/tape_streams.py --only memory
  tests/bench/tape_streams.py --write-docs           and into docs/benchmarks.md

In each round the same bytes go to tape twice, at the same number of streams, compressed and encrypted alike, into the
same pool: by the tape software from local files, and by the verb `backup` from leases of the lab's vCenter. The clock
runs from the first job in the catalogue to the end of the last one; snapshots and read-back stand beside it. The
vCenter has the bytes of each disk ready and reads, hashes and encrypts them on the same cores; its share of them is
told.

The memory is the most that a process ever had (VmHWM), for one disk and then for one eight times as large: of the
stream program, of the client, of the storage daemon, and of the controller.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from tests.bench import tapedocs
from tests.bench.measure import BenchFailed, say
from tests.bench.tape_path import (
    LEAST_SHARE,
    MEGABYTES,
    MOST_GROWTH_MIB,
    ROUNDS,
    STREAMS,
    Memory,
    Round,
    measure_memory,
    measure_share,
    share_of,
)


def told(found: Round) -> str:
    """One round in a line."""
    return (
        f"{found.streams} streams, {found.megabytes} MB: local files {found.local_seconds:.1f} s"
        f" ({found.megabytes / found.local_seconds:.0f} MB/s), verb {found.path_seconds:.1f} s"
        f" ({found.megabytes / found.path_seconds:.0f} MB/s), {found.share:.0%}; the whole verb"
        f" {found.verb_seconds:.0f} s, vCenter {found.vcenter_cores:.1f} cores, load before {found.load:.1f}"
    )


def told_memory(found: Memory) -> list[str]:
    """A line per process."""
    large = found.megabytes * found.factor
    return [
        f"{name}: {found.small[name]:.1f} MiB for {found.megabytes} MB, {peak:.1f} MiB for {large} MB"
        for name, peak in found.large.items()
    ]


def _rounds(options: argparse.Namespace) -> list[Round]:
    """The rounds, each told as soon as it has ended."""
    return measure_share(
        options.streams, options.megabytes, options.rounds, say=lambda found: say(f"    {told(found)}")
    )


def main() -> int:
    """Measure and print; exit 0 when the share is reached and no process grew, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES, help="of each stream")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=("share", "memory"), help="one of the two")
    parser.add_argument("--json", action="store_true", help="print the numbers for a program")
    parser.add_argument("--write-docs", action="store_true", help="write the numbers into docs/benchmarks.md")
    options = parser.parse_args()
    if options.write_docs and options.only:
        parser.error("--write-docs: needs both measurements, leave --only out")
    try:
        # First, in processes that have done nothing else yet: the most that they ever had is what is compared.
        memory = measure_memory() if options.only != "share" else None
        rounds = [] if options.only == "memory" else _rounds(options)
    except BenchFailed as error:
        print(f"tape_streams: {error}", file=sys.stderr)
        return 1
    share, growth = share_of(rounds) if rounds else None, max(memory.growth.values()) if memory else None
    if options.json:
        print(json.dumps({"share": share, "rounds": [asdict(each) for each in rounds], "growth_mib": growth}))
    else:
        print("\n".join([*map(told, rounds), *(told_memory(memory) if memory else ())]))
        if share is not None:
            print(f"share {share:.0%}, bar: at least {LEAST_SHARE:.0%}")
        if growth is not None:
            print(f"growth {growth:.1f} MiB, bar: at most {MOST_GROWTH_MIB:.0f}")
    if options.write_docs and memory is not None:
        tapedocs.write(rounds, memory)
    reached = share is None or share >= LEAST_SHARE
    return 0 if reached and (growth is None or growth <= MOST_GROWTH_MIB) else 1


if __name__ == "__main__":
    sys.exit(main())
