"""The bench's numbers as a table for the terminal and as docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Rows in the order in which they are shown.
ROWS = {
    "validate": "validate, cold (no cache)",
    "load": "load the model from its cache",
    "inventory": "ansible-inventory --list",
    "read-cold": "read both vCenters, devices not cached",
    "read-warm": "read both vCenters, devices cached",
    "usage-cold": "read size and use (collect), devices not cached",
    "usage-warm": "read size and use (collect), devices cached",
    "plan": "no-op plan, by the verb",
    "playbook": "no-op plan, ansible-playbook",
    "create": "create all machines, no delay",
    "create-delayed": "create all machines, 20 ms a call, 2 s a task",
    "calls-read-cold": "calls: read, devices not cached",
    "calls-read-warm": "calls: read, devices cached",
    "calls-usage-cold": "calls: read size and use, devices not cached",
    "calls-usage-warm": "calls: read size and use, devices cached",
    "calls-plan": "calls: no-op plan",
    "simulator-memory": "memory of both simulators",
    "pyvmomi-leaf": "pyVmomi, one retrieval, our leaf properties",
    "pyvmomi-devices": "pyVmomi, the same and devices",
    "govc-leaf": "govc object.collect, our leaf properties",
    "govc-devices": "govc object.collect, the same and devices",
    "vm-inventory": "community.vmware inventory, --list",
    "vm-module": "vmware.vmware.vm, loop of 10, nothing to change",
    "vm-module-each": "the same, each further machine",
}
OURS = (
    "validate", "load", "inventory", "read-cold", "read-warm", "usage-cold", "usage-warm", "plan", "playbook", "create",
    "create-delayed", "calls-read-cold", "calls-read-warm", "calls-usage-cold", "calls-usage-warm", "calls-plan",
    "simulator-memory",
)  # fmt: skip
# What does the same job: (alternative, ours, in words).
PAIRS = (
    ("pyvmomi-leaf", "read-warm", "reading all machines: plain pyVmomi, leaf properties only"),
    ("pyvmomi-devices", "read-cold", "reading all machines and their devices: plain pyVmomi"),
    ("govc-leaf", "read-warm", "reading all machines: govc, leaf properties only"),
    ("govc-devices", "read-cold", "reading all machines and their devices: govc"),
    (
        "vm-inventory",
        "playbook",
        "community.vmware's inventory (reads only) beside our whole plan (reads and compares)",
    ),
)

_PAGE = """# Benchmarks

Written by `tests/bench/bench.py --write-docs`; do not edit by hand.

Measured on {day}: {machine[processor]}, {machine[cores]} cores, {machine[memory]}, {machine[system]}, Python
{machine[python]}. Load average at the end {machine[load]}; above 2, something else ran on the machine as well.

Calibration, an empty `ansible-playbook -i localhost,`: **{calibration:.2f} s**, {calibration_cpu:.2f} s of it computing
(reference machine 2.1 to 2.8 s). Every number is the median of {runs} runs after one warm-up: seconds by the clock, in
brackets seconds of computing of the whole command (which other programs hardly change), and its peak memory. What takes
longer than 20 s, and the creation of machines, is one run. Reading, loading and planning by the verb are timed without
the start of Python, but computing counts it.

## This repository

{ours}

- The first size is the estate of this repository; the others are made of it by `tests/bench/estates.py`: the same
  texts, machines, disks and dependencies under other names, valid by every rule.
- The lab's simulator answers as fast as it can. With delays as on a real vCenter (20 ms a call, 2 s a task), *at a
  time* is the sum of all delays divided by the time that was taken.
- *Calls* are requests that reached the simulators of both vCenters, logins included.

## Beside what one would pick instead

On the same labs, in the same run, the lab's certificate verified and the same properties asked for: {alternatives}.
govc is built from the commands of its own release; its two runs, one per vCenter, are added up.

{others}

{ratios}

These tools do not all do the same: govc and pyVmomi only read; the inventory plugin reads and makes hosts of what it
finds; none of them compares with a description of the whole estate. `vmware.vmware.vm` does, one machine per call.
{notes}
{tape}
## Again

```sh
make bench-bars    # the bars in seconds, about five minutes
make bench         # all sizes, on the terminal and in reports/bench.json
.venv/bin/python tests/bench/tape_streams.py --write-docs     # the way to tape, about ten minutes
.venv/bin/python tests/bench/bench.py --write-docs            # and in this page
.venv/bin/python tests/bench/bench.py --sizes 10433 --keep    # keep the large world for the next time
```

