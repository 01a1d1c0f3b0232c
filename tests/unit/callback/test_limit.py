"""A --limit that leaves nothing to work on, as ansible-playbook takes it with the callback of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_estate import ROOT

# With and without hosts of its own, as the inventory of the estate has them.
INVENTORY = """\
all:
  children:
    machines: {hosts: {m1: {ansible_connection: local}}}
    os_debian: {}
    others: {hosts: {localhost: {ansible_connection: local}}}
"""
PLAY = """\
- name: Work
  hosts: {hosts}
  gather_facts: false
  tasks: [{{name: Say so, ansible.builtin.debug: {{msg: worked}}}}]
"""


def played(folder: Path, *hosts: str, limit: str) -> tuple[int, str]:
    """Exit code and output of a playbook with a play over each pattern."""
    (folder / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    (folder / "verb.yml").write_text("".join(PLAY.format(hosts=each) for each in hosts), encoding="utf-8")
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(folder / "hosts.yml")]
    finished = subprocess.run(
        [*command, str(folder / "verb.yml"), *(["--limit", limit] if limit else [])],
        cwd=ROOT,
        env={**own, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, " ".join(finished.stdout.split())


@pytest.mark.parametrize(
    ("hosts", "limit"), [("machines", "localhost"), ("machines:&os_debian", "m1"), ("localhost", "m1")]
)
def test_a_limit_without_a_host_of_the_first_play_is_one_error_that_names_it(
    tmp_path: Path, hosts: str, limit: str
) -> None:
    code, output = played(tmp_path, hosts, limit=limit)
    assert code == 1
    assert f"[ERROR]: --limit {limit}: it has no host that this playbook is about ({hosts})" in output
    assert "Traceback" not in output
    assert "worked" not in output


def test_a_limit_with_one_such_host_and_a_later_play_without_any_is_none(tmp_path: Path) -> None:
    code, output = played(tmp_path, "machines", "os_debian", "machines", limit="m1,localhost")
    assert code == 0, output
    assert output.count("worked") == 2


def test_a_group_that_is_empty_without_a_limit_is_none(tmp_path: Path) -> None:
    code, output = played(tmp_path, "os_debian", limit="")
    assert code == 0, output
    assert "no hosts matched" in output
