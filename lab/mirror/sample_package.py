"""Build the small service of our own as Debian packages: 1.0, 1.1, and 1.2 that fails its health check."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError

PACKAGE = "kyotsu-sample-service"
SOURCES = Path(__file__).resolve().parent / "sample_service"
# Version -> what is wrong with it.
VERSIONS = {"1.0": "", "1.1": "", "1.2": "does not understand the state that 1.1 has written"}

_PROGRAMS = {"kyotsu-sample-service": "usr/sbin", "kyotsu-health": "usr/bin", "init": "etc/init.d"}
_SCRIPTS = ("postinst", "prerm", "postrm")
_CONTROL = """\
Package: {package}
Version: {version}
Architecture: all
Maintainer: Kyotsu platform team <platform@kyotsu.test>
Section: misc
Priority: optional
Depends: python3-minimal | python3, passwd, init-system-helpers
Description: stand-in for the software of a hosted system
 Listens on the port of the machine's role, keeps state in
 /var/lib/kyotsu-sample-service and tells its health (kyotsu-health).
"""
# A fixed time: the same sources give the same package, byte for byte.
_SOURCE_DATE_EPOCH = "1760000000"


def build(version: str, folder: Path) -> Path:
    """Build one version into the folder and give the file."""
    tree = folder / f".{PACKAGE}-{version}"
    shutil.rmtree(tree, ignore_errors=True)
    for program, place in _PROGRAMS.items():
        name = PACKAGE if program == "init" else program
        _install(SOURCES / program, tree / place / name, version, 0o755)
    for script in _SCRIPTS:
        _install(SOURCES / script, tree / "DEBIAN" / script, version, 0o755)
    _write(tree / "DEBIAN/control", _CONTROL.format(package=PACKAGE, version=version), 0o644)
    _write(tree / "DEBIAN/conffiles", f"/etc/init.d/{PACKAGE}\n", 0o644)
    for each in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
        each.chmod(0o755)  # whatever the umask
    file = folder / f"{PACKAGE}_{version}_all.deb"
    answer = subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(file)],
        env={**os.environ, "SOURCE_DATE_EPOCH": _SOURCE_DATE_EPOCH},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(tree)
    if answer.returncode:
        raise LabError(f"{PACKAGE} {version} cannot be built:\n{answer.stderr}".rstrip())
    return file


def _install(source: Path, target: Path, version: str, mode: int) -> None:
    text = source.read_text(encoding="utf-8").replace("@VERSION@", version).replace("@DEFECT@", VERSIONS[version])
    _write(target, text, mode)


def _write(target: Path, text: str, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    target.chmod(mode)
