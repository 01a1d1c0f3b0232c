"""Files of a guest's control group are found where the kernel's version of control groups has them."""

from __future__ import annotations

from pathlib import Path

from lab.guests.manager import cgroup_file

GROUP = "/lab-x/machine"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    write(tmp_path / "memory/lab-x/machine/memory.limit_in_bytes", "4096\n")
    assert cgroup_file(GROUP, "memory", "memory.limit_in_bytes", tmp_path) == "4096\n"
    assert cgroup_file(GROUP, "memory", "memory.max", tmp_path) is None


def test_version_2_has_one_tree(tmp_path: Path) -> None:
    write(tmp_path / "lab-x/machine/memory.max", "4096\n")
    assert cgroup_file(GROUP, "memory", "memory.max", tmp_path) == "4096\n"
    assert cgroup_file(GROUP, "memory", "memory.limit_in_bytes", tmp_path) is None