The alternatives are fetched into `.tools/` at the first run (govc from the Go module proxy, the package ansible from
PyPI, more than 500 MB). Where that is not possible their rows say so.
"""


def table(content: Mapping[str, Any]) -> str:
    """All rows by size, for the terminal."""
    sizes: Sequence[Mapping[str, Any]] = content["sizes"]
    width = max(len(text) for text in ROWS.values())
    head = f"{'':<{width}}" + "".join(f"{size['machines']:>26,}" for size in sizes)
    lines = [head, "-" * len(head)]
    for row, text in ROWS.items():
        cells = [cell(size["rows"].get(row)) for size in sizes]
        if any(each != "-" for each in cells):
            lines.append(f"{text:<{width}}" + "".join(f"{each:>26}" for each in cells))
    lines += [
        "",
        f"Calibration: {content['calibration_s']:.2f} s ({content['calibration_cpu_s']:.2f}) for an empty playbook.",
        "Medians: seconds by the clock, in brackets seconds of computing, and peak memory.",
    ]
    lines += [f"{size['machines']:,}: {note}" for size in sizes for note in size["notes"]]
    return "\n".join(lines)


def cell(numbers: Mapping[str, Any] | None) -> str:
    """One number as people read it."""
    if numbers is None:
        return "-"
    if "failed" in numbers:
        return "not measured"
    if "median_s" in numbers:
        memory = f", {numbers['peak_mib']:.0f} MiB" if numbers["peak_mib"] else ""
        return f"{numbers['median_s']:.2f} s ({numbers['cpu_s']:.2f}){memory}"
    if "per_s" in numbers:
        beside = f", {numbers['concurrency']:.0f} at a time" if "concurrency" in numbers else ""
        return f"{numbers['seconds']:.0f} s, {numbers['per_s']:.1f}/s{beside}"
    if "count" in numbers:
        return str(numbers["count"])
    if "mib" in numbers:
        return f"{numbers['mib']:.0f} MiB"
    return f"{numbers['seconds']:.2f} s"


def markdown(content: Mapping[str, Any], tape: str) -> str:
    """docs/benchmarks.md; `tape` is the section that tape_streams.py writes."""
    notes = [f"- {size['machines']:,} machines: {note}" for size in content["sizes"] for note in size["notes"]]
    return _PAGE.format(
        day=str(content["measured_at"])[:10],
        machine=content["machine"],
        calibration=content["calibration_s"],
        calibration_cpu=content["calibration_cpu_s"],
        runs=content["runs"],
        ours="\n".join(_rows(content, OURS)),
        alternatives=content["alternatives"],
        others="\n".join(_rows(content, [row for row in ROWS if row not in OURS])),
        ratios="\n".join(_ratios(content)),
        notes="\n".join(notes) + "\n" if notes else "",
        tape=tape,
    )


def _rows(content: Mapping[str, Any], rows: Sequence[str]) -> list[str]:
    sizes = content["sizes"]
    lines = [
        "| | " + " | ".join(f"{size['machines']:,} machines" for size in sizes) + " |",
        "| --- |" + " ---: |" * len(sizes),
    ]
    for row in rows:
        cells = [cell(size["rows"].get(row)) for size in sizes]
        if any(each != "-" for each in cells):
            lines.append(f"| {ROWS[row]} | " + " | ".join(cells) + " |")
    return lines


def _ratios(content: Mapping[str, Any]) -> list[str]:
    """How many times as long the alternative takes."""
    sizes = [size for size in content["sizes"] if any(pair[0] in size["rows"] for pair in PAIRS)]
    lines = [
        "| times as long as ours | " + " | ".join(f"{size['machines']:,} machines" for size in sizes) + " |",
        "| --- |" + " ---: |" * len(sizes),
    ]
    for other, ours, text in PAIRS:
        cells = []
        for size in sizes:
            theirs, own = size["rows"].get(other, {}), size["rows"].get(ours, {})
            known = "median_s" in theirs and "median_s" in own
            cells.append(f"{theirs['median_s'] / own['median_s']:.1f}" if known else "-")
        lines.append(f"| {text} | " + " | ".join(cells) + " |")
    each = [size["rows"].get("vm-module-each", {}).get("seconds") for size in sizes]
    whole = [size["rows"].get("playbook", {}).get("median_s") for size in sizes]
    cells = [
        f"{one * size['machines'] / all_of_it:.0f} (by calculation)" if one and all_of_it else "-"
        for one, all_of_it, size in zip(each, whole, sizes, strict=True)
    ]
    lines.append("| vmware.vmware.vm for every machine, beside our whole plan | " + " | ".join(cells) + " |")
    return lines
