#!/usr/bin/env python3
"""Write what other servers need to know of the estate: DNS zones and monitoring target lists, per segment. No vCenter.

Examples:
  scripts/names.py --output reports/names                zones/<segment>/<zone>.zone and targets/<segment>.json
  scripts/names.py --output /srv/names --domain kyotsu.example
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "collections"), str(Path(__file__).resolve().parents[1])]

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.network_services import (
    NetworkServices,
    NetworkServicesError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import FileSilences
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import DOMAIN
from scripts._console import run_and_exit


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 written, or nothing to write; 1 the estate is not valid; 2 wrong use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--output", type=Path, required=True, help="folder for zones/ and targets/")
    parser.add_argument("--domain", default=DOMAIN, help=f"domain above the segments (default: {DOMAIN})")
    options = parser.parse_args(arguments)
    try:
        estate = load_estate(options.repository).estate
    except InvalidEstate as error:
        print(error, file=sys.stderr)
        return 1
    services = NetworkServices(
        zones=options.output / "zones",
        targets=options.output / "targets",
        silences=FileSilences(options.output / "silences.json"),
        domain=options.domain,
    )
    try:
        changed = services.register(estate, None, today=datetime.now(UTC).date())
    except NetworkServicesError as error:
        print(error, file=sys.stderr)
        return 2
    for change in changed:
        print(change.path)
    print(f"{len(changed)} changed")
    return 0


if __name__ == "__main__":
    run_and_exit(main)
