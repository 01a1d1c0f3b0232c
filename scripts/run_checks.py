#!/usr/bin/env python3
"""Run the repository's checks and tests, two at a time, and end with a table.

Examples:
  scripts/run_checks.py quick               what `make test` and CI run
  scripts/run_checks.py all                 every check, bars included
  scripts/run_checks.py lint
  scripts/run_checks.py molecule --scenario provision
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from lab.guests import requirements
from scripts._console import run_and_exit

PYTHON = str(REPOSITORY / ".venv/bin/python")
BIN = REPOSITORY / ".venv/bin"
# Through the symlink: the name under which Ansible imports them is the one that is checked.
CORE = ("collections/ansible_collections/kyotsu/platform/plugins", "scripts", "lab")
# Two cores: more lanes make each step slower and the whole no faster.
LANES = 2
# Tests against labs wait for tapes, guests and time limits as often as they compute.
LAB_LANES = 3


@dataclass(frozen=True)
class Step:
    """One command of a check. `skipped`: why it cannot run on this machine; then it is told and not run."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "."
    skipped: str = ""


@dataclass(frozen=True)
class Finished:
    """How a step ended."""

    step: Step
    code: int
    seconds: float
    output: str

    @property
    def last_line(self) -> str:
        """What the tool itself says at its end (pytest: how many passed), or why it was not asked."""
        if self.step.skipped:
            return self.step.skipped
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""


