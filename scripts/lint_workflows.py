#!/usr/bin/env python3
"""Check the pipelines: GitHub's workflow with actionlint, which is built once, pinned, and the shell of both with bash.

GitLab publishes the schema of its file with its server only; what can be seen without one is seen here and in
tests/unit/test_pipelines.py.

Examples:
  scripts/lint_workflows.py
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import yaml

from lab.errors import LabError
from lab.files import locked
from lab.paths import TOOLS
from lab.toolchain import find_go
from scripts._console import run_and_exit

PINS = REPOSITORY / "tests/tools/actionlint"
PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"
GITHUB = REPOSITORY / ".github/workflows"
GITLAB = REPOSITORY / ".gitlab-ci.yml"


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 good, 1 something is wrong, 2 wrong use or actionlint cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workflows", nargs="*", type=Path, help="default: those of this repository")
    workflows = parser.parse_args(arguments).workflows or sorted(GITHUB.glob("*.yml"))
    try:
        binary = ensure_actionlint()
    except LabError as error:
        print(f"lint_workflows: {error}", file=sys.stderr)
        return 2
    checked = subprocess.run([str(binary), "-no-color", *map(str, workflows)], cwd=REPOSITORY, check=False)
    mistakes = [f"{file.name}: {each}" for file in (*workflows, GITLAB) for each in shell_mistakes(file)]
    print("\n".join(mistakes) or f"{len(workflows)} GitHub workflow(s) and the shell of {GITLAB.name}: nothing found")
    return 1 if checked.returncode or mistakes else 0


def ensure_actionlint(tools: Path = TOOLS) -> Path:
    """The binary of the pinned version. Raises LabError with the reason when it cannot be built."""
    pins = hashlib.sha256((PINS / "go.mod").read_bytes() + (PINS / "go.sum").read_bytes()).hexdigest()[:16]
    binary = tools / "bin" / f"actionlint-{pins}"
    with locked(tools / "actionlint.lock"):
        if not binary.exists():
            go = find_go(tools, print)
            environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": ""}
            fresh = binary.with_name(f".{binary.name}.new")
            command = [str(go), "build", "-trimpath", "-mod=readonly", "-o", str(fresh), PACKAGE]
            built = subprocess.run(command, cwd=PINS, env=environment, capture_output=True, text=True, check=False)
            if built.returncode:
                raise LabError(f"actionlint cannot be built: {built.stderr.strip()}")
            fresh.replace(binary)
    return binary


def shell_mistakes(file: Path) -> list[str]:
    """What bash says of each script of a pipeline without running it."""
    found = []
    for script in scripts_of(yaml.safe_load(file.read_text(encoding="utf-8"))):
        checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        if checked.returncode:
            found.append(checked.stderr.strip())
    return found


def scripts_of(value: Any) -> Iterator[str]:
    """Every script in a pipeline, as one text each."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("run", "script", "before_script") and not isinstance(each, dict):
                yield each if isinstance(each, str) else "\n".join(str(line) for line in each)
            else:
                yield from scripts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from scripts_of(each)


if __name__ == "__main__":
    run_and_exit(main)
