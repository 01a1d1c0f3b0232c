"""Ask the vCenters, without a line of plugins/: the changed systems are as described, and nothing else was touched."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
CHANGED = os.environ["KYOTSU_CHANGED"].split()
CONTROL = os.environ["KYOTSU_CONTROL"].split()


def main() -> int:
    """Exit 0 when both hold."""
    sys.path.insert(0, str(REPOSITORY))
    from lab import verify

    systems = {*CHANGED, *CONTROL}
    wanted = {
        identity: machine for identity, machine in verify.described(REPOSITORY).items() if machine["folder"] in systems
    }
    there = verify.actual(STATE)
    before = json.loads((STATE / "before.json").read_text(encoding="utf-8"))
    # A machine that is no longer described stays until it is decommissioned: it must be as it was.
    left = {identity: machine for identity, machine in before.items() if identity not in wanted}
    strangers = there.keys() - wanted.keys() - left.keys()
    lines = [
        f"{there[each]['name']} of {there[each]['folder']} was made, and that system does not change"
        for each in strangers
    ]
    lines += verify.differences({**wanted, **left}, {each: there[each] for each in there.keys() - strangers})
    unchanged = {identity: machine for identity, machine in before.items() if machine["folder"] in CONTROL}
    lines += [
        f"{line.replace(', described ', ', was ')}: a system that does not change was touched"
        for line in verify.differences(unchanged, {each: there[each] for each in unchanged if each in there})
    ]
    if CONTROL and not unchanged:
        lines.append(f"{', '.join(CONTROL)} should have stayed as it was and was never there: that proves nothing")
    print("\n".join(sorted(lines)))
    print(f"{len(wanted)} machines as described, {len(unchanged)} as they were, {len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
