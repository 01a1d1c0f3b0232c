#!/usr/bin/env python3
"""The main job, end to end in a lab: build the foundation, provision every machine, log in to the guests, prove that
nothing is left to do, and bring one system to tape with the work order for its courier.

It works on a lab of this repository only and refuses any other endpoint. `make demo` calls it; a second call finds
everything done and says so.

Examples:
  scripts/demo.py
  scripts/demo.py --lab second
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
BIN = REPOSITORY / ".venv/bin"
sys.path.insert(0, str(REPOSITORY))

from lab.control import Control
from lab.guests.process import Guests
from lab.guests.ssh import without_login
from lab.paths import lab_paths

# All guests of an estate on two cores; a few are there before anybody asks.
_GUESTS_SECONDS = 240
from scripts._console import run_and_exit
from scripts._demo_tape import PEOPLE, SYSTEM, DemoTape


class DemoFailed(Exception):
    """A step failed; the message says which and where to look."""


@dataclass(frozen=True)
class Timing:
    """How long a step took and what came of it."""

    step: str
    seconds: float
    result: str


class Demo:
    """Runs the steps one after the other and keeps their times."""

    def __init__(self, lab: str, *, has_tape: bool) -> None:
        self._lab = lab
        self._has_tape = has_tape
        self._papers = REPOSITORY / "reports" / "vault"
        self._orders: list[str] = []
        self._state = REPOSITORY / ".lab" / lab
        self._plan = REPOSITORY / "reports" / "plan.html"
        self.timings: list[Timing] = []

    def run(self) -> None:
        """All steps; raises DemoFailed at the first that fails."""
        tape = ("--tape", "yes") if self._has_tape else ()
        self._step("start the lab", lambda: self._python("lab/lab.py", "up", "--lab", self._lab, *tape))
        self._refuse_foreign_endpoints()
        self._step("build the foundation", lambda: self._playbook("foundation.yml"))
        self._step("provision the estate", lambda: self._playbook("provision.yml"))
        self._step("log in to the guests", self._log_in)
        self._reset_counters()
        self._step("run it again", lambda: self._playbook("provision.yml"))
        self._step("count what it wrote", self._require_no_writing_call)
        self._step("write the plan", lambda: self._playbook("plan.yml", "-e", f"output={self._plan}"))
        self._step("look from outside", lambda: self._python("lab/verify.py", "--lab", self._lab))
        if self._has_tape:
            self._step(f"bring {SYSTEM} to tape", self._bring_to_tape)
            self._step("order the courier", self._order_the_courier)

    def table(self) -> str:
        """The closing table with where to look next."""
        width = max(len(each.step) for each in self.timings)
        lines = [f"{each.step:<{width}}  {each.seconds:6.1f} s  {each.result}" for each in self.timings]
        total = sum(each.seconds for each in self.timings)
        return "\n".join(
            [
                *lines,
                f"{'together':<{width}}  {total:6.1f} s",
                "",
                "Look next:",
                f"  the plan as a page         {self._plan.relative_to(REPOSITORY)}",
                *(f"  the courier's papers       {each}" for each in self._orders),
                "  what runs                  make lab-status",
                "  a shell in a guest         make lab-ssh HOST=s02-db01",
                "  the inventory as a tree    make graph",
                "  what was done, by whom     .venv/bin/python scripts/records.py list",
                "  change something           edit a disk in systems/s02-public-assistance.yml, then make plan",
                "  end the lab                make lab-down",
            ]
        )

    def _log_in(self) -> str:
        """Every guest that runs lets its administrator in and has the name of its machine."""
        guests = Guests(lab_paths(self._lab))
        if not guests.paths.settings_file.exists():
            return "no guests: make lab-status says why"
        names = [entry["name"] for entry in guests.client.guests() if entry["pid"]]
        refused = without_login(guests, names, _GUESTS_SECONDS)
        if refused:
            raise DemoFailed(f"no login to {', '.join(refused)}; look at make lab-status")
        memory = sum(entry["memory_bytes"] for entry in guests.client.guests())
        result = f"{len(names)} guests, {memory / 1_000_000:.0f} MB of memory together"
        print(result)
        return result

    def _bring_to_tape(self) -> str:
        """A backup of one system that goes off-site; a second demo on the same day finds it done."""
        tape = DemoTape(lab_paths(self._lab))
        tape.prepare()
        if tape.is_fresh():
            result = f"{SYSTEM} was brought to tape within the last day"
            print(result)
            return result
        self._playbook("backup.yml", "--limit", tape.pattern)
        return tape.told()

    def _order_the_courier(self) -> str:
        """Copies for the remote store, tapes at the exit ports, and the papers that people carry."""
        tape = DemoTape(lab_paths(self._lab))
        for pool, barcodes in tape.new_offsite_tapes():
            values = {"step": "register", "pool": pool, "tapes": barcodes, "people": list(PEOPLE)}
            self._playbook("vault.yml", "-e", json.dumps(values))
        reports = {"reports": str(self._papers)}
        self._playbook("vault.yml", "--limit", tape.pattern, "-e", json.dumps(reports))
        orders = sorted(self._papers.rglob("*.html"))
        if not orders:
            raise DemoFailed(f"no work order was written below {self._papers}; look at the vault's table above")
        self._orders = [str(each.relative_to(REPOSITORY)) for each in orders]
        return f"{len(orders)} papers for operators and courier"

    def _refuse_foreign_endpoints(self) -> None:
        """The demo changes things without asking, so it speaks only to its own lab on this machine."""
        for name, vcenter in self._description()["vcenters"].items():
            if not ipaddress.ip_address(vcenter["hostname"]).is_loopback:
                raise DemoFailed(f"{name} is at {vcenter['hostname']}, which is not this machine: refused")

    def _description(self) -> dict[str, Any]:
        description: dict[str, Any] = json.loads((self._state / "lab.json").read_text(encoding="utf-8"))
        return description

    def _controls(self) -> list[Control]:
        return [Control(vcenter["control_socket"]) for vcenter in self._description()["vcenters"].values()]

    def _reset_counters(self) -> None:
        for control in self._controls():
            control.reset_counters()

    def _require_no_writing_call(self) -> str:
        writing = sum(control.counters()["writing"] for control in self._controls())
        if writing:
            raise DemoFailed(f"the second run should have changed nothing, but made {writing} writing calls")
        return "the second run made no writing call"

    def _playbook(self, name: str, *arguments: str) -> str:
        command = [str(BIN / "ansible-playbook"), "-i", "inventory/lab", f"playbooks/{name}", *arguments]
        self._call(command)
        return "done"

    def _python(self, *arguments: str) -> str:
        self._call([str(BIN / "python"), *arguments])
        return "done"

    def _call(self, command: list[str]) -> None:
        environment = {**os.environ, "KYOTSU_LAB": self._lab, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")}
        finished = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False)
        if finished.returncode != 0:
            raise DemoFailed(f"{' '.join(command)} ended with {finished.returncode}; its message stands above")

    def _step(self, title: str, action: Callable[[], str]) -> None:
        print(f"\n== {title}", flush=True)
        started = time.monotonic()
        result = action()
        self.timings.append(Timing(title, time.monotonic() - started, result))


def main() -> int:
    """Exit 0 when everything succeeded and the second run changed nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default=os.environ.get("KYOTSU_LAB", "default"), help="name of the lab")
    parser.add_argument("--tape", choices=("yes", "no"), default="yes", help="with the tape library (default: yes)")
    arguments = parser.parse_args()
    demo = Demo(arguments.lab, has_tape=arguments.tape == "yes")
    try:
        demo.run()
    except DemoFailed as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    print(f"\n{demo.table()}")
    return 0


if __name__ == "__main__":
    run_and_exit(main)
