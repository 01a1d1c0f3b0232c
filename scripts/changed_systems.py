#!/usr/bin/env python3
"""Which systems a change is about, as host patterns for the molecule scenario `default`. Prints JSON.

`base` and `head` limit a playbook to the changed systems on either side, and to one that does not change, which shows
that nothing else is touched.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.data_centre import today
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import inspect
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.review import Side, review
from ansible_collections.kyotsu.platform.plugins.module_utils.revision import RevisionError, export_data
from scripts._console import run_and_exit

# Where no base is named and none is known, the last commit: then nothing changes, and the scenario shows that.
USUAL_BASES = ("origin/main", "HEAD")


def changed_systems(base: str | None, repository: Path = REPOSITORY) -> dict[str, Any]:
    """base: commit; before, after: ids of changed systems on either side; control: a system that stays, or None.

    The head is the working tree: that is what a playbook runs. Raises RevisionError.
    """
    commit = _known(base, repository)
    with tempfile.TemporaryDirectory(prefix="kyotsu-changed-") as folder:
        identity = export_data(repository, commit, Path(folder) / "base")
        sides = [
            Side(name, inspect(path, today()))
            for name, path in ((identity, Path(folder) / "base"), ("working tree", repository))
        ]
        found = review(sides[0], sides[1], today())
    after = sides[1].checked.estate
    if after is None:
        raise RevisionError("platform/ of the working tree cannot be read: run scripts/validate.py")
    before_ids = [each.id_before for each in found.systems if each.id_before]
    after_ids = [each.id for each in found.systems if each.action != "removed"]
    return {
        "base": identity,
        "before": before_ids,
        "after": after_ids,
        "control": _control(after, {*before_ids, *after_ids}),
    }


def _known(base: str | None, repository: Path) -> str:
    if base:
        return base
    for name in USUAL_BASES:
        command = ["git", "-C", str(repository), "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return name
    raise RevisionError("there is no commit to compare with: name one with BASE=…")


def _control(estate: Estate, changed: set[str]) -> str | None:
    """The smallest system that does not change."""
    sizes = {
        system.id: len([each for each in system.machines if status_of(system, each) == "in-service"])
        for system in estate.systems
        if system.id not in changed
    }
    return min((each for each in sizes if sizes[each]), key=lambda each: (sizes[each], each), default=None)


def pattern(systems: Iterable[str]) -> str:
    """Ansible's host pattern of some systems, and the controller for the foundation."""
    groups = "|".join(each.replace("-", "_") for each in systems)
    return f"~^system_({groups})(_.*)?$:localhost" if groups else "localhost"


def environment(base: str | None) -> dict[str, str]:
    """What the scenario reads."""
    found = changed_systems(base)
    control = [found["control"]] if found["control"] else []
    return {
        "KYOTSU_BASE": found["base"],
        "KYOTSU_BASE_LIMIT": pattern([*found["before"], *control]),
        "KYOTSU_LIMIT": pattern([*found["after"], *control]),
        "KYOTSU_CHANGED": " ".join(found["after"]),
        "KYOTSU_CONTROL": " ".join(control),
    }


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 wrong use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", help=f"commit (default: the first known of {', '.join(USUAL_BASES)})")
    options = parser.parse_args(arguments)
    try:
        print(json.dumps(environment(options.base), indent=2))
    except RevisionError as error:
        print(f"changed_systems: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run_and_exit(main)
