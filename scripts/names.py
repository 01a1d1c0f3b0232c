#!/usr/bin/env python3
"""Write what other servers need to know of the estate: DNS zones and monitoring target lists, per segment. No vCenter.

Examples:
  scripts/names.py --output reports/names                zones/<segment>/<zone>.zone and targets/<segment>.json
  scripts/names.py --output /srv/names --domain kyotsu.example
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "collections"), str(Path(__file__).resolve().parents[1])]

from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.zones import DOMAIN
from lab.monitoring.target_files import write_targets
from lab.names.zone_files import write_zones
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
    changed = [
        file for files in write_zones(estate, options.output / "zones", options.domain).values() for file in files
    ]
    changed += write_targets(estate, options.output / "targets")
    for file in changed:
        print(file)
    print(f"{len(changed)} changed")
    return 0


if __name__ == "__main__":
    run_and_exit(main)
