"""The scenario `default` fails where it should: branches that are valid and wrong, through `make molecule`."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

import pytest

from tests.support.git_estate import GitEstate, checkout
from tests.support.small_estate import ROOT

SYSTEM = "systems/s12-debt-management.yml"
# Faults of what a verb does. A fault in the comparison itself would show in the review, which uses it too.
READER = "plugins/module_utils/vcenter/read_machines.py"
DIFFERENCES = "plugins/module_utils/verbs/differences.py"
NOTES = 'str(properties.get("config.annotation", ""))'
DESIRED = "        one.desired,\n"


@dataclass(frozen=True)
class Branch:
    """What is edited beside the one line of data: (file, old, new), and what must be said of it."""

    edits: tuple[tuple[str, str, str], ...]
    told: tuple[str, ...]


def desired_with(condition: str, fields: str) -> tuple[str, str, str]:
    """An edit after which machines are wanted in another way than they are described."""
    machines = f"[dataclasses.replace(m, {fields}) if {condition} else m for m in one.desired.machines]"
    return DIFFERENCES, DESIRED, f"        dataclasses.replace(one.desired, machines=tuple({machines})),\n"


BRANCHES = {
    "a second run changes something again": Branch(
        ((READER, NOTES, f'{NOTES} + "."'),),
        ("Idempotence test failed", "provision : Create and correct the machines"),
    ),
    "another system is changed": Branch(
        (desired_with('m.system != "s12"', "notes=m.notes + '.'"),),
        ("a system that does not change was touched",),
    ),
    "the limit does not hold": Branch(
        (("plugins/module_utils/verbs/provision.py", "names=scope_of(prepared, names)", "names=None"),),
        ("was made, and that system does not change",),
    ),
    "the change is not carried out": Branch(
        (desired_with('m.name == "s12-db01"', "memory_gb=16"),),
        ("s12-db01: memory_mb is 16384, described 32768",),
    ),
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> GitEstate:
    """This working tree as the branch main of a repository of its own."""
    return checkout(ROOT, tmp_path_factory.mktemp("broken-branch") / "repository")


def molecule(estate: GitEstate) -> subprocess.CompletedProcess[str]:
    """`make molecule` as CI calls it, on a lab below that checkout."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KYOTSU_", "ANSIBLE_", "MAKE"))}
    return subprocess.run(
        ["make", "molecule", "SCENARIO=default", "BASE=main"],
        cwd=estate.repository,
        env=own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


def on_a_branch(estate: GitEstate, name: str, edits: tuple[tuple[str, str, str], ...]) -> None:
    estate.git("switch", "--quiet", "--force-create", name.replace(" ", "-"), "main")
    estate.edit(SYSTEM, "flavour: m16", "flavour: m32")
    for edit in edits:
        estate.edit(*edit)
    estate.commit(name)


def test_a_sound_branch_passes_and_leaves_nothing_behind(repository: GitEstate) -> None:
    on_a_branch(repository, "sound", ())
    finished = molecule(repository)
    assert finished.returncode == 0, finished.stdout
    assert "as they were, 0 differences" in finished.stdout
    # The summary of the verb: what changed, and that the second run changed nothing.
    assert re.search(r"changed +s12-db01 .*memory_gb", finished.stdout), finished.stdout
    assert "Nothing to change: everything is as described." in finished.stdout
    assert repository.git("worktree", "list").count("\n") == 0
    assert not list((repository.repository / ".lab").glob("[!.]*"))


@pytest.mark.parametrize("name", BRANCHES)
def test_a_broken_branch_fails_and_says_why(repository: GitEstate, name: str) -> None:
    branch = BRANCHES[name]
    on_a_branch(repository, name, branch.edits)
    finished = molecule(repository)
    assert finished.returncode != 0, finished.stdout
    for text in branch.told:
        assert text in finished.stdout, finished.stdout
    assert "Traceback" not in finished.stdout
