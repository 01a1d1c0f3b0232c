"""Bring the packages of an unpacked Debian 12 to the mirror's baseline, so that a patch finds something newer there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError
from lab.mirror.content import BASELINE, baseline_packages, read_manifest

_SECONDS = 300


def install_baseline(root: Path, content: Path) -> dict[str, str]:
    """Install the baseline's versions of the packages that the root has, older than its own or not. Needs root.

    Gives package -> version before, for those that changed. Services are not started. What the root does not have is
    not added; what cannot stand beside the rest of the root is a LabError with dpkg's words.
    """
    there = _installed(root)
    wanted = {entry.package: entry.version for entry in read_manifest(content / BASELINE).values()}
    files = [
        file
        for file in baseline_packages(content)
        if there.get(package := file.name.partition("_")[0], wanted[package]) != wanted[package]
    ]
    if not files:
        return {}
    policy, folder = root / "usr/sbin/policy-rc.d", root / "baseline-packages"
    folder.mkdir()
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    try:
        for file in files:
            shutil.copy2(file, folder)
        answer = subprocess.run(
            ["chroot", str(root), "dpkg", "--force-confold", "--install", *(f"/{folder.name}/{f.name}" for f in files)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if answer.returncode:
            raise LabError(f"the mirror's baseline does not fit into {root}:\n{answer.stdout}{answer.stderr}".rstrip())
    finally:
        shutil.rmtree(folder)
        policy.unlink()
    return {name: version for name, version in there.items() if wanted.get(name, version) != version}


def _installed(root: Path) -> dict[str, str]:
    answer = subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show", "--showformat", "${Package} ${Version}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split(" ") for line in answer.stdout.splitlines())
