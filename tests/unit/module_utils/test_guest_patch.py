"""What a guest says of its packages: by programs of apt's and dpkg's names that say what those say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils import guest_patch
from ansible_collections.kyotsu.platform.plugins.module_utils.guest_patch import NotReady, Wishes

# Of apt 2.6.1, with one package on hold and one whose new version needs a removal.
SIMULATED = """\
Reading package lists...
Building dependency tree...
Reading state information...
Calculating upgrade...
The following packages have been kept back:
  openssl postgresql-15
  sudo
The following packages will be upgraded:
  tzdata
1 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.
Inst tzdata [2024a-0] (2024b-0 Debian-Security:12/stable [all])
Conf tzdata (2024b-0 Debian-Security:12/stable [all])
"""
NOTHING = SIMULATED.split("Calculating upgrade...", maxsplit=1)[0] + "Calculating upgrade...\n"


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is looked at first for programs."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def says(folder: Path, program: str, text: str) -> None:
    (folder / f"{program}.txt").write_text(text, encoding="utf-8")
    (folder / program).write_text(f"#!/bin/sh\ncat {folder / program}.txt\n", encoding="utf-8")
    (folder / program).chmod(0o755)


def test_packages_that_are_kept_back_are_told_without_those_that_the_owner_holds(apt: Path) -> None:
    says(apt, "apt-get", SIMULATED)
    found = guest_patch.plan(Wishes(hold=["postgresql-15"]))
    assert [each.package for each in found.upgrades] == ["tzdata"]
    assert found.kept_back == ["openssl", "sudo"]


def test_nothing_is_kept_back_where_apt_says_nothing_of_it(apt: Path) -> None:
    says(apt, "apt-get", NOTHING)
    found = guest_patch.plan(Wishes())
    assert (found.upgrades, found.kept_back) == ([], [])


@pytest.mark.parametrize("manifest", ["", "0" * 64])
def test_a_guest_without_a_package_source_is_not_ready(apt: Path, manifest: str) -> None:
    says(apt, "apt-get", "")
    with pytest.raises(NotReady, match="no package source"):
        guest_patch.require_content(manifest)


def test_where_no_content_has_to_be_proven_a_source_is_enough(apt: Path) -> None:
    says(apt, "apt-get", "http://mirror/debian/\n")
    guest_patch.require_content("")


# --- whether it has to be restarted --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernels", "newer"),
    [
        ([], None),
        (["vmlinuz-6.1.0-9-amd64"], None),
        (["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-10-amd64"], "6.1.0-10-amd64"),
        (["vmlinuz-6.1.0-9-amd64", "vmlinuz-5.10.0-30-amd64"], None),
        (["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-10-amd64.old", "vmlinuz-6.1.0-10-amd64.dpkg-new"], None),
        (["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-9-cloud-amd64"], None),
        (["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-10-cloud-amd64"], "6.1.0-10-cloud-amd64"),
        (["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-0.deb11.17-amd64"], None),
        (["initrd.img-6.1.0-10-amd64"], None),
    ],
)
def test_a_newer_kernel_than_the_running_one_asks_for_a_restart(
    tmp_path: Path, kernels: list[str], newer: str | None
) -> None:
    for name in kernels:
        (tmp_path / name).touch()
    assert guest_patch._newer_kernel(tmp_path, "6.1.0-9-amd64") == newer


@pytest.mark.parametrize(
    ("program", "maps", "stale"),
    [
        ("/usr/sbin/sshd", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/libc.so.6\n", False),
        ("/usr/sbin/sshd", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/libc.so.6 (deleted)\n", True),
        ("/usr/sbin/sshd (deleted)", "", True),
        ("/lib64/ld-linux-x86-64.so.2 (deleted)", "", True),
        ("/tmp/installer (deleted)", "", False),
        ("/memfd:runc (deleted)", "", False),
    ],
)
def test_a_program_whose_file_or_library_was_replaced_is_old(
    tmp_path: Path, program: str, maps: str, stale: bool
) -> None:
    process = tmp_path / "12"
    process.mkdir()
    (process / "maps").write_text(maps, encoding="utf-8")
    (process / "comm").write_text("sshd\n", encoding="utf-8")
    (process / "exe").symlink_to(program)
    (tmp_path / "self").mkdir()
    assert list(guest_patch._stale_processes(tmp_path)) == (["sshd"] if stale else [])


def test_whoever_looks_is_not_old(tmp_path: Path) -> None:
    process = tmp_path / str(os.getpid())
    process.mkdir()
    (process / "maps").touch()
    (process / "comm").write_text("python3\n", encoding="utf-8")
    (process / "exe").symlink_to("/usr/bin/python3.11 (deleted)")
    assert list(guest_patch._stale_processes(tmp_path)) == []


def test_a_thread_of_the_kernel_has_no_program_and_is_not_old(tmp_path: Path) -> None:
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "maps").touch()
    (tmp_path / "2" / "comm").write_text("kthreadd\n", encoding="utf-8")
    assert list(guest_patch._stale_processes(tmp_path)) == []


# --- what runs, and in which boot ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "service"),
    [
        ("# Default-Start:     2 3 4 5\ncase $1 in status) ;; esac\n", True),
        ("# Default-Start:\t2 3 4 5\ncase $1 in\n  status) ;; esac\n", True),
        ("# Default-Start:     S\ncase $1 in status) ;; esac\n", False),
        ("# Default-Start:     1\ncase $1 in status) ;; esac\n", False),
        ("# Default-Start:\n# Default-Stop: 0 6\ncase $1 in status) ;; esac\n", False),
        ("# Default-Start:     2 3 4 5\ncase $1 in start) ;; esac\n", False),
        ("case $1 in status) ;; esac\n", True),
    ],
    ids=["of-work", "with-a-tab", "of-boot", "of-one-person", "of-halt", "tells-no-status", "tells-no-runlevel"],
)
def test_a_step_of_boot_or_halt_is_no_service(script: str, service: bool) -> None:
    assert guest_patch._is_service(f"#!/bin/sh\n{script}") is service


def test_a_boot_is_the_kernels_id_and_the_start_of_the_first_process() -> None:
    first = "1 (init (a) b) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4974106 1 2\n"
    assert guest_patch.boot_id("e3a617fa\n", first) == "e3a617fa/4974106"
