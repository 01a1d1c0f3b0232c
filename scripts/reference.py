#!/usr/bin/env python3
"""Write docs/reference/ from the schemas and the policy; with --check, only say whether it is up to date."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import manifest_schema
from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import FILES
from ansible_collections.kyotsu.platform.plugins.module_utils.reference import index_page, rules_page, schema_page
from scripts._console import run_and_exit


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done or up to date, 1 out of date or platform/ not readable, 2 wrong use."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="default: this one")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is out of date")
    options = parser.parse_args(arguments)
    pages = make_pages(options.repository)
    if pages is None:
        print("platform/ cannot be read; run scripts/validate.py first", file=sys.stderr)
        return 1
    folder = options.repository / "docs" / "reference"
    stale = sorted(
        {name for name, text in pages.items() if _read(folder / name) != text}
        | {path.name for path in folder.glob("*.md") if path.name not in pages}
    )
    if options.check:
        for name in stale:
            print(f"docs/reference/{name} is out of date; run scripts/reference.py")
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in pages:
            (folder / name).write_text(pages[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    print(f"docs/reference: {len(pages)} pages, {len(stale)} changed")
    return 0


def make_pages(repository: Path) -> dict[str, str] | None:
    """Text of each page by its name, or None if platform/ is not sound."""
    estate = inspect(repository, today()).estate
    if estate is None:
        return None
    schemas = {"systems.md": ("systems/*.yml", repository / "systems/_schema/system.schema.json")}
    for file in FILES:
        stem = file.removesuffix(".yml")
        schemas[f"{stem}.md"] = (f"platform/{file}", repository / f"platform/_schema/{stem}.schema.json")
    # Beside the estate (a copy of the data alone has none): who may approve, what approvals and answers say.
    approvals = repository / "approvals/_schema"
    if approvals.is_dir():
        schemas["approvers.md"] = ("approvals/approvers.yml", approvals / "approvers.schema.json")
        schemas["approvals.md"] = ("approvals/CHG-….yml", approvals / "approval.schema.json")
    rounds = repository / "patches/_schema"
    if rounds.is_dir():
        schemas["patch-rounds.md"] = ("patches/YYYY-MM.yml", rounds / "round.schema.json")
    pages = {
        name: schema_page(json.loads(path.read_text(encoding="utf-8")), file) for name, (file, path) in schemas.items()
    }
    pages["rules.md"] = rules_page(estate.platform)
    pages["manifest.schema.json"] = json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"
    files = {name: file for name, (file, _) in schemas.items()} | {"rules.md": "platform/policy.yml"}
    pages["README.md"] = index_page(files)
    return pages


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    run_and_exit(main)
