"""Look from outside: at the library's own notes, the catalogue's database, the records' file and the printed page."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
REPORTS = REPOSITORY / "reports" / "vault"


def playbook(*arguments: str) -> int:
    """Run the verb as a person would; its exit code."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "--inventory=inventory/lab",
        "playbooks/vault.yml",
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONUTF8": "1"}
    return subprocess.run(
        [*command, *arguments], cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


def in_doors() -> list[str]:
    """Barcodes of the tapes in import/export slots, from the library's notes."""
    library = json.loads((STATE / "tape/library/library.json").read_text(encoding="utf-8"))
    cartridges = library["cartridges"]
    return [
        cartridges[slot["cartridge"]]["barcode"]
        for slot in library["slots"].values()
        if slot["import_export"] and slot["cartridge"]
    ]


def recorded() -> tuple[list[str], list[tuple[str, int]]]:
    """(actions of the tape that left, off-site copies by machine) from the records' file."""
    with sqlite3.connect(STATE / "records.sqlite3") as records:
        rows = records.execute("SELECT subject, payload FROM entries WHERE kind = 'custody' ORDER BY id").fetchall()
        copies = records.execute("SELECT machine, count(*) FROM copies WHERE offsite GROUP BY machine").fetchall()
    gone = [subject for subject, payload in rows if json.loads(payload)["action"] == "eject"]
    return [json.loads(payload)["action"] for subject, payload in rows if subject in gone], copies


def main() -> int:
    """Exit 0 when one tape waits in a port, with one copy, each event once, and the page names it."""
    lines = []
    doors = in_doors()
    if len(doors) != 1:
        lines.append(f"one tape waits for the courier, the ports hold {doors}")
    actions, copies = recorded()
    if actions != ["register", "close", "eject"]:
        lines.append(f"the tape that left has the events {actions}")
    if copies != [("s35-db-1", 1)]:
        lines.append(f"only s35 was in the limit, off-site copies are {copies}")
    pages = sorted(REPORTS.glob("*/work-order-*.html"), key=lambda page: page.stat().st_mtime)
    if not pages or not doors or doors[0] not in pages[-1].read_text(encoding="utf-8"):
        lines.append(f"no work order names {doors}")
    scan = STATE / "scan.txt"
    people = '{"people": ["山田 太郎", "鈴木 花子"]}'
    scan.write_text("\n".join(["CASE-MN-01", "SEAL-1", *doors]), encoding="utf-8")
    wrong = ("-e", "step=take-out", "-e", f"scan={scan}", "-e", people)
    if playbook(*wrong) != 2:
        lines.append("a tape in the wrong case must end the play with 2")
    scan.write_text("\n".join(["CASE-LG-01", "SEAL-1", *doors]), encoding="utf-8")
    if playbook(*wrong, "--check") != 0 or recorded()[0] != actions:
        lines.append("check mode must find the scan right and record nothing")
    if playbook(*wrong) != 0 or recorded()[0] != [*actions, "take-out"]:
        lines.append(f"the right scan must be recorded once: {recorded()[0]}")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
