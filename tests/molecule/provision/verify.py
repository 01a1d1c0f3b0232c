"""Ask the vCenters, without a line of plugins/, whether three systems are there as described and nothing else is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
SYSTEMS = ("s02", "s05", "s20")  # as the limit in molecule.yml


def main() -> int:
    """Exit 0 when both sides agree."""
    sys.path.insert(0, str(REPOSITORY))
    from lab import verify

    wanted = {
        identity: machine for identity, machine in verify.described(REPOSITORY).items() if machine["folder"] in SYSTEMS
    }
    there = verify.actual(REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"])
    lines = verify.differences(wanted, there)
    if not wanted:
        lines.append(f"none of {', '.join(SYSTEMS)} describes a machine: the check would prove nothing")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
