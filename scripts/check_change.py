#!/usr/bin/env python3
"""Check what a branch changes, and no more than that: what CI runs on a pull request.

  systems/ only     validate, approvals, review, lint of the changed files, tests of the data, molecule `default`
  platform/ too     the same, and the reference pages
  anything else     the first three, every linter, types, unit and data tests; molecule `default` if data changed too

Examples:
  scripts/check_change.py --base origin/main
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from scripts._console import run_and_exit
from scripts.run_checks import (
    BIN,
    LANES,
    PYTHON,
    Finished,
    Phase,
    Step,
    data_steps,
    lint_steps,
    molecule_step,
    pytest,
    run_phases,
    table,
    type_steps,
)

# Of no consequence for what is built: pages are looked at by people.
_PAGES = ("docs/", "approvals/", "README", "CONTRIBUTING", "LICENSE")


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 good, 1 a check failed, 2 wrong use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="origin/main", help="commit to compare with (default: origin/main)")
    parser.add_argument("--list", action="store_true", help="only say what would be run")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        files = changed_files(options.base)
    except ValueError as error:
        parser.error(str(error))
    os.environ["KYOTSU_BASE"] = options.base
    if options.list:
        print("\n".join(step.name for step in [*first_steps(options.base), *further_steps(files)]))
        return 0
    results = run_phases([Phase(first_steps(options.base), LANES)])
    shown = next((each for each in results if each.step.name == "review"), None)
    if shown is not None and shown.code == 0:
        print(f"\n{shown.output}")
    # What is not valid cannot be built; of code the linters have more to say all the same.
    if all(each.code == 0 for each in results) or kind(files) == "code":
        # Not before: a machine of hosted CI is empty, and what only code's tests need takes minutes to install.
        further = further_steps(files)
        if further and subprocess.run(["make", tools(files)], cwd=REPOSITORY, check=False).returncode != 0:
            print(f"failed: make {tools(files)}, its message stands above")
            return 1
        results += run_phases([Phase(further, LANES)])
    failed = [each.step.name for each in results if each.code != 0]
    print(f"\n{table(results)}\n")
    print(f"{_verdict(failed, results)} ({kind(files)}, {time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


def _verdict(failed: Sequence[str], results: Sequence[Finished]) -> str:
    return f"failed: {', '.join(failed)}" if failed else f"all {len(results)} steps succeeded"


def changed_files(base: str, repository: Path = REPOSITORY) -> list[str]:
    """Files that differ from where the branch left the base, uncommitted ones included. Raises ValueError."""
    fork = _git(repository, "merge-base", "--end-of-options", base, "HEAD")
    changed = _git(repository, "diff", "--name-only", "--no-renames", "-z", fork.strip(), "--").split("\0")
    new = _git(repository, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    return sorted({file for file in (*changed, *new) if file})


def _git(repository: Path, *arguments: str) -> str:
    finished = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        reason = finished.stderr.strip().split("\n")[0] or "no common history: fetch all of it"
        raise ValueError(f"git {arguments[0]}: {reason}")
    return finished.stdout


def kind(files: Sequence[str]) -> str:
    """systems, platform or code: the widest that a change reaches."""
    if any(not file.startswith(("systems/", "platform/", *_PAGES)) or "/_schema/" in file for file in files):
        return "code"
    return "platform" if any(file.startswith("platform/") for file in files) else "systems"


def tools(files: Sequence[str]) -> str:
    """The make target that installs what the further steps need."""
    return "setup-tests" if kind(files) == "code" else "setup-lab"


def first_steps(base: str) -> list[Step]:
    """What must hold before anything is built."""
    forms = ("--markdown", "reports/review.md", "--json", "reports/review.json")
    return [
        Step("validate", (PYTHON, "scripts/validate.py")),
        Step("review", (PYTHON, "scripts/review.py", "--base", base, *forms)),
        Step("approvals", (PYTHON, "scripts/approve.py", "check")),
    ]


def _has_data(files: Sequence[str]) -> bool:
    """Whether what is built can differ from what the base commit builds; a schema alone builds nothing."""
    return any(file.startswith(("systems/", "platform/")) and "/_schema/" not in file for file in files)


def further_steps(files: Sequence[str]) -> list[Step]:
    """What a change of this kind can break beside that."""
    if kind(files) == "code":
        # In two processes: beside the linters it would be alone for minutes.
        unit = pytest("unit and data", "-n", str(LANES), "tests/unit", "tests/data")
        steps = [unit, *lint_steps(), *type_steps(), *data_steps()[1:]]
        return [*steps, molecule_step("default")] if _has_data(files) else steps
    there = [file for file in files if file.endswith(".yml") and (REPOSITORY / file).is_file()]
    steps = [Step("yamllint", (str(BIN / "yamllint"), "--strict", *there))] if there else []
    if kind(files) == "platform":
        steps += data_steps()[1:]
    if _has_data(files):
        steps += [molecule_step("default"), pytest("data", "tests/data")]
    return steps


if __name__ == "__main__":
    run_and_exit(main)
