"""Where guests cannot run, here for a user who is not root, the lab runs all the same and says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.toolchain import ensure_simulator
from tests.support.small_estate import ROOT

NOBODY = 65534
BOOTSTRAP = ROOT / "scripts/bootstrap"


def as_nobody(*command: str, path: str = os.environ["PATH"], **environment: str) -> subprocess.CompletedProcess[str]:
    prefix = (
        [str(shutil.which("setpriv")), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )
    return subprocess.run(
        [*prefix, *command],
        cwd=ROOT,
        env={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of the user's own, which pytest's, closed to all but root, cannot hold."""
    ensure_simulator()
    place = Path("/tmp", f"kyotsu-{os.getpid()}-{tmp_path.name}")  # removed below
    place.mkdir()
    if os.geteuid() == 0:
        os.chown(place, NOBODY, NOBODY)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("guests", [[], ["--guests", "all"]])
def test_the_lab_runs_and_says_what_is_missing(folder: Path, guests: list[str]) -> None:
    lab = ["--lab", "plain", "--state-root", str(folder)]
    try:
        up = as_nobody(sys.executable, "lab/lab.py", "up", *lab, *guests)
        assert up.returncode == 0, up.stderr
        assert "the lab runs without guests" in up.stdout
        assert "guests need root" in up.stdout
        assert up.stdout.count("started vc-") == 2

        status = as_nobody(sys.executable, "lab/lab.py", "status", *lab)
        assert status.returncode == 0, status.stderr
        assert "guests: none\n  guests need root" in status.stdout
    finally:
        down = as_nobody(sys.executable, "lab/lab.py", "down", *lab)
    assert down.returncode == 0, down.stderr
    assert list(folder.iterdir()) == []


def test_no_image_is_made_where_no_guest_can_run() -> None:
    image = as_nobody("/usr/bin/python3", "lab/lab.py", "image")
    assert image.returncode == 0, image.stderr
    assert "no image is made" in image.stdout


@pytest.fixture
def bare(folder: Path) -> str:
    """A PATH with hardly anything on it: neither runc nor sudo nor apt-get."""
    for name in ("bash", "env", "python3"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found
        (folder / name).symlink_to(found)
    return str(folder)


def test_packages_that_cannot_be_installed_are_said_and_optional_ones_are_no_failure(bare: str) -> None:
    optional = as_nobody(str(BOOTSTRAP), "--optional", "guests", path=bare)
    needed = as_nobody(str(BOOTSTRAP), "guests", path=bare)
    assert (optional.returncode, needed.returncode) == (0, 1)
    assert optional.stderr == needed.stderr
    assert "runc" in optional.stderr
    assert "apt-get install" in optional.stderr
