"""Every reason why a step may be refused, by its code. Pure data.

Each has a test that spoils one thing and one that tries it in a lab: test_guards_tried.py holds that.
"""

from __future__ import annotations

from typing import Literal, get_args

Code = Literal[
    "status",
    "not-ours",
    "legal-hold",
    "dependants",
    "too-early",
    "records",
    "last-copy",
    "backup-running",
    "read-back",
    "changed-since",
    "old-snapshot",
    "off-site",
    "grace",
    "approval",
    "no-terminal",
    "name",
    "certificate",
    "witness",
    "media",
    "serial",
    "treatment",
    # These two the verb looks up itself: they are about more than one machine.
    "shared-disk",
    "order",
]
CODES: tuple[Code, ...] = get_args(Code)
