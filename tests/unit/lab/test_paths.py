"""Names of labs and where they live."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.paths import lab_paths
from lab.tape.paths import tape_paths


def test_labs_have_folders_of_their_own(tmp_path: Path) -> None:
    one, two = lab_paths("one", tmp_path), lab_paths("two", tmp_path)
    assert one.root == tmp_path / "one"
    assert one.lock_file != two.lock_file
    assert one.root not in one.lock_file.parents


@pytest.mark.parametrize("name", ["", "../other", "a/b", "Upper", "-x", "x" * 32])
def test_name_that_would_leave_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="lab name"):
        lab_paths(name, tmp_path)


def test_a_folder_that_is_too_deep_for_a_socket_is_refused_in_one_line() -> None:
    most = 107 - len("/one/tape/postgresql/.s.PGSQL.5432")
    tape_paths(lab_paths("one", Path("/" + "x" * (most - 1)))).check_socket(5432)
    with pytest.raises(LabError, match=r"1 bytes too long for a socket; give the lab a shorter name or folder"):
        tape_paths(lab_paths("one", Path("/" + "x" * most))).check_socket(5432)
