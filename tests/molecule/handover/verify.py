"""Hold the papers against the description; an edited set is told, no vCenter is asked, check mode writes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
PAPERS, SEGMENT = STATE / "handover", "mynumber"  # as converge.yml writes them
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command as a person types it."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONUTF8": "1"}
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def recorded() -> str:
    """What the records hold of handovers."""
    database = f"sqlite:///{STATE / 'records.sqlite3'}"
    listed = run(sys.executable, "scripts/records.py", "--database", database, "list", "--kind", "handover")
    if listed.returncode != 0:
        raise SystemExit(listed.stdout + listed.stderr)
    return listed.stdout


def described() -> dict[str, list[str]]:
    """Addresses of the segment's machines by system, read without our loader."""
    found = {}
    for file in (REPOSITORY / "systems").glob("*.yml"):
        system = yaml.safe_load(file.read_text(encoding="utf-8"))
        if system["segment"] == SEGMENT:
            nics = [nic for machine in system.get("machines", ()) for nic in machine["nics"]]
            found[system["id"]] = [nic["address"] for nic in nics]
    return found


def papers() -> list[str]:
    """What is wrong with the papers."""
    lines = []
    wanted = described()
    told = {each["system"] for each in json.loads((PAPERS / "readiness.json").read_text(encoding="utf-8"))}
    if told != set(wanted):
        lines.append(f"readiness is about {sorted(told)}, described in {SEGMENT} are {sorted(wanted)}")
    releases = (PAPERS / "release-list.csv").read_text(encoding="utf-8-sig")
    lines += [f"{each} is not on the release list" for all_ in wanted.values() for each in all_ if each not in releases]
    if not any(wanted.values()):
        lines.append(f"{SEGMENT} describes no address: the list would prove nothing")
    sealed = PAPERS / "sealed-set.json"
    if (code := verified(sealed)) != 0:
        lines.append(f"the sealed set does not verify: {code}")
    edited = PAPERS / "edited.json"
    edited.write_text(sealed.read_text(encoding="utf-8").replace("2027-03-01", "2027-03-02"), encoding="utf-8")
    if verified(edited) == 0:
        lines.append("a sealed set that was edited verifies")
    return lines


def verified(file: Path) -> int:
    """Exit code of the command that tells a genuine set."""
    database = f"sqlite:///{STATE / 'records.sqlite3'}"
    return run(sys.executable, "scripts/decommission.py", "--database", database, "verify", str(file)).returncode


def main() -> int:
    """Exit 0 when everything holds."""
    sys.path.insert(0, str(REPOSITORY))
    from lab.control import Control

    lines = papers()
    vcenters = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))["vcenters"].values()
    asked = [Control(vcenter["control_socket"]).counters() for vcenter in vcenters]
    if any(each["reading"] or each["writing"] for each in asked):
        lines.append(f"a vCenter was asked: {asked}")
    before = recorded()
    shutil.rmtree(PAPERS)
    check = run(
        str(BIN / "ansible-playbook"),
        "--inventory=inventory/lab",
        "playbooks/handover.yml",
        "--check",
        f"--extra-vars=reports={PAPERS} segment={SEGMENT} as_of=2027-03-01",
    )
    if check.returncode != 0 or "kyotsu: 213 days until 2027-09-30" not in check.stdout:
        lines.append(check.stdout + check.stderr)
    if PAPERS.exists() or recorded() != before:
        lines.append("check mode has written something")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