def pytest(name: str, *arguments: str) -> Step:
    """A run of pytest; CI shows what failed from the JUnit file."""
    junit = f"--junitxml=reports/junit/{name.replace(' ', '-')}.xml"
    return Step(name, (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", junit, *arguments))


def lab_tests(name: str) -> Step:
    """A folder of tests against labs; a file keeps its lab, and conftest.py says which files come first."""
    lanes = ("-n", str(LAB_LANES), "--dist", "loadfile", "--no-loadscope-reorder")
    return pytest(name, *lanes, f"tests/{name}")


# From end to end with many guests: the tapes of all whose backups leave the house, and a system that retires.
WHOLE_COURSES = ("tests/whole/test_tape_circle.py", "tests/whole/test_system_retires.py")

# What the first of ansible-lint's two halves reads; the second reads the rest, most of all the playbooks of molecule.
ANSIBLE_FOLDERS = ("playbooks/", "roles/", "plugins/")


def ansible_lint_steps() -> list[Step]:
    """ansible-lint in two halves of about the same length, side by side: each file is read by exactly one of them.

    It starts ansible-playbook for each playbook, each role and each import of a playbook. Their syntax does not depend
    on the machines, so these do not have to read the estate for its inventory.
    """
    command = (str(BIN / "ansible-lint"), "--offline", "--strict")
    environment = {"ANSIBLE_INVENTORY": str(REPOSITORY / "inventory/lab/localhost.yml")}
    return [
        Step("ansible-lint", (*command, *ANSIBLE_FOLDERS), environment),
        Step("ansible-lint, others", (*command, "--exclude", *ANSIBLE_FOLDERS), environment),
    ]


def lint_steps() -> list[Step]:
    """Formatting and lint of every language in the repository, the longest first."""
    ruff = str(BIN / "ruff")
    return [
        *ansible_lint_steps(),
        Step("go", (PYTHON, "lab/lab.py", "check-sources")),
        Step("yamllint", (str(BIN / "yamllint"), "--strict", ".")),
        Step("ruff", (ruff, "check", ".")),
        Step("ruff format", (ruff, "format", "--check", ".")),
        Step("workflows", (PYTHON, "scripts/lint_workflows.py")),
    ]


def type_steps() -> list[Step]:
    """Types of everything that is not a thin Ansible plugin."""
    return [Step("mypy", (str(BIN / "mypy"), *CORE))]


def data_steps() -> list[Step]:
    """The data itself and what is generated from its schemas."""
    return [
        Step("validate", (PYTHON, "scripts/validate.py")),
        Step("reference", (PYTHON, "scripts/reference.py", "--check")),
    ]


def molecule_step(scenario: str) -> Step:
    """One molecule scenario, against a lab of its own."""
    environment = {
        "MOLECULE_GLOB": "tests/molecule/*/molecule.yml",
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        # Molecule writes a configuration of its own, without the table of what changed.
        "ANSIBLE_CALLBACKS_ENABLED": "kyotsu.platform.summary",
        "KYOTSU_LAB": f"molecule-{scenario}",
    }
    if scenario == "default":
        environment |= change_environment()
    lacking = requirements.missing() if boots_guests(scenario) else []
    skipped = f"cannot run here: {'; '.join(lacking)}" if lacking else ""
    return Step(f"molecule {scenario}", (str(BIN / "molecule"), "test", "-s", scenario), environment, skipped=skipped)


def boots_guests(scenario: str) -> bool:
    """Whether a scenario looks into machines: it sets GUESTS, as tests/molecule/common/create.yml reads it."""
    file = REPOSITORY / "tests/molecule" / scenario / "molecule.yml"
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return bool(settings["provisioner"].get("env", {}).get("GUESTS", "none") != "none")


def change_environment() -> dict[str, str]:
    """What the scenario `default` is about: the systems that differ from the base (variable KYOTSU_BASE)."""
    command = [PYTHON, "scripts/changed_systems.py"]
    if base := os.environ.get("KYOTSU_BASE"):
        command += ["--base", base]
    finished = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, str] = json.loads(finished.stdout)
    return found


def scenarios() -> list[str]:
    """All molecule scenarios."""
    return sorted(path.parent.name for path in (REPOSITORY / "tests/molecule").glob("*/molecule.yml"))


@dataclass(frozen=True)
class Phase:
    """Steps that run side by side in so many lanes; phases follow each other."""

    steps: Sequence[Step]
    lanes: int = 1


def quick_phases() -> list[Phase]:
    """What `make test` runs: everything short, and one small end-to-end of each verb."""
    return [
        Phase([*lint_steps(), *type_steps(), *data_steps()], LANES),
        # pytest's own processes are the lanes here. Tests share their labs within a file.
        Phase([pytest("unit and data", "-n", str(LANES), "tests/unit", "tests/data")]),
        Phase([lab_tests("integration")]),
        Phase([molecule_step("provision")]),
    ]


def all_phases() -> list[Phase]:
    """Everything: the other scenarios, faults, whole courses with many guests, and the bars, alone.

    Seconds mean nothing beside a test.
    """
    return [
        *quick_phases(),
        Phase([molecule_step(scenario) for scenario in scenarios() if scenario != "provision"], LANES),
        Phase([lab_tests("faults")]),
        # The third of them, a wave of patches, is a bar.
        Phase([pytest("whole", "-n", str(LANES), "--dist", "loadfile", *WHOLE_COURSES)]),
        Phase([Step("bars", (PYTHON, "tests/bench/bars.py"))]),
    ]


def run(step: Step) -> Finished:
    """Run one step with its output kept."""
    if step.skipped:
        print(f"  --  {step.name}: {step.skipped}", flush=True)
        return Finished(step, 0, 0, "")
    print(f"  … {step.name}", flush=True)
    started = time.monotonic()
    # Escape codes of colours have no place in the table below or in a log.
    environment = {**os.environ, "NO_COLOR": "1", **step.environment, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    finished = subprocess.run(
        step.command,
        cwd=REPOSITORY / step.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    result = Finished(step, finished.returncode, time.monotonic() - started, finished.stdout)
    if result.code == 0:
        print(f"  ok  {step.name} ({result.seconds:.0f} s)", flush=True)
    else:
        print(f"\n--- {step.name} failed with exit code {result.code}:\n{result.output}\n---", flush=True)
    return result


def table(results: Sequence[Finished]) -> str:
    """The closing table: step, result, seconds, what the tool said last."""
    lines = [f"{'step':<22} {'result':<7} {'s':>5}  last line"]
    for each in results:
        verdict = "skipped" if each.step.skipped else "ok" if each.code == 0 else "FAILED"
        lines.append(f"{each.step.name:<22} {verdict:<7} {each.seconds:>5.0f}  {each.last_line[:100]}")
    return "\n".join(lines)


def run_phases(phases: Sequence[Phase]) -> list[Finished]:
    """Run everything to its end, so that one report shows all that is wrong."""
    results: list[Finished] = []
    for phase in phases:
        with ThreadPoolExecutor(max_workers=phase.lanes) as pool:
            results += pool.map(run, phase.steps)
    return results


def main() -> int:
    """Exit 0 when every step that can run here succeeded, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("quick", "all", "lint", "types", "molecule"))
    parser.add_argument("--scenario", help="the molecule scenario", choices=scenarios())
    arguments = parser.parse_args()
    if arguments.what == "molecule" and not arguments.scenario:
        parser.error("molecule needs --scenario")

    started = time.monotonic()
    phases = {
        "molecule": lambda: [Phase([molecule_step(arguments.scenario)])],
        "lint": lambda: [Phase(lint_steps(), LANES)],
        "types": lambda: [Phase(type_steps())],
        "quick": quick_phases,
        "all": all_phases,
    }
    results = run_phases(phases[arguments.what]())
    if arguments.what == "molecule":
        print(results[0].output)
    failed = [each.step.name for each in results if each.code != 0]
    skipped = [each.step.name for each in results if each.step.skipped]
    print(f"\n{table(results)}\n")
    # pytest's own closing lines, for those who read this output with a machine.
    for each in results:
        if each.code == 0 and " passed" in each.last_line:
            print(f"{each.step.name}: {each.last_line}")
    verdict = f"failed: {', '.join(failed)}" if failed else f"all {'other ' if skipped else ''}steps succeeded"
    if len(skipped) == len(results):
        verdict = "nothing was run"
    if skipped:
        verdict = f"skipped: {', '.join(skipped)}; {verdict}"
    print(f"{verdict} ({time.monotonic() - started:.0f} s)")
    # Who asked for nothing else was not served.
    return 1 if failed or len(skipped) == len(results) else 0


if __name__ == "__main__":
    run_and_exit(main)
