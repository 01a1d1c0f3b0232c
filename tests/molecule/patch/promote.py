"""Let the mirror of the scenario's guests serve the content of the round to their waves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def main() -> None:
    """Promote both channels."""
    sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]
    from lab.mirror.repository import Mirror
    from lab.paths import lab_paths

    mirror = Mirror(lab_paths(os.environ["KYOTSU_LAB"]), "lgwan")
    for channel in ("canary", "wave-2"):
        mirror.promote(channel, "patch-2026-11", approved_by="molecule")


main()
