"""Plan in every form, before and after the machines are made, and expect that reading is all that was done."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
SYSTEM, LIMIT = "s20", "system_s20_*"  # as the limit in molecule.yml


def playbook(name: str, *extra: str) -> None:
    """Run a playbook as a person would. Raises CalledProcessError if it fails."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "--inventory=inventory/lab",
        f"--limit={LIMIT}",
        f"playbooks/{name}.yml",
        *extra,
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONUTF8": "1"}
    subprocess.run(command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, check=True)


def planned(file: str) -> str:
    """What a plan writes into a file of this name."""
    path = STATE / file
    playbook("plan", f"--extra-vars=output={path}")
    return path.read_text(encoding="utf-8")


def digest_of(document: dict[str, Any]) -> str:
    """SHA-256 of the plan, keys sorted, no spaces: computed here once more."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def before_provision(names: set[str]) -> list[str]:
    """What is wrong with the plans of machines that are all missing."""
    first, second = (json.loads(planned(f"{name}.json")) for name in ("first", "second"))
    digest = first["digest"]
    lines = []
    if digest != digest_of(first["plan"]):
        lines.append(f"the digest {digest} is not that of the plan")
    if second["digest"] != digest:
        commits = f"of commits {first['plan']['commit']} and {second['plan']['commit']}"
        lines.append(f"planned again, the digest is {second['digest']} and not {digest} ({commits})")
    created = {each["label"] for each in first["plan"]["changes"] if each["action"] == "create"}
    if created != names or len(first["plan"]["changes"]) != len(names):
        lines.append(f"planned is {sorted(created)}, described is {sorted(names)}")
    for file, start in (("plan.txt", "plan for "), ("plan.html", "<!doctype html>")):
        text = planned(file)
        lines += [f"{file} does not name {each}" for each in (digest, *sorted(names)) if each not in text]
        if not text.lstrip().lower().startswith(start):
            lines.append(f"{file} begins with {text[:40]!r}")
    return lines


def main() -> int:
    """Exit 0 when the plans say what is missing, then that nothing is, and no vCenter was written to."""
    sys.path.insert(0, str(REPOSITORY))
    from lab import verify
    from lab.control import Control

    vcenters = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))["vcenters"].values()
    controls = [Control(vcenter["control_socket"]) for vcenter in vcenters]
    names = {each["name"] for each in verify.described(REPOSITORY).values() if each["folder"] == SYSTEM}
    lines = [] if names else [f"{SYSTEM} describes no machine: the check would prove nothing"]
    for control in controls:
        control.reset_counters()
    lines += before_provision(names)
    if written := sum(int(control.counters()["writing"]) for control in controls):
        lines.append(f"plans made {written} writing calls")
    if not all(control.counters()["reading"] for control in controls):
        lines.append("a vCenter was not read: the count of its writing calls would prove nothing")
    if there := verify.actual(STATE):
        lines.append(f"plans made {sorted(each['name'] for each in there.values())}")
    playbook("provision")
    if changes := json.loads(planned("after.json"))["plan"]["changes"]:
        lines.append(f"after provision there is still {[each['label'] for each in changes]}")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
