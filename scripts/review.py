#!/usr/bin/env python3
"""Say what a change means: systems, capacity, tape, windows, rules. Offline, from two commits alone.

What is reviewed is the result of merging the head into the base, which is what the base's branch will hold afterwards:
two changes that are right one by one and wrong together (the same address twice) are found here.

Examples:
  scripts/review.py --base origin/main
  scripts/review.py --base origin/main --markdown reports/review.md --json reports/review.json
  scripts/review.py --base HEAD --working-tree      what is edited and not committed yet
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.review import Review, Side, review
from ansible_collections.kyotsu.platform.plugins.module_utils.review_text import (
    review_data,
    review_markdown,
    review_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.revision import (
    MergeConflict,
    RevisionError,
    export_data,
    merged_tree,
    uncommitted,
)
from scripts._arguments import day
from scripts._console import run_and_exit

OK, REFUSED, MISUSE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 ok, 1 not valid or refused, 2 wrong use."""
    options = _parse(arguments)
    started = time.perf_counter()
    try:
        found = _review(options)
    except MergeConflict as conflict:
        print(f"review: {conflict}", file=sys.stderr)
        return REFUSED
    except RevisionError as error:
        print(f"review: {error}", file=sys.stderr)
        return MISUSE
    data = msgspec.json.format(msgspec.json.encode(review_data(found))).decode() + "\n"
    _write(options.json, data)
    _write(options.markdown, review_markdown(found))
    if options.format == "json":
        print(data, end="")
    elif options.format == "markdown":
        print(review_markdown(found, options.language), end="")
    else:
        print(review_text(found, options.language), end="")
        print(f"\n({time.perf_counter() - started:.2f} s)")
    return OK if found.ok else REFUSED


def _review(options: argparse.Namespace) -> Review:
    as_of = options.as_of or today()
    with tempfile.TemporaryDirectory(prefix="kyotsu-review-") as folder:
        base = Path(folder) / "base"
        base_commit = export_data(options.repository, options.base, base)
        if options.working_tree:
            head, head_name = options.repository, "working tree"
        else:
            head = Path(folder) / "head"
            merge = merged_tree(options.repository, options.base, options.head)
            export_data(options.repository, merge.tree, head)
            head_name = merge.name
            left_out = uncommitted(options.repository)
            if left_out and options.head == "HEAD":
                print(f"review: not committed, so not reviewed: {', '.join(left_out)}", file=sys.stderr)
        before, after = inspect(base, as_of), inspect(head, as_of)
    return review(Side(base_commit, before), Side(head_name, after), as_of)


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this repository")
    parser.add_argument("--base", default="origin/main", help="commit to compare with (default: origin/main)")
    parser.add_argument("--head", default="HEAD", help="commit with the change (default: HEAD)")
    parser.add_argument("--working-tree", action="store_true", help="the files as they lie there, instead of --head")
    parser.add_argument("--as-of", type=day, metavar="YYYY-MM-DD", help="day on which the rules look (default: today)")
    parser.add_argument("--language", choices=("en", "ja", "both"), default="en", help="language of what is printed")
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="what is printed")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the comment of a pull request")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write JSON")
    options = parser.parse_args(arguments)
    if not options.repository.is_dir():
        parser.error(f"--repository: {options.repository} is not a folder")
    return options


if __name__ == "__main__":
    run_and_exit(main)
