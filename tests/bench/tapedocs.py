"""The section of docs/benchmarks.md about the way to tape; bench.py writes the rest of the page, and keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.bench.measure import ROOT, machine
from tests.bench.tape_path import LEAST_SHARE, MOST_GROWTH_MIB, Memory, Round, share_of

PAGE = ROOT / "docs/benchmarks.md"
HEAD, _NEXT = "## The way to tape", "\n## "

_SECTION = """{head}

Written by `tests/bench/tape_streams.py --write-docs`.

{measured}

- In each round the same bytes go to tape twice, {streams} streams at once over two drives, into the same pool,
  compressed (LZO) and encrypted alike: by Bacula alone from local files, and by the verb `backup`, from leases of the
  lab's vCenter through the stream program. The clock is the catalogue's: from the first job to the end of the last.
  Bar: the verb reaches at least {share:.0%} of what the local files reach.
- The lab's vCenter reads, hashes and encrypts on the same cores; a real host does that elsewhere. It has the bytes
  ready (no grain is compressed while it sends), and each datastore bears all the streams.
- Tapes are files: no drive waits, and nothing is known of a real one.
- Memory is VmHWM of a process that had done nothing else: one machine to tape and back to its hash, {small} MB and then
  {factor} times as much. Bar: no process has more than {growth:.0f} MiB more.
"""
_NOT_YET = "Not measured on a quiet machine yet."


def write(rounds: Sequence[Round], memory: Memory) -> None:
    """Put the numbers into the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_section(page, section(rounds, memory)), encoding="utf-8")


def section(rounds: Sequence[Round] = (), memory: Memory | None = None) -> str:
    """The section with these numbers, or with the word that there are none."""
    small, factor = (memory.megabytes, memory.factor) if memory else (64, 8)
    streams = rounds[0].streams if rounds else 10
    return _SECTION.format(
        head=HEAD,
        streams=streams,
        measured=_measured(rounds, memory) if rounds and memory else _NOT_YET,
        share=LEAST_SHARE,
        small=small,
        factor=factor,
        growth=MOST_GROWTH_MIB,
    )


def kept(page: str) -> str:
    """The section as a page has it; the one without numbers if it has none."""
    start = page.find(HEAD)
    if start < 0:
        return section()
    end = page.find(_NEXT, start)
    return page[start:].strip() + "\n" if end < 0 else page[start:end].strip() + "\n"


def with_section(page: str, text: str) -> str:
    """The page with this section in place of its own."""
    if HEAD not in page:
        return f"{page.rstrip()}\n\n{text}"
    return page.replace(kept(page), text, 1)


def _measured(rounds: Sequence[Round], memory: Memory) -> str:
    told = machine()
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {told['processor']}, {told['cores']} cores, load before the rounds "
        f"{', '.join(f'{each.load:.1f}' for each in rounds)}.",
        f"**{share_of(rounds):.0%}** (median of {len(rounds)} rounds).",
        "",
        "| round | MB | local files | the verb's path | share | whole verb | vCenter's cores |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number, each in enumerate(rounds, 1):
        lines.append(
            f"| {number} | {each.megabytes}"
            f" | {each.local_seconds:.1f} s ({each.megabytes / each.local_seconds:.0f} MB/s)"
            f" | {each.path_seconds:.1f} s ({each.megabytes / each.path_seconds:.0f} MB/s) | {each.share:.0%}"
            f" | {each.verb_seconds:.0f} s | {each.vcenter_cores:.1f} |"
        )
    lines += [
        "",
        f"| most memory of | disk of {memory.megabytes} MB | {memory.megabytes * memory.factor} MB |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {memory.small[name]:.1f} MiB | {peak:.1f} MiB |" for name, peak in memory.large.items()]
    return "\n".join(lines)
