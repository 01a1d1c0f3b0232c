#!/usr/bin/env python3
"""Check systems/ and platform/: all mistakes at once, each with file, line, rule and what to do. Needs no vCenter."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, cast

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.findings import (
    Language,
    count,
    format_findings,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import Checked, inspect, summary
from scripts._arguments import day
from scripts._console import run_and_exit


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 valid, 1 errors (or warnings with --strict), 2 wrong use."""
    options = _parse(arguments)
    start = time.perf_counter()
    checked = inspect(options.repository, options.as_of or today())
    language = cast(Language, options.language)
    seconds = time.perf_counter() - start
    if options.format == "json":
        print(msgspec.json.format(msgspec.json.encode(_as_data(checked))).decode())
    else:
        if checked.findings:
            print(format_findings(checked.findings, language))
        print(f"{summary(checked, language)} ({seconds:.2f} s)")
    errors, warnings = count(checked.findings)
    return 1 if errors or (options.strict and warnings) else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--repository",
        type=Path,
        default=REPOSITORY,
        help="folder with systems/ and platform/ (default: this repository)",
    )
    parser.add_argument("--as-of", type=day, metavar="YYYY-MM-DD", help="day on which the rules look (default: today)")
    parser.add_argument("--language", choices=("en", "ja"), default="en", help="language of the messages")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text for people, json for machines")
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    options = parser.parse_args(arguments)
    if not options.repository.is_dir():
        parser.error(f"--repository: {options.repository} is not a folder")
    return options


def _as_data(checked: Checked) -> dict[str, Any]:
    errors, warnings = count(checked.findings)
    return {
        "errors": errors,
        "warnings": warnings,
        "files": checked.files,
        "fingerprint": checked.fingerprint,
        "findings": checked.findings,
    }


if __name__ == "__main__":
    run_and_exit(main)
